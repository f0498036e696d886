//! What becomes of an order that is told again and given back depends on the order in which its
//! events were received, and not on the batches in which they are posted.

use std::collections::BTreeMap;

use chrono::Utc;
use obole::db::settlement_lock;
use obole::inbox;
use obole::values::Amount;
use serde_json::Value;

use crate::queued::{Told, endpoint, queue};
use crate::shop::{Service, checkout, refund};

/// An order that says so much.
fn order(id: &str, amount: &str) -> Value {
    checkout(id, |e| e["data"]["donation"]["amount"] = amount.into())
}

/// So much of an order is given back; all that is left where it does not say.
fn back(id: &str, name: &str, amount: Option<&str>) -> Value {
    let mut event = refund(id);
    event["data"]["refund_id"] = name.into();
    if let Some(amount) = amount {
        event["data"]["amount"] = amount.into();
    }
    event
}

/// Orders of five euros, and what is told of each afterwards.
fn histories() -> Vec<(&'static str, Vec<Value>)> {
    let told = |id: &'static str, after: &dyn Fn(&str) -> Vec<Value>| {
        let mut events = vec![order(id, "5.00")];
        events.extend(after(id));
        (id, events)
    };
    vec![
        told("LOWER-THEN-BACK", &|id| {
            vec![order(id, "3.00"), back(id, "R", Some("2.00"))]
        }),
        told("BACK-THEN-LOWER", &|id| {
            vec![back(id, "R", Some("2.00")), order(id, "3.00")]
        }),
        told("LOWER-THEN-ALL", &|id| {
            vec![order(id, "3.00"), back(id, "R", None)]
        }),
        told("AGAIN-AND-AGAIN", &|id| {
            vec![
                order(id, "4.00"),
                back(id, "R", Some("1.00")),
                order(id, "3.00"),
                order(id, "2.50"),
                back(id, "S", Some("0.50")),
                back(id, "R", Some("1.00")),
            ]
        }),
    ]
}

/// What was given back of each order, in the order of its telling, in cents.
async fn given_back(s: &Service) -> BTreeMap<String, Vec<i64>> {
    let rows: Vec<(String, Vec<i64>)> = sqlx::query_as(
        "select d.order_id, array_agg(r.amount_cents order by r.event_id)
         from donation_refund r join donation d using (donation_id) group by d.order_id",
    )
    .fetch_all(&s.world.db)
    .await
    .unwrap();
    rows.into_iter().collect()
}

fn expected() -> BTreeMap<String, Vec<i64>> {
    [
        ("LOWER-THEN-BACK", vec![200, 200]),
        ("BACK-THEN-LOWER", vec![200]),
        ("LOWER-THEN-ALL", vec![200, 300]),
        ("AGAIN-AND-AGAIN", vec![100, 100, 50, 50]),
    ]
    .map(|(order, cents)| (order.to_owned(), cents))
    .into()
}

fn told(events: &[&Value]) -> Vec<Told> {
    let key = || uuid::Uuid::now_v7().to_string();
    events.iter().map(|e| Told::new(key(), e)).collect()
}

#[tokio::test]
async fn one_batch_and_several_give_the_same_back() {
    // All in one batch.
    let s = Service::start().await;
    let histories = histories();
    let all: Vec<&Value> = histories.iter().flat_map(|(_, events)| events).collect();
    queue(&s, endpoint(&s.shop), &told(&all)).await;
    s.posted().await;
    assert_eq!(given_back(&s).await, expected());
    s.checked().await;
    // The first of each, then the rest in one batch.
    let s = Service::start().await;
    let first: Vec<&Value> = histories.iter().map(|(_, events)| &events[0]).collect();
    queue(&s, endpoint(&s.shop), &told(&first)).await;
    s.posted().await;
    let rest: Vec<&Value> = histories.iter().flat_map(|(_, e)| &e[1..]).collect();
    queue(&s, endpoint(&s.shop), &told(&rest)).await;
    s.posted().await;
    assert_eq!(given_back(&s).await, expected());
    s.checked().await;
    // Each in a batch of its own, the orders one after the other or in turn.
    let turn = |n: usize| histories.iter().filter_map(move |(_, e)| e.get(n));
    let in_turn: Vec<&Value> = (0..7).flat_map(turn).collect();
    for events in [&all, &in_turn] {
        let s = Service::start().await;
        for event in events {
            queue(&s, endpoint(&s.shop), &told(&[event])).await;
            s.posted().await;
        }
        assert_eq!(given_back(&s).await, expected());
        s.checked().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_run_keeps_its_turn() {
    let s = Service::start().await;
    let (id, events) = histories().remove(0);
    queue(&s, endpoint(&s.shop), &told(&[&events[0]])).await;
    s.posted().await;
    let mut run = s.world.db.begin().await.unwrap();
    settlement_lock::lock_exclusive(&mut run).await.unwrap();
    let parked = "select count(*) from inbox_problem where state = 'parked'";
    for (n, event) in events.iter().enumerate().skip(1) {
        queue(&s, endpoint(&s.shop), &told(&[event])).await;
        while s.count(parked).await != i64::try_from(n).unwrap() {
            tokio::task::yield_now().await;
        }
    }
    run.rollback().await.unwrap();
    s.posted().await;
    assert_eq!(given_back(&s).await[id], expected()[id]);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_batch_still_holds_is_waited_for() {
    let s = Service::start().await;
    let mut held = s.world.db.begin().await.unwrap();
    let mut taken = Vec::new();
    let mut id = String::new();
    // The service's own poster may be faster.
    for n in 0.. {
        id = format!("FR-{n}");
        queue(&s, endpoint(&s.shop), &told(&[&order(&id, "5.00")])).await;
        s.posted().await;
        let lower = queue(&s, endpoint(&s.shop), &told(&[&order(&id, "3.00")])).await;
        taken = inbox::take_these(&mut held, &lower).await.unwrap();
        if !taken.is_empty() {
            break;
        }
    }
    let later = back(&id, "R", None);
    queue(&s, endpoint(&s.shop), &told(&[&later])).await;
    let parked = "select count(*) from inbox_problem where state = 'parked'";
    while s.count(parked).await != 1 {
        tokio::task::yield_now().await;
    }
    let options = inbox::ProcessOptions {
        ceiling: Amount::parse("10.00").unwrap(),
        existing: inbox::Existing::Check,
        when_locked: inbox::WhenLocked::Wait,
    };
    let parsed = inbox::ParsedEvents::default();
    inbox::process_batch(&mut held, Utc::now(), &parsed, &taken, options)
        .await
        .unwrap();
    held.commit().await.unwrap();
    s.posted().await;
    assert_eq!(given_back(&s).await[&id], [200, 300]);
    s.checked().await;
}
