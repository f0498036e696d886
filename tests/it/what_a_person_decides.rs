//! What is not posted by itself and what is: donations above the ceiling and orders that come again
//! after their donation was given back are shown to a person, whatever else comes with them.

use chrono::{DateTime, TimeDelta, Utc};
use obole::cases::CaseKind;
use obole::inbox::{self, EventState, Redrive};
use obole::runs;
use obole::values::{Amount, EventId, Reader};
use serde_json::{Value, json};

use crate::queued::{Told, endpoint, queue};
use crate::shop::{Service, Shop, checkout, new_merchant, refund};
use crate::steps::open_cases;

const RECEIVABLE: &str = "merchant_receivable:librairie";

/// The events in a state.
async fn listed(s: &Service, state: EventState) -> Vec<inbox::EventSummary> {
    let filter = inbox::EventFilter {
        state: Some(state),
        after: None,
    };
    let mut db = s.world.db.acquire().await.unwrap();
    inbox::list(&mut db, Reader::System, filter).await.unwrap()
}

async fn redrive_all_dead(s: &Service) {
    let mut db = s.world.db.acquire().await.unwrap();
    inbox::redrive(&mut db, Reader::System, &Redrive::AllDead)
        .await
        .unwrap();
    drop(db);
    s.posted().await;
}

fn of_amount(order_id: &str, amount: &str) -> Value {
    checkout(order_id, |e| {
        e["data"]["donation"]["amount"] = amount.into()
    })
}

#[tokio::test]
async fn a_donation_above_the_ceiling_waits_for_a_person_and_stops_nobody() {
    let s = Service::start().await;
    let told = [
        Told::new("m-1", &of_amount("FR-1", "1.00")),
        Told::new("m-2", &of_amount("FR-2", "9999999999.99")),
        Told::new("m-3", &of_amount("FR-3", "10000.00")),
        Told::new("m-4", &of_amount("FR-4", "10000.01")),
        Told::new("m-5", &of_amount("FR-5", "9999999999.99")),
    ];
    let ids = queue(&s, endpoint(&s.shop), &told).await;
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 1_000_100, "up to the ceiling");
    let above = [ids[1], ids[3], ids[4]];
    for _ in 0..3 {
        let cases = open_cases(&s, CaseKind::DonationAboveCeiling).await;
        let subjects: Vec<EventId> = cases.iter().map(|c| EventId(c.subject)).collect();
        assert_eq!(subjects.len(), 3);
        assert!(above.iter().all(|id| subjects.contains(id)));
        for case in &cases {
            assert_eq!(case.merchant.as_deref(), Some("librairie"));
            assert_eq!(case.association.as_deref(), Some("foret-vivante"));
            assert!(case.what.contains("ceiling of 10000.00"), "{}", case.what);
        }
        let dead = listed(&s, EventState::Dead).await;
        assert_eq!(dead.len(), 3);
        let reason = dead[0].reason.as_deref().unwrap();
        assert!(reason.contains("raise OBOLE_DONATION_CEILING"), "{reason}");
        redrive_all_dead(&s).await;
    }
    s.checked().await;
}

#[tokio::test]
async fn an_amount_by_the_merchants_rule_is_held_to_the_ceiling_too() {
    let s = Service::start().await;
    let new = runs::NewMerchant {
        rule: "fixed:20000.00".into(),
        ..new_merchant("Joaillier", Some("abri"))
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let event = checkout("J-1", |e| e["data"]["donation"] = Value::Null);
    assert_eq!(Shop::new(&s.url, &added).send("m-1", &event).await.0, 200);
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:joaillier").await, 0);
    let cases = open_cases(&s, CaseKind::DonationAboveCeiling).await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].merchant.as_deref(), Some("joaillier"));
    s.checked().await;
}

#[tokio::test]
async fn once_the_ceiling_is_raised_the_event_is_posted_and_its_case_is_closed() {
    let s = Service::start().await;
    s.shop.send("m-1", &of_amount("FR-1", "25000.00")).await;
    s.posted().await;
    assert_eq!(
        open_cases(&s, CaseKind::DonationAboveCeiling).await.len(),
        1
    );
    // As a service with another setting would, unseen by this one.
    let options = inbox::ProcessOptions {
        ceiling: Amount::parse("25000.00").unwrap(),
        existing: inbox::Existing::Check,
        when_locked: inbox::WhenLocked::Wait,
    };
    let mut tx = s.world.db.begin().await.unwrap();
    inbox::redrive(&mut tx, Reader::System, &Redrive::AllDead)
        .await
        .unwrap();
    let nobody = EventId(uuid::Uuid::nil());
    let events = inbox::take_batch(&mut tx, nobody, 10).await.unwrap();
    let parsed = inbox::ParsedEvents::default();
    inbox::process_batch(&mut tx, Utc::now(), &parsed, &events, options)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 2_500_000);
    assert_eq!(
        open_cases(&s, CaseKind::DonationAboveCeiling).await.len(),
        0
    );
    s.checked().await;
}

/// An event that says that it happened so many minutes from an instant.
fn at(mut event: Value, from: DateTime<Utc>, minutes: i64) -> Value {
    event["timestamp"] = json!(from + TimeDelta::minutes(minutes));
    event
}

#[tokio::test]
async fn an_order_that_comes_again_after_its_donation_was_given_back_is_shown_to_a_person() {
    let s = Service::start().await;
    let began = Utc::now() - TimeDelta::hours(3);
    let order = |minutes| at(checkout("FR-1", |_| ()), began, minutes);
    let other = |minutes| at(of_amount("FR-1", "2.00"), began, minutes);
    let mut untimed = checkout("FR-1", |_| ());
    untimed.as_object_mut().unwrap().remove("timestamp");
    let mut ancient = untimed.clone();
    ancient["timestamp"] = "2019-01-01T00:00:00Z".into();
    let back = at(refund("FR-1"), began, 60);
    let (posted, conflict) = (EventState::Posted, EventState::Conflict);
    for (key, event, state, cases) in [
        ("first", order(0), posted, 0),
        ("again", order(5), posted, 0),
        ("refund", back.clone(), posted, 0),
        ("refund again", back, posted, 0),
        ("late repetition", order(0), posted, 0),
        ("stated before", order(59), posted, 0),
        ("another content, before", other(30), conflict, 0),
        ("second order", order(61), conflict, 1),
        ("another content, after", other(70), conflict, 2),
        ("says no time", untimed, conflict, 3),
        ("says no plausible time", ancient, conflict, 4),
    ] {
        assert_eq!(
            s.shop.send(&key.replace(' ', "-"), &event).await.0,
            200,
            "{key}"
        );
        s.posted().await;
        let key_of = |e: &inbox::EventSummary| e.delivery_key == key.replace(' ', "-");
        let found = listed(&s, state).await;
        assert!(found.iter().any(key_of), "{key} is not {state}");
        assert_eq!(
            open_cases(&s, CaseKind::SecondOrder).await.len(),
            cases,
            "{key}"
        );
    }
    assert_eq!(s.balance(RECEIVABLE).await, 0, "nothing is counted again");
    let case = &open_cases(&s, CaseKind::SecondOrder).await[0];
    assert_eq!(case.merchant.as_deref(), Some("librairie"));
    assert!(case.donation_id.is_some());
    let found = listed(&s, conflict).await;
    let subject = EventId(case.subject).to_string();
    let event = found.iter().find(|e| e.event_id == subject).unwrap();
    assert!(event.reason.as_deref().unwrap().contains("charged again"));
    // Redriven, it is the same case.
    let these = Redrive::These(vec![EventId(case.subject)]);
    let mut db = s.world.db.acquire().await.unwrap();
    inbox::redrive(&mut db, Reader::System, &these)
        .await
        .unwrap();
    drop(db);
    s.posted().await;
    assert_eq!(open_cases(&s, CaseKind::SecondOrder).await.len(), 4);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_order_in_the_batch_of_the_refund_or_while_it_waits_is_shown_as_well() {
    let s = Service::start().await;
    let began = Utc::now() - TimeDelta::hours(3);
    let told = |order: &str| {
        [
            Told::new(format!("{order}-0"), &at(checkout(order, |_| ()), began, 0)),
            Told::new(format!("{order}-1"), &at(refund(order), began, 10)),
            Told::new(
                format!("{order}-2"),
                &at(checkout(order, |_| ()), began, 20),
            ),
        ]
    };
    queue(&s, endpoint(&s.shop), &told("FR-1")).await;
    s.posted().await;
    assert_eq!(open_cases(&s, CaseKind::SecondOrder).await.len(), 1);
    // The refund waits for a run; what came after it must not be decided before it.
    let mut run = s.world.db.begin().await.unwrap();
    obole::db::settlement_lock::lock_exclusive(&mut run)
        .await
        .unwrap();
    let [first, back, second] = told("FR-2");
    queue(&s, endpoint(&s.shop), &[first, back]).await;
    let parked = "select count(*) from inbox_problem where state = 'parked'";
    while s.count(parked).await != 1 {
        tokio::task::yield_now().await;
    }
    queue(&s, endpoint(&s.shop), &[second]).await;
    while s.count(parked).await != 2 {
        tokio::task::yield_now().await;
    }
    run.rollback().await.unwrap();
    s.posted().await;
    assert_eq!(open_cases(&s, CaseKind::SecondOrder).await.len(), 2);
    assert_eq!(s.balance(RECEIVABLE).await, 0);
    s.checked().await;
}

#[tokio::test]
async fn days_run_from_2020_to_one_day_ahead_and_are_kept_as_the_earlier_of_told_and_received() {
    let s = Service::start().await;
    let soon = Utc::now() + TimeDelta::hours(23);
    let far = Utc::now() + TimeDelta::hours(25);
    let told = [
        ("2019-12-31T22:59:59Z".to_owned(), None),
        (
            "2019-12-31T23:00:00Z".to_owned(),
            Some("2019-12-31T23:00:00Z"),
        ),
        (
            "2026-01-01T00:00:00Z".to_owned(),
            Some("2026-01-01T00:00:00Z"),
        ),
        (soon.to_rfc3339(), None),
        (far.to_rfc3339(), None),
        ("-200000-01-01T00:00:00Z".to_owned(), None),
        ("+200000-01-01T00:00:00Z".to_owned(), None),
    ];
    for (n, (stated, taken)) in told.iter().enumerate() {
        let order = format!("FR-{n}");
        let event = checkout(&order, |e| {
            e["timestamp"] = stated.as_str().into();
            e["data"]["consent"]["shown_at"] = stated.as_str().into();
        });
        assert_eq!(s.shop.send(&order, &event).await.0, 200, "{stated}");
        let mut back = refund(&order);
        back["timestamp"] = stated.as_str().into();
        assert_eq!(
            s.shop.send(&format!("r-{n}"), &back).await.0,
            200,
            "{stated}"
        );
        s.posted().await;
        let (given, back, shown): (DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>) =
            sqlx::query_as(
                "select d.occurred_at, r.occurred_at, consent_shown_at
                 from donation d join donation_refund r using (donation_id) where order_id = $1",
            )
            .bind(&order)
            .fetch_one(&s.world.db)
            .await
            .unwrap();
        match taken {
            Some(taken) => {
                let taken: DateTime<Utc> = taken.parse().unwrap();
                assert_eq!((given, back, shown), (taken, taken, Some(taken)));
            }
            None => {
                let received = Utc::now() - TimeDelta::minutes(1)..=Utc::now();
                assert!(
                    received.contains(&given) && received.contains(&back),
                    "{stated}"
                );
                // A consent that was shown nobody knows when is not given a time.
                let ahead = stated == &soon.to_rfc3339();
                assert_eq!(shown.is_some(), ahead, "{stated}");
            }
        }
    }
    s.checked().await;
}

#[tokio::test]
async fn an_order_told_again_with_less_gives_the_difference_back_once() {
    let s = Service::start().await;
    let send = async |key: &str, event: Value, balance: i64| {
        assert_eq!(s.shop.send(key, &event).await.0, 200, "{key}");
        s.posted().await;
        assert_eq!(s.balance(RECEIVABLE).await, balance, "{key}");
    };
    send("first", of_amount("FR-1", "5.00"), 500).await;
    send("less", of_amount("FR-1", "3.00"), 300).await;
    send("less-again", of_amount("FR-1", "3.00"), 300).await;
    let mut part = refund("FR-1");
    part["data"]["amount"] = "1.00".into();
    send("part", part, 200).await;
    send("as-it-stands", of_amount("FR-1", "2.00"), 200).await;
    send("the-first-late", of_amount("FR-1", "5.00"), 200).await;
    // In one batch, in any number.
    let one_batch = ["4.00", "1.50", "1.50"].map(|amount| of_amount("FR-2", amount));
    let told: Vec<Told> = (one_batch.iter().enumerate())
        .map(|(n, event)| Told::new(format!("b-{n}"), event))
        .collect();
    queue(&s, endpoint(&s.shop), &told).await;
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 350);
    assert_eq!(listed(&s, EventState::Conflict).await.len(), 0);
    assert_eq!(listed(&s, EventState::Lost).await.len(), 0);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lower_order_gives_back_waits_for_a_run_like_any_refund() {
    let s = Service::start().await;
    s.shop.send("first", &of_amount("FR-1", "5.00")).await;
    s.posted().await;
    let mut run = s.world.db.begin().await.unwrap();
    obole::db::settlement_lock::lock_exclusive(&mut run)
        .await
        .unwrap();
    s.shop.send("less", &of_amount("FR-1", "3.00")).await;
    while s
        .count("select count(*) from inbox_problem where state = 'parked'")
        .await
        != 1
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(s.balance(RECEIVABLE).await, 500);
    run.rollback().await.unwrap();
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 300);
    s.checked().await;
}

#[tokio::test]
async fn an_order_told_again_with_more_or_with_another_cause_is_shown_to_a_person() {
    let s = Service::start().await;
    s.shop.send("first", &of_amount("FR-1", "1.00")).await;
    s.posted().await;
    let mut other_cause = checkout("FR-1", |_| ());
    other_cause["data"]["donation"]["cause"] = "rivieres".into();
    s.shop.send("more", &of_amount("FR-1", "2.50")).await;
    s.shop.send("cause", &other_cause).await;
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 100, "nothing more is posted");
    assert_eq!(listed(&s, EventState::Conflict).await.len(), 2);
    for (kind, words) in [
        (
            CaseKind::DonationRaised,
            "\"FR-1\" was told again with 1.50 euros more",
        ),
        (
            CaseKind::OrderDiffers,
            "\"FR-1\" was told again with another content",
        ),
    ] {
        let cases = open_cases(&s, kind).await;
        assert_eq!(cases.len(), 1, "{kind}");
        assert!(cases[0].what.contains(words), "{}", cases[0].what);
    }
    s.checked().await;
}

#[tokio::test]
async fn one_refund_told_with_two_amounts_is_shown_to_a_person_and_counted_once() {
    let s = Service::start().await;
    s.shop.send("first", &of_amount("FR-1", "5.00")).await;
    s.posted().await;
    let of = |cents: Option<&str>| {
        let mut event = refund("FR-1");
        if let Some(amount) = cents {
            event["data"]["amount"] = amount.into();
        }
        event
    };
    for (key, event) in [
        ("one", of(Some("1.00"))),
        ("same", of(Some("1.00"))),
        ("no-amount", of(None)),
    ] {
        s.shop.send(key, &event).await;
        s.posted().await;
        assert_eq!(s.balance(RECEIVABLE).await, 400, "{key}");
        assert_eq!(
            open_cases(&s, CaseKind::RefundDiffers).await.len(),
            0,
            "{key}"
        );
    }
    s.shop.send("other", &of(Some("2.00"))).await;
    s.posted().await;
    assert_eq!(s.balance(RECEIVABLE).await, 400);
    let cases = open_cases(&s, CaseKind::RefundDiffers).await;
    assert_eq!(cases.len(), 1);
    assert!(
        cases[0].what.contains("first 1.00 euros"),
        "{}",
        cases[0].what
    );
    assert!(
        cases[0].what.contains("then 2.00 euros"),
        "{}",
        cases[0].what
    );
    let in_question = "select count(*) from receipt_candidate where refund_in_question";
    assert_eq!(s.count(in_question).await, 1, "no receipt meanwhile");
    s.checked().await;
}
