//! Consent that was not told, or that a ticked box gave, earns no receipt until a person rules, for
//! all of a merchant or for one donation.

use chrono::Utc;
use obole::audit::{self, Actor};
use obole::cases::{Case, CaseKind};
use obole::donations::ConsentRuling::{self, Accept, Dismiss};
use obole::runs::{self, CaseDecision, ReceiptRun};
use obole::values::{DonationId, Email, Reader};
use obole::worker;
use serde_json::{Value, json};

use crate::shop::Service;
use crate::steps::{
    collect_and_settle, give_at, held, issue_receipts, month, on, open_cases, pay_out,
};

fn lea() -> Actor {
    Actor {
        who: "lea@obole.example".into(),
        source: "a test".into(),
    }
}

/// Twenty euros of January, of a donor of their own, with what the shop says of their consent.
async fn given(s: &Service, order: &str, consent: Value) {
    give_at(s, &s.shop, order, "2025-01-10T10:00:00Z", |event| {
        event["data"]["donation"]["amount"] = "20.00".into();
        event["data"]["donor"]["email"] = format!("{}@example.org", order.to_lowercase()).into();
        match consent {
            Value::Null => drop(event["data"].as_object_mut().unwrap().remove("consent")),
            consent => event["data"]["consent"]["preticked"] = consent,
        }
    })
    .await;
}

async fn paid_out(s: &Service) -> [Email; 2] {
    let operators = s.operators().await;
    collect_and_settle(s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(s, on("2025-02-03"), &operators).await;
    operators
}

async fn receipts(s: &Service) -> ReceiptRun {
    issue_receipts(s, on("2025-02-04"), month("2025-01-01")).await
}

/// The cases of a kind that wait, after a round of maintenance looked for them.
async fn waiting(s: &Service, kind: CaseKind) -> Vec<Case> {
    worker::look_for_unclear_consent(&s.app, Utc::now())
        .await
        .unwrap();
    open_cases(s, kind).await
}

async fn decide(s: &Service, case: &Case, decision: &str) {
    let actor = lea();
    let decision = CaseDecision {
        case_id: case.case_id,
        decision,
        actor: &actor,
        why: "the shop sent pictures of its checkout",
        amount: None,
        email: None,
    };
    runs::decide_case(&s.app, Utc::now(), on("2025-02-04"), decision)
        .await
        .unwrap();
}

async fn donation(s: &Service, order: &str) -> DonationId {
    sqlx::query_scalar("select donation_id from donation where order_id = $1")
        .bind(order)
        .fetch_one(&s.world.db)
        .await
        .unwrap()
}

async fn rule(s: &Service, order: &str, ruling: ConsentRuling) -> anyhow::Result<()> {
    let id = donation(s, order).await;
    let why = "the donor wrote";
    runs::rule_on_donation(&s.app, Utc::now(), id, ruling, &lea(), why)
        .await
        .map(drop)
}

#[tokio::test]
async fn one_case_a_merchant_is_accepted_and_what_is_recorded_until_then_gets_its_receipts() {
    let s = Service::start().await;
    given(&s, "CLEAR", json!(false)).await;
    given(&s, "TICKED", json!(true)).await;
    given(&s, "UNTOLD", Value::Null).await;
    paid_out(&s).await;
    let run = receipts(&s).await;
    assert_eq!((run.issued, held(&run)), (1, vec![("consent-unclear", 2)]));

    let open = waiting(&s, CaseKind::ConsentUnclear).await;
    assert_eq!(open.len(), 1, "one a merchant");
    assert_eq!(open[0].merchant.as_deref(), Some("librairie"));
    assert!(open[0].what.contains("2 donations"), "{}", open[0].what);
    assert_eq!(waiting(&s, CaseKind::ConsentUnclear).await.len(), 1, "once");
    decide(&s, &open[0], "accept").await;
    assert!(waiting(&s, CaseKind::ConsentUnclear).await.is_empty());
    let run = receipts(&s).await;
    assert_eq!((run.issued, held(&run)), (2, vec![]));

    // What comes later waits for another ruling, which rules on nothing of before.
    given(&s, "LATER", Value::Null).await;
    let open = waiting(&s, CaseKind::ConsentUnclear).await;
    assert!(open[0].what.contains("1 donations"), "{}", open[0].what);
    decide(&s, &open[0], "dismiss").await;
    let unclear = "select count(*) from receipt_candidate where consent_ruling = 'accept'";
    assert_eq!(s.count(unclear).await, 2);
    s.checked().await;
}

#[tokio::test]
async fn a_case_that_is_dismissed_leaves_no_receipt_and_the_money_where_it_is() {
    let s = Service::start().await;
    given(&s, "TICKED", json!(true)).await;
    paid_out(&s).await;
    let open = waiting(&s, CaseKind::ConsentUnclear).await;
    decide(&s, &open[0], "dismiss").await;
    let run = receipts(&s).await;
    assert_eq!(
        (run.issued, held(&run)),
        (0, vec![("consent-dismissed", 1)])
    );
    assert!(waiting(&s, CaseKind::ConsentUnclear).await.is_empty());
    // One donor proves that they chose.
    rule(&s, "TICKED", Accept).await.unwrap();
    assert_eq!(receipts(&s).await.issued, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_ruling_on_one_donation_goes_before_and_its_receipt_is_in_question() {
    let s = Service::start().await;
    given(&s, "CLEAR", json!(false)).await;
    given(&s, "TICKED", json!(true)).await;
    paid_out(&s).await;
    let nothing = rule(&s, "CLEAR", Accept).await.unwrap_err();
    assert!(nothing.to_string().contains("is clear"), "{nothing}");
    waiting(&s, CaseKind::ConsentUnclear).await;
    rule(&s, "TICKED", Accept).await.unwrap();
    let open = waiting(&s, CaseKind::ConsentUnclear).await;
    assert!(open.is_empty(), "each was ruled on");
    assert_eq!(receipts(&s).await.issued, 2);

    rule(&s, "CLEAR", Dismiss).await.unwrap();
    let questioned = waiting(&s, CaseKind::ReceiptInQuestion).await;
    assert_eq!(questioned.len(), 1);
    assert!(
        questioned[0].what.contains("did not choose"),
        "{}",
        questioned[0].what
    );
    rule(&s, "CLEAR", Accept).await.unwrap();
    assert_eq!(s.count("select count(*) from consent_ruling").await, 3);

    let mut db = s.world.db.acquire().await.unwrap();
    let subject = donation(&s, "CLEAR").await.to_string();
    let log = audit::list(&mut db, Reader::System, Some(&subject)).await;
    let log = log.unwrap();
    assert_eq!(log[0].act, "donation.consent");
    assert_eq!(
        log[0].before,
        Some(json!({"preticked": false, "ruling": null}))
    );
    assert_eq!(
        log[0].after,
        Some(json!({"preticked": false, "ruling": "dismiss"}))
    );
    drop(db);
    let unknown = DonationId::of_order(obole::values::MerchantId::new(), "X");
    let unknown = runs::rule_on_donation(&s.app, Utc::now(), unknown, Accept, &lea(), "x").await;
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("there is no donation")
    );
    s.checked().await;
}

#[tokio::test]
async fn a_receipt_without_consent_or_ruling_is_seen_by_the_checks() {
    let s = Service::start().await;
    given(&s, "TICKED", json!(true)).await;
    paid_out(&s).await;
    rule(&s, "TICKED", Accept).await.unwrap();
    assert_eq!(receipts(&s).await.issued, 1);
    let mut owner = s.world.owner.acquire().await.unwrap();
    for statement in [
        "alter table consent_ruling disable trigger all",
        "update consent_ruling set ruling = 'dismiss'",
    ] {
        sqlx::query(statement).execute(&mut *owner).await.unwrap();
    }
    drop(owner);
    s.checked_but(&["receipts-match-their-donations"]).await;
}
