//! The intake goes on: a run that holds the settlement lock keeps nothing but refunds, and test
//! endpoints keep their events out of the books by every way there is.

use chrono::{TimeDelta, Utc};
use obole::db::settlement_lock;
use obole::inbox::{self, EventState, Redrive};
use obole::values::{EndpointId, EventId, MerchantId, MerchantRole, Reader};
use obole::{runs, worker};

use crate::queued::{Told, as_owner, endpoint, queue};
use crate::shop::{Service, Shop, checkout, new_merchant, refund};

/// Waits until a count is what it should be, by the work of the service itself.
async fn until(s: &Service, sql: &'static str, expected: i64) {
    let reached = async {
        while s.count(sql).await != expected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), reached)
        .await
        .unwrap_or_else(|_| panic!("{sql} never is {expected}"));
}

const DONATIONS: &str = "select count(*) from donation";
const REFUNDS: &str = "select count(*) from donation_refund";
const PARKED: &str = "select count(*) from inbox_problem where state = 'parked'";

async fn listed(s: &Service, state: Option<EventState>) -> Vec<inbox::EventSummary> {
    let mut db = s.world.db.acquire().await.unwrap();
    let filter = inbox::EventFilter { state, after: None };
    inbox::list(&mut db, Reader::System, filter).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_run_holds_the_lock_checkouts_are_posted_and_refunds_wait_alone() {
    let s = Service::start().await;
    s.shop.send("m-0", &checkout("FR-0", |_| ())).await;
    s.posted().await;
    let mut run = s.world.db.begin().await.unwrap();
    settlement_lock::lock_exclusive(&mut run).await.unwrap();
    // In one batch, its order's checkout and others.
    let told = [
        Told::new("m-1", &checkout("FR-1", |_| ())),
        Told::new("r-0", &refund("FR-0")),
        Told::new("r-1", &refund("FR-1")),
        Told::new("m-2", &checkout("FR-2", |_| ())),
    ];
    queue(&s, endpoint(&s.shop), &told).await;
    until(&s, DONATIONS, 3).await;
    until(&s, PARKED, 2).await;
    assert_eq!(s.count(REFUNDS).await, 0);
    s.shop.send("m-3", &checkout("FR-3", |_| ())).await;
    until(&s, DONATIONS, 4).await;
    // However long it takes, nothing is behind, and no attempt is counted.
    let mut db = s.world.db.acquire().await.unwrap();
    let later = Utc::now() + TimeDelta::minutes(10);
    until(&s, "select count(*) from inbox_queue", 0).await;
    assert!(!inbox::is_behind(&mut db, later).await.unwrap());
    drop(db);
    until(&s, PARKED, 2).await;
    for event in listed(&s, Some(EventState::Parked)).await {
        assert_eq!(event.attempts, 0);
        assert!(event.reason.unwrap().contains("until a run has ended"));
    }
    run.rollback().await.unwrap();
    s.posted().await;
    assert_eq!((s.count(REFUNDS).await, s.count(PARKED).await), (2, 0));
    assert_eq!(s.balance("merchant_receivable:librairie").await, 200);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_processes_everything_waits_for_the_run_and_has_posted_the_rest_meanwhile() {
    let s = Service::start().await;
    s.shop.send("m-0", &checkout("FR-0", |_| ())).await;
    s.posted().await;
    let mut run = s.world.db.begin().await.unwrap();
    settlement_lock::lock_exclusive(&mut run).await.unwrap();
    let told = [
        Told::new("r-0", &refund("FR-0")),
        Told::new("m-1", &checkout("FR-1", |_| ())),
    ];
    queue(&s, endpoint(&s.shop), &told).await;
    let ends = async {
        until(&s, DONATIONS, 2).await;
        run.rollback().await.unwrap();
    };
    let (all, ()) = tokio::join!(worker::process_all(&s.app), ends);
    all.unwrap();
    s.posted().await;
    assert_eq!(s.count(REFUNDS).await, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_lock_that_has_lost_rows_lets_nobody_through() {
    let s = Service::start().await;
    as_owner(&s, "delete from settlement_lock where partition = 0").await;
    let mut tx = s.world.db.begin().await.unwrap();
    let shared = settlement_lock::try_lock_shared(&mut tx).await;
    assert!(shared.unwrap_err().to_string().contains("3 of 4"));
    tx.rollback().await.unwrap();
    s.checked().await;
}

/// A test endpoint of the service's merchant.
async fn test_shop(s: &Service) -> Shop {
    let new = runs::NewMerchant {
        test: true,
        ..new_merchant("Librairie", Some("abri"))
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Shop::new(&s.url, &added)
}

/// All that came in at the test endpoint, each in its state.
async fn states_of(s: &Service, endpoint: EndpointId) -> Vec<(String, EventState)> {
    let all = listed(s, None).await.into_iter();
    let mut states: Vec<_> = all
        .filter(|e| e.endpoint_id == endpoint.to_string())
        .map(|e| (e.delivery_key, e.state))
        .collect();
    states.sort_by(|a, b| a.0.cmp(&b.0));
    states
}

/// One event of each kind that a test endpoint may keep: understood, not understood, in conflict.
async fn told_to_test(s: &Service, test: &Shop) {
    assert_eq!(test.send("a-good", &checkout("T-1", |_| ())).await.0, 200);
    let bad = checkout("T-2", |e| e["data"]["donation"]["cause"] = "nobody".into());
    assert_eq!(test.send("b-bad", &bad).await.0, 422);
    assert_eq!(test.send("a-good", &checkout("T-3", |_| ())).await.0, 409);
    assert_eq!(test.send("c-refund", &refund("FR-1")).await.0, 200);
    let mut tx = s.world.db.begin().await.unwrap();
    obole::parties::cause::add(
        &mut tx,
        Utc::now(),
        "nobody",
        "environment",
        "foret-vivante",
        "Now there",
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn events_of_a_test_endpoint_reach_the_books_by_no_way() {
    let s = Service::start().await;
    let test = test_shop(&s).await;
    told_to_test(&s, &test).await;
    let kept = |keys: &[&str]| -> Vec<(String, EventState)> {
        keys.iter()
            .map(|k| ((*k).to_owned(), EventState::Test))
            .collect()
    };
    let all = kept(&["a-good", "a-good", "b-bad", "c-refund"]);
    assert_eq!(states_of(&s, endpoint(&test)).await, all);
    assert_eq!(listed(&s, Some(EventState::Test)).await.len(), 4);
    assert_eq!(listed(&s, Some(EventState::Dead)).await.len(), 0);
    let bad = listed(&s, Some(EventState::Test)).await;
    assert!(bad.iter().any(|e| e.reason.is_some()), "why is still said");

    // Redriven by id, all of them, by the team and by the merchant itself.
    let ids: Vec<EventId> = listed(&s, None)
        .await
        .iter()
        .map(|e| e.event_id.parse().unwrap())
        .collect();
    let merchant: MerchantId = sqlx::query_scalar("select merchant_id from merchant")
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let of_merchant = Reader::Merchant(merchant, MerchantRole::Developer);
    let mut db = s.world.db.acquire().await.unwrap();
    for reader in [Reader::System, of_merchant] {
        for which in [Redrive::These(ids.clone()), Redrive::AllDead] {
            let redriven = inbox::redrive(&mut db, reader, &which).await.unwrap();
            assert_eq!(redriven, [], "{which:?}");
        }
    }
    drop(db);
    s.posted().await;
    assert_eq!(states_of(&s, endpoint(&test)).await, all);
    assert_eq!((s.count(DONATIONS).await, s.count(REFUNDS).await), (0, 0));
    s.checked().await;
}

#[tokio::test]
async fn what_an_older_build_queued_parked_or_fetched_of_a_test_endpoint_stays_out_too() {
    let s = Service::start().await;
    let test = test_shop(&s).await;
    // As redriving once did.
    let told = [
        Told::new("a", &checkout("T-1", |_| ())),
        Told::new("b", &refund("FR-1")),
    ];
    queue(&s, endpoint(&test), &told).await;
    s.posted().await;
    let state = EventState::Test;
    let both = [("a".to_owned(), state), ("b".to_owned(), state)];
    assert_eq!(states_of(&s, endpoint(&test)).await, both);
    // Its refund is parked, and its order an order to fetch.
    as_owner(
        &s,
        "insert into inbox_problem (event_id, endpoint_id, delivery_key, state, reason,
           donation_id, received_at)
         select event_id, endpoint_id, delivery_key, 'parked', 'waits',
           donation_id_of(merchant_id, 'FR-1'), received_at
         from inbox_event join endpoint using (endpoint_id) where delivery_key = 'b'",
    )
    .await;
    as_owner(
        &s,
        "insert into inbox_fetch (event_id, endpoint_id, received_at, next_at)
         select event_id, endpoint_id, received_at, received_at
         from inbox_event where delivery_key = 'a'",
    )
    .await;
    s.shop.send("m-1", &checkout("FR-1", |_| ())).await;
    s.posted().await;
    let mut db = s.world.db.acquire().await.unwrap();
    let due = inbox::due_fetches(&mut db, Utc::now()).await.unwrap();
    assert_eq!(due.len(), 0);
    assert_eq!(inbox::requeue_parked(&mut db).await.unwrap(), 0);
    let waiting = inbox::depths(&mut db).await.unwrap();
    let parked = waiting.iter().find(|(state, _)| state == "parked");
    assert_eq!(parked.map(|(_, count)| *count), Some(0));
    drop(db);
    assert_eq!((s.count(DONATIONS).await, s.count(REFUNDS).await), (1, 0));
    assert_eq!(states_of(&s, endpoint(&test)).await, both);
    s.checked().await;
}

#[tokio::test]
async fn a_test_endpoint_stays_one() {
    let s = Service::start().await;
    test_shop(&s).await;
    let changed = sqlx::query("update endpoint set test = not test")
        .execute(&s.world.owner)
        .await;
    let refused = changed.unwrap_err().to_string();
    assert!(refused.contains("stays a test endpoint"), "{refused}");
    as_owner(&s, "update endpoint set settings = settings").await;
    s.checked().await;
}
