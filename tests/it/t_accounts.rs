//! Each thing that goes wrong with money, worked through as T-accounts: what every account says
//! after it, what is left to cover, and what the shop is asked next.

use chrono::{NaiveDate, Utc};
use obole::audit::Actor;
use obole::cases::{self, CaseFilter, CaseKind, Decision};
use obole::collections::{self, Collection, CollectionFilter, CollectionState};
use obole::db::settlement_lock;
use obole::ledger::{
    self, Account, Arrived, AssociationShare, Borne, Fact, MoneyAt, PaidFrom, Parties, Transfer,
};
use obole::payouts::{self, PayoutState};
use obole::rails::{CashAccount, Rail};
use obole::reconciliation;
use obole::refunds_due::{self, SettleError};
use obole::runs::{self, CollectionAct, PayoutAct};
use obole::values::{Amount, BankLine, BankSide, LineDetails, Period, Reader};
use uuid::Uuid;

use crate::shop::{Service, refund};
use crate::steps::{approve, collect, give, month, on, prepare_payouts};

/// Every account that holds something, on its normal side, and what is left to cover.
async fn accounts(s: &Service) -> (Vec<(String, String)>, i64) {
    let mut db = s.world.db.acquire().await.unwrap();
    let all = ledger::balances(&mut db, Reader::System).await.unwrap();
    let held = all.into_iter().filter(|b| b.balance_cents != 0);
    let held = held.map(|b| (b.name, b.balance)).collect();
    let cover = payouts::cover(&mut db).await.unwrap().left_cents();
    (held, cover)
}

async fn stands(s: &Service, expected: &[(&str, &str)], cover: i64) {
    let (mut found, left) = accounts(s).await;
    let mut expected: Vec<(String, String)> = expected
        .iter()
        .map(|(name, balance)| ((*name).to_owned(), (*balance).to_owned()))
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(left, cover, "cover");
    let mut owner = s.world.owner.acquire().await.unwrap();
    let verdicts = obole::checks::run(&mut owner).await.unwrap();
    let broken: Vec<_> = verdicts.iter().filter(|v| !v.ok).map(|v| v.name).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

/// The shop gives back an order, whole or so many euros of it.
async fn give_back(s: &Service, order: &str, name: &str, amount: Option<&str>) {
    let mut event = refund(order);
    event["data"]["refund_id"] = name.into();
    if let Some(amount) = amount {
        event["data"]["amount"] = amount.into();
    }
    let (status, document) = s.shop.send(&Uuid::now_v7().to_string(), &event).await;
    assert_eq!(status, 200, "{document}");
    s.posted().await;
}

/// Donations of August, of the service's shop.
async fn given(s: &Service, orders: &[(&str, &str)]) {
    for (order, amount) in orders {
        give(
            s,
            order,
            "2026-08-10T10:00:00Z",
            amount,
            "camille@example.org",
        )
        .await;
    }
}

fn line(side: BankSide, reference: &str, cents: i64, identity: &str) -> BankLine {
    BankLine {
        account: "FR7630006000011234567890189".into(),
        statement: "by hand".into(),
        identity: identity.into(),
        side,
        amount: Amount::from_cents(cents).unwrap(),
        booked_on: on("2026-09-03"),
        references: vec![reference.into()],
        details: LineDetails::default(),
    }
}

async fn shown(s: &Service, line: BankLine) -> usize {
    let mut tx = s.world.db.begin().await.unwrap();
    let import = reconciliation::import(&mut tx, Utc::now(), &[line])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    import.summary.matched
}

/// A shop pays what it is asked.
async fn pays(s: &Service, asked: &Collection) {
    let (reference, cents) = (&asked.reference, asked.amount_cents);
    let came = line(BankSide::Credit, reference, cents, reference);
    assert_eq!(shown(s, came).await, 1);
}

/// The shops are asked for a month, and pay.
async fn asked_and_paid(s: &Service, on: NaiveDate, period: Period) {
    for asked in collect(s, on, period).await {
        pays(s, &asked).await;
    }
}

/// The payouts that wait, paid.
async fn pay_out(s: &Service) -> Vec<payouts::Payout> {
    s.operators().await;
    pay_out_by(s, &["lea@obole.example", "hugo@obole.example"]).await
}

async fn pay_out_by(s: &Service, operators: &[&str; 2]) -> Vec<payouts::Payout> {
    let operators = operators.map(|e| obole::values::Email::parse(e).unwrap());
    let prepared = prepare_payouts(s, on("2026-09-05")).await;
    approve(s, on("2026-09-05"), &operators, &prepared).await;
    for p in &prepared {
        let left = line(BankSide::Debit, &p.reference, p.amount_cents, &p.reference);
        assert_eq!(shown(s, left).await, 1);
    }
    prepared
}

async fn open_cases(s: &Service) -> Vec<CaseKind> {
    let filter = CaseFilter {
        kind: None,
        open_only: true,
        ..CaseFilter::default()
    };
    let mut db = s.world.db.acquire().await.unwrap();
    let open = cases::list(&mut db, Reader::System, filter).await.unwrap();
    open.into_iter().map(|c| c.kind).collect()
}

const DECIDED: Decision<'_> = Decision {
    decision: "association-agrees",
    by: "lea@obole.example",
    why: "by telephone",
};

async fn refund_due(s: &Service) -> Uuid {
    sqlx::query_scalar("select refund_due_id from open_refund_due where origin = 'refund'")
        .fetch_one(&s.world.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_refund_in_parts_before_it_is_asked_for_leaves_what_remains() {
    let s = Service::start().await;
    given(&s, &[("A", "10.00")]).await;
    give_back(&s, "A", "one", Some("2.50")).await;
    give_back(&s, "A", "two", Some("1.50")).await;
    give_back(&s, "A", "two", Some("1.50")).await;
    let promised = [
        ("merchant_receivable:librairie", "6.00"),
        ("association_pending:foret-vivante", "6.00"),
    ];
    stands(&s, &promised, 0).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    assert_eq!((asked[0].count, asked[0].amount.as_str()), (1, "6.00"));
    s.checked().await;
}

#[tokio::test]
async fn more_than_is_left_is_given_back_as_far_as_it_goes_and_a_person_asks_the_shop() {
    let s = Service::start().await;
    given(&s, &[("A", "10.00")]).await;
    give_back(&s, "A", "one", Some("7.00")).await;
    give_back(&s, "A", "two", Some("7.00")).await;
    stands(&s, &[], 0).await;
    assert_eq!(open_cases(&s).await, [CaseKind::RefundBeyondDonation]);
    give_back(&s, "A", "three", Some("1.00")).await;
    stands(&s, &[], 0).await;
    assert_eq!(
        open_cases(&s).await.len(),
        2,
        "nothing was left for it at all"
    );
    s.checked().await;
}

#[tokio::test]
async fn a_refund_of_money_that_was_asked_for_and_did_not_come_takes_nothing_from_anyone() {
    let s = Service::start().await;
    given(&s, &[("A", "10.00"), ("B", "5.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    give_back(&s, "A", "one", None).await;
    let on_its_way = [
        ("merchant_receivable:librairie", "-10.00"),
        ("collection_in_transit:transfer", "15.00"),
        ("association_pending:foret-vivante", "5.00"),
    ];
    stands(&s, &on_its_way, 0).await;
    pays(&s, &asked[0]).await;
    // The shop paid ten too much: its credit, which nobody else may spend.
    let arrived = [
        ("merchant_receivable:librairie", "-10.00"),
        ("safeguarded_cash:bank", "15.00"),
        ("association_payable:foret-vivante", "5.00"),
    ];
    stands(&s, &arrived, 0).await;
    give(
        &s,
        "C",
        "2026-09-10T10:00:00Z",
        "4.00",
        "camille@example.org",
    )
    .await;
    let next = collect(&s, on("2026-10-02"), month("2026-09-01")).await;
    assert_eq!(next[0].amount, "0.00", "its credit is larger");
    assert_eq!(next[0].state, CollectionState::Settled);
    let settled = [
        ("merchant_receivable:librairie", "-6.00"),
        ("safeguarded_cash:bank", "15.00"),
        ("association_payable:foret-vivante", "9.00"),
    ];
    stands(&s, &settled, 0).await;
    give(
        &s,
        "D",
        "2026-10-10T10:00:00Z",
        "8.00",
        "camille@example.org",
    )
    .await;
    let last = collect(&s, on("2026-11-02"), month("2026-10-01")).await;
    assert_eq!(last[0].amount, "2.00", "the rest of its credit carried on");
    let statement = std::fs::read_to_string(last[0].file.as_ref().unwrap()).unwrap();
    assert!(
        statement.contains("2026-11-02,\"\",\"\",\"\",-6.00,credit_before"),
        "{statement}"
    );
    s.checked().await;
}

#[tokio::test]
async fn a_refund_of_what_is_in_a_prepared_payout_takes_it_out_and_voids_its_approvals() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, &[("A", "10.00"), ("B", "5.00")]).await;
    asked_and_paid(&s, on("2026-09-02"), month("2026-08-01")).await;
    let prepared = prepare_payouts(&s, on("2026-09-05")).await;
    runs::approve_payout(
        &s.app,
        Utc::now(),
        on("2026-09-05"),
        prepared[0].payout_id,
        &operators[0],
    )
    .await
    .unwrap();
    give_back(&s, "A", "one", Some("4.00")).await;
    let arrived = [
        ("merchant_receivable:librairie", "-4.00"),
        ("safeguarded_cash:bank", "15.00"),
        ("association_payable:foret-vivante", "11.00"),
    ];
    stands(&s, &arrived, 0).await;
    let error = runs::approve_payout(
        &s.app,
        Utc::now(),
        on("2026-09-05"),
        prepared[0].payout_id,
        &operators[1],
    )
    .await
    .unwrap_err();
    assert!(error.to_string().contains("taken back"), "{error:#}");
    let again = prepare_payouts(&s, on("2026-09-05")).await;
    assert_eq!(
        (again[0].count, again[0].amount.as_str(), again[0].approvals),
        (2, "11.00", 0)
    );
    s.checked().await;
}

#[tokio::test]
async fn a_refund_of_what_the_association_has_is_a_claim_and_a_credit_that_waits() {
    let s = Service::start().await;
    given(&s, &[("A", "20.00")]).await;
    asked_and_paid(&s, on("2026-09-02"), month("2026-08-01")).await;
    pay_out(&s).await;
    give_back(&s, "A", "one", Some("6.00")).await;
    let claimed = [
        ("refund_due:foret-vivante", "6.00"),
        ("merchant_credit:librairie", "6.00"),
    ];
    stands(&s, &claimed, 0).await;
    assert_eq!(open_cases(&s).await, [CaseKind::RefundAfterPayout]);
    // The credit is not usable: the shop is asked for all of the next month.
    give(
        &s,
        "B",
        "2026-09-10T10:00:00Z",
        "18.00",
        "camille@example.org",
    )
    .await;
    let next = collect(&s, on("2026-10-02"), month("2026-09-01")).await;
    assert_eq!(next[0].amount, "18.00");
    pays(&s, &next[0]).await;
    let mut tx = s.world.db.begin().await.unwrap();
    settlement_lock::lock_exclusive(&mut tx).await.unwrap();
    let id = refund_due(&s).await;
    let (now, day) = (Utc::now(), on("2026-10-05"));
    let borne = refunds_due::bear(&mut tx, now, day, id, 0, DECIDED).await;
    assert!(
        matches!(borne, Err(SettleError::NoFloat { .. })),
        "there is no float"
    );
    refunds_due::settle_agreed(&mut tx, now, day, id, DECIDED)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let agreed = [
        ("merchant_receivable:librairie", "-6.00"),
        ("safeguarded_cash:bank", "18.00"),
        ("association_payable:foret-vivante", "12.00"),
    ];
    stands(&s, &agreed, 0).await;
    assert_eq!(open_cases(&s).await, []);
    // The next payout is its donations less what the association gave back.
    let next = prepare_payouts(&s, on("2026-10-06")).await;
    assert_eq!((next[0].count, next[0].amount.as_str()), (1, "12.00"));
    give(
        &s,
        "C",
        "2026-10-10T10:00:00Z",
        "10.00",
        "camille@example.org",
    )
    .await;
    let last = collect(&s, on("2026-11-02"), month("2026-10-01")).await;
    assert_eq!(
        (last[0].amount.as_str(), last[0].credited.as_str()),
        ("4.00", "6.00")
    );
    s.checked().await;
}

#[tokio::test]
async fn a_payment_taken_back_before_the_payout_is_owed_again_and_asked_for_again() {
    let s = Service::start().await;
    given(&s, &[("A", "20.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let reference = asked[0].reference.as_str();
    assert_eq!(
        shown(&s, line(BankSide::Credit, reference, 2000, "came")).await,
        1
    );
    let prepared = prepare_payouts(&s, on("2026-09-05")).await;
    assert_eq!(
        shown(&s, line(BankSide::Debit, reference, 2000, "went")).await,
        1
    );
    let promised = [
        ("merchant_receivable:librairie", "20.00"),
        ("association_pending:foret-vivante", "20.00"),
    ];
    stands(&s, &promised, 0).await;
    assert_eq!(open_cases(&s).await, [CaseKind::CollectionFailed]);
    let mut db = s.world.db.acquire().await.unwrap();
    let given_up = payouts::list(&mut db, Reader::System, Some(prepared[0].payout_id)).await;
    assert_eq!(given_up.unwrap()[0].state, PayoutState::TakenBack);
    drop(db);
    ask_again(&s, asked[0].collection_id).await;
    assert_eq!(
        shown(&s, line(BankSide::Credit, reference, 2000, "came again")).await,
        1
    );
    let arrived = [
        ("safeguarded_cash:bank", "20.00"),
        ("association_payable:foret-vivante", "20.00"),
    ];
    stands(&s, &arrived, 0).await;
    assert_eq!(open_cases(&s).await, []);
    s.checked().await;
}

#[tokio::test]
async fn what_is_given_back_of_a_payment_taken_back_takes_nothing_off_the_next() {
    let s = Service::start().await;
    given(&s, &[("A", "20.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let reference = asked[0].reference.as_str();
    shown(&s, line(BankSide::Credit, reference, 2000, "came")).await;
    shown(&s, line(BankSide::Debit, reference, 2000, "went")).await;
    give_back(&s, "A", "one", None).await;
    stands(&s, &[], 0).await;
    give(
        &s,
        "B",
        "2026-09-10T10:00:00Z",
        "16.00",
        "camille@example.org",
    )
    .await;
    // The shop is asked for nothing more by the same way until somebody decides.
    let (now, day, period) = (Utc::now(), on("2026-10-02"), month("2026-09-01"));
    let held = runs::run_collections(&s.app, now, day, period)
        .await
        .unwrap();
    assert!(held.collections.is_empty());
    assert!(held.set_aside[0].reason.contains("decide its case"));
    ask_again(&s, asked[0].collection_id).await;
    let next = collect(&s, on("2026-10-02"), month("2026-09-01")).await;
    assert_eq!(
        next[0].amount, "16.00",
        "it is owed whole, and nothing arrived"
    );
    assert_eq!(next[0].state, CollectionState::Submitted);
    let asked = [
        ("collection_in_transit:transfer", "16.00"),
        ("association_pending:foret-vivante", "16.00"),
    ];
    stands(&s, &asked, 0).await;
    s.checked().await;
}

async fn ask_again(s: &Service, id: obole::values::CollectionId) {
    let mut tx = s.world.db.begin().await.unwrap();
    settlement_lock::lock_exclusive(&mut tx).await.unwrap();
    let decided = Decision {
        decision: "ask-again",
        ..DECIDED
    };
    collections::ask_again(&mut tx, Utc::now(), on("2026-09-04"), id, None, decided)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_payment_taken_back_after_the_payout_holds_payouts_until_the_shop_pays_again() {
    let s = Service::start().await;
    given(&s, &[("A", "20.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let reference = asked[0].reference.as_str();
    shown(&s, line(BankSide::Credit, reference, 2000, "came")).await;
    pay_out(&s).await;
    // Another shop's donation arrives: it is not to fill the hole.
    let other = crate::steps::another_shop(&s, "Fleuriste").await;
    crate::steps::give_at(&s, &other, "F", "2026-09-10T10:00:00Z", |event| {
        event["data"]["donation"]["amount"] = "30.00".into();
        event["data"]["donation"]["cause"] = "abri".into();
    })
    .await;
    asked_and_paid(&s, on("2026-10-02"), month("2026-09-01")).await;
    assert_eq!(
        shown(&s, line(BankSide::Debit, reference, 2000, "went")).await,
        1
    );
    let hole = [
        ("merchant_receivable:librairie", "20.00"),
        ("safeguarded_cash:bank", "10.00"),
        ("association_payable:abri", "30.00"),
    ];
    stands(&s, &hole, -2000).await;
    let prepared = prepare_payouts(&s, on("2026-10-05")).await;
    let emails = ["lea@obole.example", "hugo@obole.example"];
    let operators = emails.map(|e| obole::values::Email::parse(e).unwrap());
    let (now, day) = (Utc::now(), on("2026-10-05"));
    for (n, who) in operators.iter().enumerate() {
        let approved = runs::approve_payout(&s.app, now, day, prepared[0].payout_id, who).await;
        assert_eq!(
            approved.is_ok(),
            n == 0,
            "the second approval waits for cover"
        );
    }
    assert!(open_cases(&s).await.contains(&CaseKind::ShortOfCover));
    stands(&s, &hole, -2000).await;
    ask_again(&s, asked[0].collection_id).await;
    shown(&s, line(BankSide::Credit, reference, 2000, "came again")).await;
    let left = runs::run_payouts(&s.app, now, day).await.unwrap();
    assert_eq!(
        left[0].state,
        PayoutState::Submitted,
        "what waited leaves by itself"
    );
    let whole = [
        ("safeguarded_cash:bank", "30.00"),
        ("payout_in_transit:transfer", "-30.00"),
    ];
    stands(&s, &whole, 0).await;
    assert_eq!(open_cases(&s).await, []);
    s.checked().await;
}

#[tokio::test]
async fn a_fee_that_the_bank_takes_is_nobodys_donation_and_holds_payouts() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, &[("A", "20.00")]).await;
    asked_and_paid(&s, on("2026-09-02"), month("2026-08-01")).await;
    assert_eq!(
        shown(&s, line(BankSide::Debit, "FRAIS", 500, "fee")).await,
        0
    );
    let short = [
        ("suspense:bank", "5.00"),
        ("safeguarded_cash:bank", "15.00"),
        ("association_payable:foret-vivante", "20.00"),
    ];
    stands(&s, &short, -500).await;
    let prepared = prepare_payouts(&s, on("2026-09-05")).await;
    let mut waits = String::new();
    for who in &operators {
        let (now, day) = (Utc::now(), on("2026-09-05"));
        let approved = runs::approve_payout(&s.app, now, day, prepared[0].payout_id, who).await;
        waits = approved.err().map(|e| e.to_string()).unwrap_or_default();
    }
    assert!(waits.contains("5.00 euros short"), "{waits}");
    stands(&s, &short, -500).await;
    s.checked().await;
}

#[tokio::test]
async fn a_payout_that_comes_back_settles_the_claims_on_it_first() {
    let s = Service::start().await;
    given(&s, &[("A", "20.00")]).await;
    asked_and_paid(&s, on("2026-09-02"), month("2026-08-01")).await;
    let paid_out = pay_out(&s).await;
    give_back(&s, "A", "one", Some("6.00")).await;
    let back = line(BankSide::Credit, &paid_out[0].reference, 2000, "back");
    assert_eq!(shown(&s, back).await, 1);
    let unmade = [
        ("merchant_receivable:librairie", "-6.00"),
        ("safeguarded_cash:bank", "20.00"),
        ("association_payable:foret-vivante", "14.00"),
    ];
    stands(&s, &unmade, 0).await;
    assert_eq!(open_cases(&s).await, [CaseKind::PayoutFailed]);
    s.checked().await;
}

#[tokio::test]
async fn a_payout_that_comes_back_after_its_donations_money_went_is_promised_again() {
    let s = Service::start().await;
    given(&s, &[("A", "20.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let reference = asked[0].reference.as_str();
    shown(&s, line(BankSide::Credit, reference, 2000, "came")).await;
    let paid_out = pay_out(&s).await;
    shown(&s, line(BankSide::Credit, "WHO", 2500, "somebody's")).await;
    shown(&s, line(BankSide::Debit, reference, 2000, "went")).await;
    let owes = [
        ("merchant_receivable:librairie", "20.00"),
        ("safeguarded_cash:bank", "5.00"),
        ("suspense:bank", "-25.00"),
    ];
    stands(&s, &owes, -2000).await;
    shown(
        &s,
        line(BankSide::Credit, &paid_out[0].reference, 2000, "back"),
    )
    .await;
    let promised = [
        ("merchant_receivable:librairie", "20.00"),
        ("safeguarded_cash:bank", "25.00"),
        ("suspense:bank", "-25.00"),
        ("association_pending:foret-vivante", "20.00"),
    ];
    stands(&s, &promised, 0).await;
    s.checked().await;
}

#[tokio::test]
async fn what_an_association_gave_back_of_money_that_went_is_taken_from_what_comes_next() {
    let s = Service::start().await;
    given(&s, &[("A", "20.00")]).await;
    asked_and_paid(&s, on("2026-09-02"), month("2026-08-01")).await;
    pay_out(&s).await;
    give_back(&s, "A", "one", Some("15.00")).await;
    // What arrives next is given up for the first; then its own refund finds nothing left.
    give(
        &s,
        "B",
        "2026-09-10T10:00:00Z",
        "16.00",
        "camille@example.org",
    )
    .await;
    asked_and_paid(&s, on("2026-10-02"), month("2026-09-01")).await;
    let mut tx = s.world.db.begin().await.unwrap();
    settlement_lock::lock_exclusive(&mut tx).await.unwrap();
    let id = refund_due(&s).await;
    refunds_due::settle_agreed(&mut tx, Utc::now(), on("2026-10-05"), id, DECIDED)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    give_back(&s, "B", "one", None).await;
    let owed = [
        ("merchant_receivable:librairie", "-31.00"),
        ("safeguarded_cash:bank", "16.00"),
        ("refund_due:foret-vivante", "15.00"),
    ];
    stands(&s, &owed, -1500).await;
    for (order, amount) in [("C", "40.00"), ("D", "10.00")] {
        give(
            &s,
            order,
            "2026-10-10T10:00:00Z",
            amount,
            "camille@example.org",
        )
        .await;
    }
    let asked = collect(&s, on("2026-11-02"), month("2026-10-01")).await;
    assert_eq!(asked[0].amount, "19.00", "fifty less its credit");
    pays(&s, &asked[0]).await;
    let prepared = prepare_payouts(&s, on("2026-11-05")).await;
    assert_eq!(
        (prepared[0].count, prepared[0].amount.as_str()),
        (2, "35.00")
    );
    let recovered = [
        ("safeguarded_cash:bank", "35.00"),
        ("association_payable:foret-vivante", "35.00"),
    ];
    stands(&s, &recovered, 0).await;
    s.checked().await;
}

#[tokio::test]
async fn a_return_that_is_told_before_the_bank_shows_it_is_counted_once() {
    let s = Service::start().await;
    let lea = actor(&s).await;
    given(&s, &[("A", "20.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let reference = asked[0].reference.as_str();
    shown(&s, line(BankSide::Credit, reference, 2000, "came")).await;
    let prepared = prepare_payouts(&s, on("2026-09-05")).await;
    let day = on("2026-09-06");
    let told = CollectionAct::Return;
    let who = (&lea, "the bank wrote");
    let act = |name: String, act| {
        let app = &s.app;
        async move { runs::act_on_collection(app, Utc::now(), day, &name, act, who).await }
    };
    let spaced = format!("{} {}", &reference[..4], reference[4..].to_lowercase());
    let returned = act(spaced, told).await.unwrap();
    assert_eq!(returned.state, CollectionState::Returned);
    let promised = [
        ("merchant_receivable:librairie", "20.00"),
        ("association_pending:foret-vivante", "20.00"),
        ("safeguarded_cash:bank", "20.00"),
        ("suspense:bank", "-20.00"),
    ];
    stands(&s, &promised, 0).await;
    let mut db = s.world.db.acquire().await.unwrap();
    let given_up = payouts::list(&mut db, Reader::System, Some(prepared[0].payout_id)).await;
    assert_eq!(given_up.unwrap()[0].state, PayoutState::TakenBack);
    drop(db);
    // It is asked for again and comes; then the first line comes at last.
    act(reference.into(), CollectionAct::Retry(None))
        .await
        .unwrap();
    shown(&s, line(BankSide::Credit, reference, 2000, "came again")).await;
    let again = prepare_payouts(&s, on("2026-09-07")).await;
    let went = line(BankSide::Debit, reference, 2000, "went");
    assert_eq!(shown(&s, went.clone()).await, 1);
    assert_eq!(shown(&s, went).await, 0, "the same line");
    let arrived = [
        ("safeguarded_cash:bank", "20.00"),
        ("association_payable:foret-vivante", "20.00"),
    ];
    stands(&s, &arrived, 0).await;
    let mut db = s.world.db.acquire().await.unwrap();
    let kept = payouts::list(&mut db, Reader::System, Some(again[0].payout_id)).await;
    assert_eq!(kept.unwrap()[0].state, PayoutState::Prepared);
    drop(db);
    // Another debit is a return of the second payment.
    shown(&s, line(BankSide::Debit, reference, 2000, "went again")).await;
    let owed = [
        ("merchant_receivable:librairie", "20.00"),
        ("association_pending:foret-vivante", "20.00"),
    ];
    stands(&s, &owed, 0).await;
    s.checked().await;
}

/// An operator, as the audit log names her.
async fn actor(s: &Service) -> Actor {
    let operators = s.operators().await;
    Actor {
        who: operators[0].as_str().to_owned(),
        source: "a test".into(),
    }
}

#[tokio::test]
async fn what_no_association_has_is_given_up_and_nobody_owes_it() {
    let s = Service::start().await;
    let lea = actor(&s).await;
    given(&s, &[("A", "20.00"), ("B", "5.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let (name, day) = (asked[0].collection_id.to_string(), on("2026-09-06"));
    for act in [CollectionAct::Reject, CollectionAct::WriteOff] {
        let who = (&lea, "the shop is bankrupt");
        runs::act_on_collection(&s.app, Utc::now(), day, &name, act, who)
            .await
            .unwrap();
    }
    stands(&s, &[], 0).await;
    assert_eq!(open_cases(&s).await, []);
    // What the shop gives back of it was never owed.
    give_back(&s, "A", "one", Some("4.00")).await;
    stands(&s, &[], 0).await;
    let receipts = crate::steps::issue_receipts(&s, on("2026-10-01"), month("2026-08-01")).await;
    assert_eq!(crate::steps::held(&receipts), [("not-paid-out", 2)]);
    // The liquidator pays after all: what the shop did not give back is promised again.
    let who = (&lea, "the liquidator wrote");
    let again = CollectionAct::Retry(None);
    let asked = runs::act_on_collection(&s.app, Utc::now(), day, &name, again, who).await;
    assert_eq!(asked.unwrap().state, CollectionState::Submitted);
    let asks = [
        ("collection_in_transit:transfer", "21.00"),
        ("association_pending:foret-vivante", "21.00"),
    ];
    stands(&s, &asks, 0).await;
    let mut db = s.world.db.acquire().await.unwrap();
    let filter = CollectionFilter::All;
    let asked = collections::list(&mut db, Reader::System, filter)
        .await
        .unwrap();
    drop(db);
    let reference = asked[0].reference.clone();
    assert_eq!(
        shown(&s, line(BankSide::Credit, &reference, 2100, "late")).await,
        1
    );
    let arrived = [
        ("safeguarded_cash:bank", "21.00"),
        ("association_payable:foret-vivante", "21.00"),
    ];
    stands(&s, &arrived, 0).await;
    s.checked().await;
}

#[tokio::test]
async fn a_return_withdrawn_after_it_was_asked_for_again_settles_that_or_is_a_credit() {
    let s = Service::start().await;
    let lea = actor(&s).await;
    given(&s, &[("A", "20.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let (reference, day) = (asked[0].reference.as_str(), on("2026-09-06"));
    let act = |act| {
        let (app, who) = (&s.app, (&lea, "it was another shop's"));
        async move { runs::act_on_collection(app, Utc::now(), day, reference, act, who).await }
    };
    shown(&s, line(BankSide::Credit, reference, 2000, "came")).await;
    // Told in error, asked for again, and withdrawn before anything came.
    act(CollectionAct::Return).await.unwrap();
    act(CollectionAct::Retry(None)).await.unwrap();
    let settled = act(CollectionAct::WithdrawReturn).await.unwrap();
    assert_eq!(settled.state, CollectionState::Settled);
    let arrived = [
        ("safeguarded_cash:bank", "20.00"),
        ("association_payable:foret-vivante", "20.00"),
    ];
    stands(&s, &arrived, 0).await;
    // Told in error once more, and paid again before that was seen.
    act(CollectionAct::Return).await.unwrap();
    act(CollectionAct::Retry(None)).await.unwrap();
    shown(&s, line(BankSide::Credit, reference, 2000, "came again")).await;
    act(CollectionAct::WithdrawReturn).await.unwrap();
    let credited = [
        ("safeguarded_cash:bank", "40.00"),
        ("association_payable:foret-vivante", "20.00"),
        ("merchant_receivable:librairie", "-20.00"),
    ];
    stands(&s, &credited, 0).await;
    assert_eq!(open_cases(&s).await, []);
    s.checked().await;
}

#[tokio::test]
async fn a_return_that_was_told_in_error_is_withdrawn_and_the_money_is_there_as_before() {
    let s = Service::start().await;
    let lea = actor(&s).await;
    given(&s, &[("A", "20.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let (reference, day) = (asked[0].reference.as_str(), on("2026-09-06"));
    let act = |act, why: &'static str| {
        let (app, who) = (&s.app, (&lea, why));
        async move { runs::act_on_collection(app, Utc::now(), day, reference, act, who).await }
    };
    let withdrawn = act(CollectionAct::WithdrawReturn, "nobody said so").await;
    let words = withdrawn.unwrap_err().to_string();
    assert!(words.contains("nobody said"), "{words}");
    shown(&s, line(BankSide::Credit, reference, 2000, "came")).await;
    let arrived = [
        ("safeguarded_cash:bank", "20.00"),
        ("association_payable:foret-vivante", "20.00"),
    ];
    stands(&s, &arrived, 0).await;
    act(CollectionAct::Return, "the bank wrote").await.unwrap();
    // The shop gives some back meanwhile: it has paid that, and takes it off its next payment.
    give_back(&s, "A", "one", Some("5.00")).await;
    act(CollectionAct::WithdrawReturn, "of another customer")
        .await
        .unwrap();
    let credited = [
        ("safeguarded_cash:bank", "20.00"),
        ("merchant_receivable:librairie", "-5.00"),
        ("association_payable:foret-vivante", "15.00"),
    ];
    stands(&s, &credited, 0).await;
    assert_eq!(open_cases(&s).await, []);
    // The bank shows it after all: then it is taken back.
    assert_eq!(
        shown(&s, line(BankSide::Debit, reference, 2000, "went")).await,
        1
    );
    let owed = [
        ("merchant_receivable:librairie", "15.00"),
        ("association_pending:foret-vivante", "15.00"),
    ];
    stands(&s, &owed, 0).await;
    let withdrawn = act(CollectionAct::WithdrawReturn, "again").await;
    let words = withdrawn.unwrap_err().to_string();
    assert!(words.contains("the bank has shown"), "{words}");
    s.checked().await;
}

#[tokio::test]
async fn what_an_association_has_is_borne_out_of_the_float_and_counts_as_arrived() {
    let s = Service::start().await;
    let lea = actor(&s).await;
    given(&s, &[("A", "20.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    let (id, reference) = (asked[0].collection_id, asked[0].reference.as_str());
    shown(&s, line(BankSide::Credit, reference, 2000, "came")).await;
    let paid_out = pay_out_by(&s, &[lea.who.as_str(), "hugo@obole.example"]).await;
    shown(&s, line(BankSide::Debit, reference, 2000, "went")).await;
    let (act, day, who) = (
        CollectionAct::WriteOff,
        on("2026-09-08"),
        (&lea, "bankrupt"),
    );
    let name = id.to_string();
    let refused = runs::act_on_collection(&s.app, Utc::now(), day, &name, act, who).await;
    let words = refused.unwrap_err().to_string();
    assert!(words.contains("20.00 euros short"), "{words}");
    // With a float that covers it; who tops it up is another story.
    let mut tx = s.world.db.begin().await.unwrap();
    settlement_lock::lock_exclusive(&mut tx).await.unwrap();
    let decided = Decision {
        decision: "write-off",
        ..DECIDED
    };
    collections::write_off(&mut tx, Utc::now(), day, id, 0, decided)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(s.balance("operator_losses:bank").await, 2000);
    assert_eq!(s.balance("merchant_receivable:librairie").await, 0);
    // The payout comes back: its donation has arrived, and is paid again.
    let back = line(BankSide::Credit, &paid_out[0].reference, 2000, "back");
    assert_eq!(shown(&s, back).await, 1);
    assert!(
        prepare_payouts(&s, day).await.is_empty(),
        "the payout holds it"
    );
    let id = paid_out[0].payout_id;
    let who = (&lea, "the account is right");
    let again = runs::act_on_payout(&s.app, Utc::now(), day, id, PayoutAct::PayAgain, who).await;
    assert_eq!(again.unwrap()[1].amount, "20.00");
    s.checked_but(&["donations-never-pay-fees"]).await;
}

#[tokio::test]
async fn a_payout_that_the_bank_refused_holds_its_donations_until_it_is_paid_again() {
    let s = Service::start().await;
    let lea = actor(&s).await;
    given(&s, &[("A", "20.00")]).await;
    asked_and_paid(&s, on("2026-09-02"), month("2026-08-01")).await;
    let day = on("2026-09-05");
    let prepared = prepare_payouts(&s, day).await;
    let emails = ["lea@obole.example", "hugo@obole.example"];
    let operators = emails.map(|e| obole::values::Email::parse(e).unwrap());
    approve(&s, day, &operators, &prepared).await;
    let id = prepared[0].payout_id;
    let act = |id, act| {
        let (app, lea) = (&s.app, &lea);
        async move { runs::act_on_payout(app, Utc::now(), day, id, act, (lea, "AC04")).await }
    };
    act(id, PayoutAct::Refuse).await.unwrap();
    let owed = [
        ("safeguarded_cash:bank", "20.00"),
        ("association_payable:foret-vivante", "20.00"),
    ];
    stands(&s, &owed, 0).await;
    assert_eq!(open_cases(&s).await, [CaseKind::PayoutFailed]);
    assert!(prepare_payouts(&s, day).await.is_empty(), "it holds them");
    let again = act(id, PayoutAct::PayAgain).await.unwrap();
    assert_eq!(
        (again[0].state, again[1].state, again[1].approvals),
        (PayoutState::PaidAgain, PayoutState::Prepared, 0)
    );
    assert_ne!(again[0].reference, again[1].reference);
    assert_eq!(open_cases(&s).await, []);
    approve(&s, day, &operators, &again[1..]).await;
    shown(&s, line(BankSide::Debit, &again[1].reference, 2000, "left")).await;
    stands(&s, &[], 0).await;
    // Taken back, a payout frees what it has for the next.
    give(
        &s,
        "C",
        "2026-09-10T10:00:00Z",
        "30.00",
        "camille@example.org",
    )
    .await;
    asked_and_paid(&s, on("2026-10-02"), month("2026-09-01")).await;
    let next = prepare_payouts(&s, on("2026-10-05")).await;
    act(next[0].payout_id, PayoutAct::TakeBack).await.unwrap();
    let last = prepare_payouts(&s, on("2026-10-05")).await;
    assert_ne!(last[0].payout_id, next[0].payout_id);
    assert_eq!(last[0].amount, "30.00");
    s.checked().await;
}

#[tokio::test]
async fn a_shop_whose_credit_pays_its_donations_lets_their_money_leave() {
    let s = Service::start().await;
    given(&s, &[("A", "40.00")]).await;
    let asked = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    give_back(&s, "A", "one", Some("30.00")).await;
    pays(&s, &asked[0]).await;
    give(
        &s,
        "B",
        "2026-09-10T10:00:00Z",
        "20.00",
        "camille@example.org",
    )
    .await;
    let next = collect(&s, on("2026-10-02"), month("2026-09-01")).await;
    assert_eq!(
        next[0].state,
        CollectionState::Settled,
        "its credit is larger"
    );
    let operators = s.operators().await;
    let prepared = prepare_payouts(&s, on("2026-10-05")).await;
    approve(&s, on("2026-10-05"), &operators, &prepared).await;
    let left = (&prepared[0].reference, prepared[0].amount_cents);
    shown(&s, line(BankSide::Debit, left.0, left.1, "left")).await;
    let credit = [
        ("merchant_receivable:librairie", "-10.00"),
        ("safeguarded_cash:bank", "10.00"),
    ];
    stands(&s, &credit, 0).await;
    s.checked().await;
}

fn euros(cents: i64) -> Amount {
    Amount::from_cents(cents).unwrap()
}

/// Every posting that the rules can make, of each leg.
fn postings() -> Vec<Transfer> {
    let fact = Fact {
        id: Uuid::nil(),
        occurred_at: Utc::now(),
    };
    let of = Parties {
        merchant: "shop",
        association: "asso",
    };
    let (rail, bank) = (Rail::Transfer, CashAccount::Bank);
    let both = Borne::of(300, 200);
    let share = AssociationShare {
        association: "asso".into(),
        borne: both,
    };
    let arrived = [("asso".to_owned(), euros(100))];
    let mut all = vec![
        ledger::donation_recorded(fact, of, euros(1)),
        ledger::donation_refunded(fact, of, euros(1)),
        ledger::donation_refunded_after_payout(fact, of, euros(1)),
        ledger::refund_recovered(fact, "asso", euros(1)),
        ledger::collection_submitted(fact, rail, "shop", euros(1)),
        ledger::collection_rejected(fact, rail, "shop", euros(1)),
        ledger::payout_settled(fact, rail, MoneyAt::Cash, euros(1)),
        ledger::payout_settled(fact, rail, MoneyAt::Suspense, euros(1)),
        ledger::bank_credit_unknown(fact, bank, euros(1)),
        ledger::bank_debit_unknown(fact, bank, euros(1)),
        ledger::bank_fee(fact, bank, MoneyAt::Cash, euros(1)),
        ledger::bank_fee(fact, bank, MoneyAt::Suspense, euros(1)),
        ledger::bank_fee_undone(fact, bank, euros(1)),
        ledger::bank_top_up(fact, bank, euros(1)),
        ledger::bank_top_up_undone(fact, bank, euros(1)),
        ledger::bank_next_month(fact, bank, "shop", euros(1)),
        ledger::bank_next_month_undone(fact, bank, "shop", euros(1)),
    ];
    all.extend(payouts_of_each_payee(fact, rail));
    all.extend(ledger::donation_refunded_late(fact, of, both));
    all.extend(ledger::refund_agreed(fact, of, euros(1)));
    all.extend(ledger::refund_borne(fact, bank, of, euros(1)));
    all.extend(ledger::collection_settled(
        fact,
        rail,
        Arrived {
            now_cents: 60,
            before_cents: 40,
        },
        &arrived,
    ));
    let shares = [share.clone()];
    let back = (MoneyAt::Cash, euros(300));
    all.extend(ledger::collection_returned(
        fact, rail, "shop", back, &shares,
    ));
    let told = ledger::collection_return_told(fact, rail, "shop", euros(300), &shares);
    all.extend(told);
    all.push(ledger::collection_return_shown(fact, bank, euros(300)));
    let withdrawn = ledger::collection_return_withdrawn(fact, bank, "shop", euros(300));
    all.push(withdrawn);
    let back = (MoneyAt::Suspense, euros(300));
    all.extend(ledger::collection_returned(fact, rail, "shop", back, &[]));
    all.extend(ledger::collection_written_off(
        fact, bank, "shop", &arrived, 50,
    ));
    all.extend(ledger::collection_reinstated(fact, "shop", &arrived));
    all.extend(ledger::payout_unmade_refund(fact, of, euros(1)));
    all.extend(ledger::payout_unmade_promise(fact, &share));
    all
}

fn payouts_of_each_payee(fact: Fact, rail: Rail) -> Vec<Transfer> {
    let mut all = Vec::new();
    let paid_from = [
        PaidFrom::Association("asso"),
        PaidFrom::Suspense,
        PaidFrom::Merchant("shop"),
    ];
    for from in paid_from {
        all.push(ledger::payout_submitted(fact, rail, from, euros(1)));
        all.push(ledger::payout_refused(fact, rail, from, euros(1)));
        for at in [MoneyAt::Cash, MoneyAt::Suspense] {
            all.extend(ledger::payout_returned(fact, rail, from, (at, euros(1))));
        }
    }
    all
}

#[test]
fn the_posting_table_says_what_the_rules_post() {
    let kind = |account: &Account| account.name().split(':').next().unwrap().to_owned();
    let mut posted: Vec<[String; 3]> = postings()
        .iter()
        .map(|t| {
            let [debit, credit] = t.accounts();
            [t.fact().to_owned(), kind(debit), kind(credit)]
        })
        .collect();
    let rows = include_str!("../../src/ledger/rules.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .skip(1);
    let mut table: Vec<[String; 3]> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
            <[String; 3]>::try_from(cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>())
                .unwrap()
        })
        .collect();
    posted.sort();
    table.sort();
    assert!(table.len() > 25, "{table:?}");
    assert_eq!(posted, table);
}

#[test]
fn no_posting_moves_between_a_donation_and_a_fee() {
    for transfer in postings() {
        let names = transfer.accounts().map(Account::name);
        let fee = names.iter().any(|n| n.starts_with("provider_fees"));
        let of_the_account = names
            .iter()
            .any(|n| n.starts_with("safeguarded_cash") || n.starts_with("suspense"));
        assert!(!fee || of_the_account, "{names:?}");
    }
}
