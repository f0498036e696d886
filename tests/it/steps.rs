//! The steps of a month as tests take them: donations, their collection, the bank's days, payouts.

use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use obole::audit::Actor;
use obole::cases::{self, Case, CaseFilter, CaseKind, Decision};
use obole::collections::Collection;
use obole::gateways::bank::simulated::{IncomingTransfer, play_day};
use obole::payouts::{Payout, PayoutState};
use obole::reconciliation::ImportSummary;
use obole::runs::{self, PayoutAct, ReceiptOptions, ReceiptRun};
use obole::values::{Amount, Email, Period, Reader};
use serde_json::Value;

use crate::shop::{Service, Shop, checkout, new_merchant};

/// A day from its text.
pub fn on(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

/// The month of a day.
pub fn month(day: &str) -> Period {
    Period::of(on(day))
}

/// A second shop of the service, or a third.
pub async fn another_shop(s: &Service, name: &str) -> Shop {
    let new = new_merchant(name, Some("foret-vivante"));
    let mut tx = s.world.db.begin().await.unwrap();
    let added = runs::add_merchant(&mut tx, Utc::now(), s.app.key.expose(), &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Shop::new(&s.url, &added)
}

/// The service's shop takes a donation at an instant and tells of it; it is posted.
pub async fn give(s: &Service, order_id: &str, at: &str, amount: &str, email: &str) {
    give_at(s, &s.shop, order_id, at, |event| {
        event["data"]["donation"]["amount"] = amount.into();
        event["data"]["donor"]["email"] = email.into();
    })
    .await;
}

/// As `give`, at any shop and with any change.
pub async fn give_at(
    s: &Service,
    shop: &Shop,
    order_id: &str,
    at: &str,
    change: impl FnOnce(&mut Value),
) {
    let event = checkout(order_id, |event| {
        event["timestamp"] = at.into();
        change(event);
    });
    let (status, document) = shop.send(&format!("told-{order_id}"), &event).await;
    assert_eq!(status, 200, "{document}");
    s.posted().await;
}

/// Asks the shops for a month.
pub async fn collect(s: &Service, on: NaiveDate, period: Period) -> Vec<Collection> {
    let run = runs::run_collections(&s.app, Utc::now(), on, period)
        .await
        .unwrap();
    assert_eq!(run.set_aside, [], "nobody is set aside");
    run.collections
}

/// The transfer by which a shop pays its collection.
pub fn paid(collection: &Collection) -> IncomingTransfer {
    IncomingTransfer {
        from: collection.merchant_name.clone(),
        reference: collection.reference.clone(),
        amount: Amount::from_cents(collection.amount_cents).unwrap(),
    }
}

/// A day at the bank: it executes what waits for it and books what comes in. Returns its statement.
pub fn bank_day(s: &Service, on: NaiveDate, incoming: &[IncomingTransfer]) -> Option<PathBuf> {
    play_day(
        &s.app.settings.bank_dir,
        &s.app.settings.account,
        on,
        incoming,
    )
    .unwrap()
}

/// Imports a statement.
pub async fn import(s: &Service, statement: PathBuf) -> ImportSummary {
    let import = runs::import_statements(&s.app, Utc::now(), &[statement])
        .await
        .unwrap();
    assert_eq!(import.set_aside, [], "nothing is set aside");
    import.files[0].imported
}

/// Asks the shops for a month, and their money comes on the same day.
pub async fn collect_and_settle(s: &Service, on: NaiveDate, period: Period) {
    let asked = collect(s, on, period).await;
    let asked = asked.iter().filter(|c| c.amount_cents > 0);
    let transfers: Vec<_> = asked.map(paid).collect();
    import(s, bank_day(s, on, &transfers).unwrap()).await;
}

/// Prepares payouts; returns those that wait for their approvals.
pub async fn prepare_payouts(s: &Service, on: NaiveDate) -> Vec<Payout> {
    let open = runs::run_payouts(&s.app, Utc::now(), on).await.unwrap();
    let prepared = open
        .into_iter()
        .filter(|p| p.state == PayoutState::Prepared);
    prepared.collect()
}

/// The open cases of a kind, oldest first.
pub async fn open_cases(s: &Service, kind: CaseKind) -> Vec<Case> {
    let mut db = s.world.db.acquire().await.unwrap();
    cases::list(&mut db, Reader::System, CaseFilter::open(kind))
        .await
        .unwrap()
}

/// Somebody decides about failed payments otherwise than by asking again: their shops are asked for
/// the next month.
pub async fn release(s: &Service) {
    let open = CaseFilter::open(CaseKind::CollectionFailed);
    let decision = Decision {
        decision: "released",
        by: "lea@obole.example",
        why: "they pay by the next statement",
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let open = cases::list(&mut tx, Reader::System, open).await.unwrap();
    let subjects: Vec<_> = open.iter().map(|c| c.subject).collect();
    cases::close(
        &mut tx,
        Utc::now(),
        CaseKind::CollectionFailed,
        &subjects,
        decision,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// Somebody says that what was refused or came back is to be paid again.
pub async fn pay_again(s: &Service, on: NaiveDate) {
    let open = runs::run_payouts(&s.app, Utc::now(), on).await.unwrap();
    let failed = [PayoutState::Refused, PayoutState::Returned];
    for payout in open.iter().filter(|p| failed.contains(&p.state)) {
        let (app, id, actor) = (&s.app, payout.payout_id, Actor::system());
        let who = (&actor, "the account is right");
        runs::act_on_payout(app, Utc::now(), on, id, PayoutAct::PayAgain, who)
            .await
            .unwrap();
    }
}

/// Two people approve each payout, and it leaves for the bank.
pub async fn approve(s: &Service, on: NaiveDate, operators: &[Email; 2], payouts: &[Payout]) {
    for payout in payouts {
        for who in operators {
            runs::approve_payout(&s.app, Utc::now(), on, payout.payout_id, who)
                .await
                .unwrap();
        }
    }
}

/// Prepares, approves and settles payouts. Returns what each association got, by its slug.
pub async fn pay_out(s: &Service, on: NaiveDate, operators: &[Email; 2]) -> Vec<(String, String)> {
    let payouts = prepare_payouts(s, on).await;
    approve(s, on, operators, &payouts).await;
    if let Some(statement) = bank_day(s, on, &[]) {
        import(s, statement).await;
    }
    payouts
        .into_iter()
        .map(|p| (p.association.unwrap_or_default(), p.amount))
        .collect()
}

/// Issues receipts and mails them.
pub async fn issue_receipts(s: &Service, on: NaiveDate, period: Period) -> ReceiptRun {
    runs::run_receipts(&s.app, Utc::now(), on, period, ReceiptOptions::default())
        .await
        .unwrap()
}

/// The reasons for which donations have no receipt, and how many have each.
pub fn held(run: &ReceiptRun) -> Vec<(&'static str, i64)> {
    run.held.iter().map(|h| (h.reason, h.count)).collect()
}
