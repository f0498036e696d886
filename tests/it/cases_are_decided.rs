//! Cases are decided by a command, each with who and why: what waited is counted, corrected or
//! dismissed, and the audit log keeps it.

use chrono::Utc;
use obole::audit::{self, Actor};
use obole::cases::{Case, CaseKind};
use obole::donations;
use obole::parties::merchant;
use obole::runs::{self, CaseDecision, DecidedCase};
use obole::values::{Amount, Reader};
use serde_json::Value;

use crate::shop::{Service, checkout, refund};
use crate::steps::{collect_and_settle, month, on, open_cases};

const RECEIVABLE: &str = "merchant_receivable:librairie";

/// A person of the team decides a case, and what follows is posted.
pub async fn decide(
    s: &Service,
    case: &Case,
    decision: &str,
    amount: Option<&str>,
) -> anyhow::Result<DecidedCase> {
    let actor = Actor {
        who: "team@obole.example".into(),
        source: "a test".into(),
    };
    let decision = CaseDecision {
        case_id: case.case_id,
        decision,
        actor: &actor,
        why: "the shop said so by telephone",
        amount: amount.map(|a| Amount::parse(a).unwrap()),
        email: None,
    };
    let decided = runs::decide_case(&s.app, Utc::now(), on("2026-11-26"), decision).await;
    s.posted().await;
    decided
}

fn of_amount(order_id: &str, amount: &str) -> Value {
    checkout(order_id, |e| {
        e["data"]["donation"]["amount"] = amount.into()
    })
}

async fn told(s: &Service, events: &[(&str, Value)]) {
    for (key, event) in events {
        assert_eq!(s.shop.send(key, event).await.0, 200, "{key}");
        s.posted().await;
    }
}

#[tokio::test]
async fn a_donation_above_the_ceiling_is_accepted_corrected_or_dismissed() {
    let s = Service::start().await;
    for (order, decision, amount, balance) in [
        ("FR-1", "accept", None, 2_000_000),
        ("FR-2", "correct", Some("2.00"), 2_000_200),
        ("FR-3", "dismiss", None, 2_000_200),
    ] {
        told(&s, &[(order, of_amount(order, "20000.00"))]).await;
        let case = open_cases(&s, CaseKind::DonationAboveCeiling)
            .await
            .pop()
            .unwrap();
        decide(&s, &case, decision, amount).await.unwrap();
        assert_eq!(s.balance(RECEIVABLE).await, balance, "{decision}");
        assert_eq!(
            open_cases(&s, CaseKind::DonationAboveCeiling).await.len(),
            0
        );
        let again = decide(&s, &case, "accept", None).await.unwrap_err();
        assert!(again.to_string().contains(&format!("decided: {decision}")));
    }
    assert_eq!(s.count("select count(*) from inbox_problem").await, 0);
    let mut db = s.world.db.acquire().await.unwrap();
    let log = audit::list(&mut db, Reader::System, None).await.unwrap();
    let decided: Vec<&str> = log.iter().map(|e| e.act.as_str()).collect();
    assert_eq!(decided, ["case.decide"; 3]);
    assert_eq!(log[0].why.as_deref(), Some("the shop said so by telephone"));
    drop(db);
    s.checked().await;
}

#[tokio::test]
async fn a_second_order_that_is_accepted_is_the_orders_next_donation() {
    let s = Service::start().await;
    told(
        &s,
        &[
            ("first", of_amount("FR-1", "1.00")),
            ("back", refund("FR-1")),
            ("second", of_amount("FR-1", "3.00")),
        ],
    )
    .await;
    assert_eq!(s.balance(RECEIVABLE).await, 0);
    let case = open_cases(&s, CaseKind::SecondOrder).await.pop().unwrap();
    decide(&s, &case, "accept", None).await.unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 300);
    assert_eq!(
        s.count("select max(ordinal)::bigint from donation").await,
        1
    );
    let mut db = s.world.db.acquire().await.unwrap();
    let id = merchant::id_of_slug(&mut db, "librairie")
        .await
        .unwrap()
        .unwrap();
    let both = donations::find_by_order(&mut db, Reader::System, id, "FR-1")
        .await
        .unwrap();
    assert_eq!(both.len(), 2, "the merchant sees both");
    drop(db);
    // Told once more it is known, and a refund of the order finds what is left of it.
    told(&s, &[("again", of_amount("FR-1", "3.00"))]).await;
    let mut part = refund("FR-1");
    part["data"]["refund_id"] = "second".into();
    part["data"]["amount"] = "1.00".into();
    told(&s, &[("part", part)]).await;
    assert_eq!(s.balance(RECEIVABLE).await, 200);
    let mut whole = refund("FR-1");
    whole["data"]["refund_id"] = "third".into();
    told(&s, &[("whole", whole)]).await;
    assert_eq!(s.balance(RECEIVABLE).await, 0);
    assert_eq!(s.count("select count(*) from inbox_problem").await, 0);
    assert_eq!(s.count("select count(*) from open_case").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn a_raised_donation_that_is_accepted_counts_the_difference_once() {
    let s = Service::start().await;
    told(
        &s,
        &[
            ("first", of_amount("FR-1", "1.00")),
            ("more", of_amount("FR-1", "2.50")),
            ("more-again", of_amount("FR-1", "2.50")),
        ],
    )
    .await;
    let raised = open_cases(&s, CaseKind::DonationRaised).await;
    assert_eq!(raised.len(), 2, "one for each event");
    decide(&s, &raised[0], "accept", None).await.unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 250);
    decide(&s, &raised[1], "accept", None).await.unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 250, "it counts once");
    // A refund of a part larger than the last donation takes from both.
    let mut part = refund("FR-1");
    part["data"]["amount"] = "2.00".into();
    told(&s, &[("part", part.clone()), ("part-again", part)]).await;
    assert_eq!(s.balance(RECEIVABLE).await, 50);
    assert_eq!(s.count("select count(*) from donation_refund").await, 2);
    s.checked().await;
}

#[tokio::test]
async fn an_order_that_differs_is_dismissed_and_what_is_recorded_stays() {
    let s = Service::start().await;
    let mut other = checkout("FR-1", |_| ());
    other["data"]["donation"]["cause"] = "rivieres".into();
    told(&s, &[("first", checkout("FR-1", |_| ())), ("other", other)]).await;
    let case = open_cases(&s, CaseKind::OrderDiffers).await.pop().unwrap();
    let wrong = decide(&s, &case, "accept", None).await.unwrap_err();
    assert!(wrong.to_string().contains("decided by dismiss"), "{wrong}");
    decide(&s, &case, "dismiss", None).await.unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 100);
    assert_eq!(s.count("select count(*) from inbox_problem").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn what_was_given_back_in_all_is_posted_once_a_person_knows_it() {
    let s = Service::start().await;
    let part = |amount: &str| {
        let mut event = refund("FR-1");
        event["data"]["amount"] = amount.into();
        event
    };
    told(
        &s,
        &[
            ("first", of_amount("FR-1", "5.00")),
            ("one", part("1.00")),
            ("two", part("2.00")),
        ],
    )
    .await;
    let case = open_cases(&s, CaseKind::RefundDiffers).await.pop().unwrap();
    for (amount, words) in [
        ("6.00", "was 5.00 euros"),
        ("0.50", "1.00 euros are posted"),
    ] {
        let wrong = decide(&s, &case, "given-back", Some(amount))
            .await
            .unwrap_err();
        assert!(wrong.to_string().contains(words), "{wrong}");
    }
    decide(&s, &case, "given-back", Some("2.00")).await.unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 300);
    let in_question = "select count(*) from receipt_candidate where refund_in_question";
    assert_eq!(s.count(in_question).await, 0);
    s.checked().await;
}

#[tokio::test]
async fn a_refund_beyond_the_donation_is_closed_without_a_posting() {
    let s = Service::start().await;
    let mut beyond = refund("FR-1");
    beyond["data"]["amount"] = "3.00".into();
    told(
        &s,
        &[("first", of_amount("FR-1", "1.00")), ("back", beyond)],
    )
    .await;
    let case = open_cases(&s, CaseKind::RefundBeyondDonation)
        .await
        .pop()
        .unwrap();
    decide(&s, &case, "not-given-back", None).await.unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 0);
    assert_eq!(s.count("select count(*) from open_case").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn a_refund_after_the_payout_is_borne_by_nobody_who_has_not_the_money() {
    let s = Service::start().await;
    let operators = s.operators().await;
    told(
        &s,
        &[(
            "first",
            checkout("FR-1", |e| {
                e["timestamp"] = "2026-09-10T10:00:00Z".into();
                e["data"]["donation"]["amount"] = "20.00".into();
            }),
        )],
    )
    .await;
    collect_and_settle(&s, on("2026-10-01"), month("2026-09-01")).await;
    crate::steps::pay_out(&s, on("2026-10-05"), &operators).await;
    told(&s, &[("back", refund("FR-1"))]).await;
    let case = open_cases(&s, CaseKind::RefundAfterPayout)
        .await
        .pop()
        .unwrap();
    for decision in ["association-agrees", "operator-bears"] {
        let refused = decide(&s, &case, decision, None).await.unwrap_err();
        let words = refused.to_string();
        assert!(words.contains("20.00"), "{decision}: {words}");
    }
    assert_eq!(open_cases(&s, CaseKind::RefundAfterPayout).await.len(), 1);
    s.checked().await;
}

#[tokio::test]
async fn a_refund_of_all_while_a_second_order_waits_is_shown_to_a_person() {
    let s = Service::start().await;
    let mut second = refund("FR-1");
    second["data"]["refund_id"] = "second".into();
    told(
        &s,
        &[
            ("first", of_amount("FR-1", "30.00")),
            ("back", refund("FR-1")),
            ("again", of_amount("FR-1", "30.00")),
            ("back-again", second),
        ],
    )
    .await;
    let case = open_cases(&s, CaseKind::SecondOrder).await.pop().unwrap();
    decide(&s, &case, "accept", None).await.unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 3000);
    let refund = open_cases(&s, CaseKind::RefundBeyondDonation)
        .await
        .pop()
        .unwrap();
    decide(&s, &refund, "given-back", Some("60.00"))
        .await
        .unwrap();
    assert_eq!(s.balance(RECEIVABLE).await, 0);
    s.checked().await;
}
