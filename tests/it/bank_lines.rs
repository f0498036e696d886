//! What lines of the bank become: paid in parts, too much, twice or for several at once; returned
//! in any order; and what a person says of the rest, which another can undo.

use chrono::Utc;
use obole::audit::Actor;
use obole::cases::CaseKind;
use obole::collections::{Collection, CollectionFilter, CollectionState};
use obole::gateways::bank::{BankItem, BankReader};
use obole::payouts::{Payout, PayoutState};
use obole::reconciliation::{self, DecideError, Understood};
use obole::values::{
    Amount, BankLine, BankSide, CollectionId, LineDetails, LineId, OrderStatus, Reader,
};
use obole::{collections, ledger, payouts, receipts};

use crate::shop::Service;
use crate::steps::{
    another_shop, approve, collect, give, give_at, issue_receipts, month, on, prepare_payouts,
};
use crate::support::written;

pub const CREDIT: BankSide = BankSide::Credit;
pub const DEBIT: BankSide = BankSide::Debit;

/// A line of the bank's, of 3 September.
pub fn line(side: BankSide, references: &[&str], cents: i64, identity: &str) -> BankLine {
    BankLine {
        account: "FR7630006000011234567890189".into(),
        statement: "by hand".into(),
        identity: identity.into(),
        side,
        amount: Amount::from_cents(cents).unwrap(),
        booked_on: on("2026-09-03"),
        references: references.iter().map(|r| (*r).to_owned()).collect(),
        details: LineDetails::default(),
    }
}

/// Imports lines as one file; returns how many were matched and how many were not.
pub async fn shown(s: &Service, lines: &[BankLine]) -> (usize, usize) {
    let mut tx = s.world.db.begin().await.unwrap();
    let now = Utc::now();
    let import = reconciliation::import(&mut tx, now, lines).await.unwrap();
    receipts::question_unpaid(&mut tx, now, &import.returned_payouts)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    (import.summary.matched, import.summary.unmatched)
}

/// Every account that holds something, on its normal side, and no check that is broken.
pub async fn stands(s: &Service, expected: &[(&str, &str)]) {
    let mut owner = s.world.owner.acquire().await.unwrap();
    let all = ledger::balances(&mut owner, Reader::System).await.unwrap();
    let held = all.into_iter().filter(|b| b.balance_cents != 0);
    let mut held: Vec<(String, String)> = held.map(|b| (b.name, b.balance)).collect();
    let mut expected: Vec<(String, String)> = expected
        .iter()
        .map(|(name, balance)| ((*name).to_owned(), (*balance).to_owned()))
        .collect();
    held.sort();
    expected.sort();
    assert_eq!(held, expected);
    let verdicts = obole::checks::run(&mut owner).await.unwrap();
    let broken: Vec<_> = verdicts.iter().filter(|v| !v.ok).map(|v| v.name).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

/// The shop gave so many orders of two euros in August, and is asked for them.
pub async fn asked(s: &Service, orders: usize) -> Collection {
    for n in 0..orders {
        let (order, at) = (format!("A-{n}"), format!("2026-08-{:02}T10:00:00Z", n + 1));
        give(s, &order, &at, "2.00", "camille@example.org").await;
    }
    collect(s, on("2026-09-02"), month("2026-08-01"))
        .await
        .remove(0)
}

async fn state(s: &Service, id: CollectionId) -> CollectionState {
    let mut db = s.world.db.acquire().await.unwrap();
    let all = collections::list(&mut db, Reader::System, CollectionFilter::All).await;
    let all = all.unwrap();
    all.iter().find(|c| c.collection_id == id).unwrap().state
}

/// Where a payout stands.
pub async fn payout_state(s: &Service, payout: &Payout) -> PayoutState {
    let mut db = s.world.db.acquire().await.unwrap();
    let id = Some(payout.payout_id);
    let found = payouts::list(&mut db, Reader::System, id).await.unwrap();
    found[0].state
}

/// A collection of twenty euros is paid, and its payout has left for the bank.
pub async fn sent(s: &Service) -> Payout {
    let operators = s.operators().await;
    let collection = asked(s, 10).await;
    let paid = line(CREDIT, &[&collection.reference], 2000, "paid");
    assert_eq!(shown(s, &[paid]).await, (1, 0));
    let mut prepared = prepare_payouts(s, on("2026-09-05")).await;
    approve(s, on("2026-09-05"), &operators, &prepared).await;
    prepared.remove(0)
}

/// The lines of which something is unexplained.
pub async fn open(s: &Service) -> Vec<reconciliation::Line> {
    let mut db = s.world.db.acquire().await.unwrap();
    reconciliation::lines(&mut db, Reader::System, true)
        .await
        .unwrap()
}

/// How many cases of a kind are open.
pub async fn open_cases(s: &Service, kind: CaseKind) -> usize {
    crate::steps::open_cases(s, kind).await.len()
}

/// Lea of the team.
pub fn lea() -> Actor {
    Actor {
        who: "lea@obole.example".into(),
        source: "test".into(),
    }
}

/// Lea says what a line is.
pub async fn decide(s: &Service, line: LineId, as_: Understood) -> Result<i64, DecideError> {
    let mut tx = s.world.db.begin().await.unwrap();
    let now = Utc::now();
    let by = lea();
    let done = reconciliation::match_line(&mut tx, now, line, &as_, &by, "by telephone").await?;
    tx.commit().await.unwrap();
    Ok(done.open_cents)
}

/// Lea undoes what a line is said to be; why not, if it stays.
pub async fn undo(s: &Service, line: LineId) -> Result<i64, String> {
    let mut tx = s.world.db.begin().await.unwrap();
    let (now, by) = (Utc::now(), lea());
    let undone = reconciliation::unmatch_line(&mut tx, now, line, &by, "a mistake");
    let open = undone.await.map_err(|e| e.to_string())?;
    tx.commit().await.unwrap();
    Ok(open)
}

#[tokio::test]
async fn a_payment_in_parts_settles_when_it_is_complete() {
    let s = Service::start().await;
    let c = asked(&s, 10).await;
    let part = |cents, n| line(CREDIT, &[&c.reference], cents, n);
    assert_eq!(shown(&s, &[part(1200, "one")]).await, (0, 1));
    stands(
        &s,
        &[
            ("collection_in_transit:transfer", "20.00"),
            ("association_pending:foret-vivante", "20.00"),
            ("safeguarded_cash:bank", "12.00"),
            ("suspense:bank", "-12.00"),
        ],
    )
    .await;
    assert!(
        open(&s).await[0]
            .proposal
            .as_ref()
            .unwrap()
            .contains("--accept-part")
    );
    assert_eq!(
        shown(&s, &[part(300, "two"), part(500, "three")]).await,
        (2, 0)
    );
    stands(
        &s,
        &[
            ("association_payable:foret-vivante", "20.00"),
            ("safeguarded_cash:bank", "20.00"),
        ],
    )
    .await;
    assert_eq!(open_cases(&s, CaseKind::BankLineUnmatched).await, 0);
    s.checked().await;
}

#[tokio::test]
async fn what_is_paid_too_much_or_twice_is_taken_off_the_next_month_if_a_person_says_so() {
    let s = Service::start().await;
    let c = asked(&s, 10).await;
    let paid = |cents, n| line(CREDIT, &[&c.reference], cents, n);
    assert_eq!(shown(&s, &[paid(2500, "more")]).await, (1, 0));
    assert_eq!(shown(&s, &[paid(700, "again")]).await, (0, 1));
    let lines = open(&s).await;
    let told: Vec<_> = lines
        .iter()
        .map(|l| (l.amount.as_str(), l.open.as_str(), l.state))
        .collect();
    assert_eq!(told.len(), 2);
    assert!(
        told.contains(&("25.00", "5.00", "open-in-part")),
        "{told:?}"
    );
    assert!(told.contains(&("7.00", "7.00", "open")), "{told:?}");
    let proposed = lines.iter().map(|l| l.proposal.as_deref().unwrap());
    assert!(
        proposed
            .clone()
            .all(|p| p.starts_with("--next-month librairie"))
    );
    let next = || Understood::NextMonth("librairie".into());
    for l in &lines {
        assert_eq!(decide(&s, l.line_id, next()).await.unwrap(), 0);
    }
    let credit = [
        ("merchant_receivable:librairie", "-12.00"),
        ("association_payable:foret-vivante", "20.00"),
        ("safeguarded_cash:bank", "32.00"),
    ];
    stands(&s, &credit).await;
    assert_eq!(open_cases(&s, CaseKind::BankLineUnmatched).await, 0);
    assert!(matches!(
        decide(&s, lines[0].line_id, next()).await,
        Err(DecideError::Explained)
    ));
    give(&s, "B", "2026-09-10T10:00:00Z", "30.00", "zoe@example.org").await;
    let again = lines.iter().find(|l| l.amount == "7.00").unwrap().line_id;
    assert_eq!(undo(&s, again).await, Ok(700));
    assert_eq!(open_cases(&s, CaseKind::BankLineUnmatched).await, 1);
    let next = collect(&s, on("2026-10-02"), month("2026-09-01")).await;
    assert_eq!(next[0].amount, "25.00", "thirty less what came too much");
    s.checked().await;
}

#[tokio::test]
async fn one_payment_that_names_several_collections_settles_all_if_it_is_exact() {
    let s = Service::start().await;
    let c = asked(&s, 5).await;
    let other = another_shop(&s, "Fleuriste").await;
    give_at(&s, &other, "F", "2026-09-10T10:00:00Z", |_| ()).await;
    let d = collect(&s, on("2026-10-02"), month("2026-09-01")).await;
    let both = [c.reference.as_str(), d[0].reference.as_str()];
    assert_eq!(
        shown(&s, &[line(CREDIT, &both, 1099, "short")]).await,
        (0, 1)
    );
    assert_eq!(
        shown(&s, &[line(CREDIT, &both, 1100, "exact")]).await,
        (1, 0)
    );
    for id in [c.collection_id, d[0].collection_id] {
        assert_eq!(state(&s, id).await, CollectionState::Settled);
    }
    s.checked().await;
}

#[tokio::test]
async fn a_payment_taken_back_before_it_came_ends_as_taken_back() {
    let s = Service::start().await;
    let c = asked(&s, 10).await;
    let went = line(DEBIT, &[&c.reference], 2000, "went");
    assert_eq!(shown(&s, &[went]).await, (0, 1));
    let came = line(CREDIT, &[&c.reference], 2000, "came");
    assert_eq!(shown(&s, &[came]).await, (1, 0));
    assert_eq!(state(&s, c.collection_id).await, CollectionState::Returned);
    stands(
        &s,
        &[
            ("merchant_receivable:librairie", "20.00"),
            ("association_pending:foret-vivante", "20.00"),
        ],
    )
    .await;
    s.checked().await;
}

#[tokio::test]
async fn a_second_payment_that_is_taken_back_leaves_the_first() {
    let s = Service::start().await;
    let c = asked(&s, 10).await;
    let came = |n| line(CREDIT, &[&c.reference], 2000, n);
    assert_eq!(shown(&s, &[came("one"), came("two")]).await, (1, 1));
    let back = line(DEBIT, &[&c.reference], 2000, "back");
    assert_eq!(shown(&s, &[back]).await, (1, 0));
    assert_eq!(state(&s, c.collection_id).await, CollectionState::Settled);
    assert!(open(&s).await.is_empty());
    s.checked().await;
}

#[tokio::test]
async fn a_payout_told_returned_before_its_debit_ends_as_returned_and_no_receipt_is_issued() {
    for in_one_file in [true, false] {
        let s = Service::start().await;
        let payout = sent(&s).await;
        let back = line(CREDIT, &[&payout.reference], 2000, "back");
        let left = line(DEBIT, &[&payout.reference], 2000, "left");
        if in_one_file {
            assert_eq!(shown(&s, &[back, left]).await, (2, 0));
        } else {
            assert_eq!(shown(&s, &[back]).await, (0, 1));
            let run = issue_receipts(&s, on("2026-09-06"), month("2026-08-01")).await;
            assert_eq!(run.issued, 0);
            assert_eq!(shown(&s, &[left]).await, (1, 0));
        }
        assert_eq!(payout_state(&s, &payout).await, PayoutState::Returned);
        let run = issue_receipts(&s, on("2026-09-06"), month("2026-08-01")).await;
        assert_eq!(run.issued, 0);
        assert!(open(&s).await.is_empty());
        s.checked().await;
    }
}

#[tokio::test]
async fn a_payout_that_comes_back_less_a_fee_is_whole_and_the_fee_is_the_operators() {
    let s = Service::start().await;
    let payout = sent(&s).await;
    let left = line(DEBIT, &[&payout.reference], 2000, "left");
    let back = line(CREDIT, &[&payout.reference], 1850, "back");
    assert_eq!(shown(&s, &[left, back]).await, (2, 0));
    stands(
        &s,
        &[
            ("association_payable:foret-vivante", "20.00"),
            ("safeguarded_cash:bank", "18.50"),
            ("provider_fees:bank", "1.50"),
        ],
    )
    .await;
    assert_eq!(open_cases(&s, CaseKind::ShortOfCover).await, 1);
    s.checked().await;
}

#[tokio::test]
async fn one_debit_that_names_several_payouts_settles_all() {
    let s = Service::start().await;
    let operators = s.operators().await;
    give_at(&s, &s.shop, "O-2", "2026-08-10T10:00:00Z", |event| {
        event["data"]["donation"]["cause"] = "abri".into();
    })
    .await;
    let c = asked(&s, 10).await;
    assert_eq!(
        shown(&s, &[line(CREDIT, &[&c.reference], 2100, "came")]).await,
        (1, 0)
    );
    let prepared = prepare_payouts(&s, on("2026-09-05")).await;
    approve(&s, on("2026-09-05"), &operators, &prepared).await;
    let references: Vec<&str> = prepared.iter().map(|p| p.reference.as_str()).collect();
    assert_eq!(
        shown(&s, &[line(DEBIT, &references, 2100, "left")]).await,
        (1, 0)
    );
    stands(&s, &[]).await;
    s.checked().await;
}

#[tokio::test]
async fn an_order_that_the_bank_refuses_frees_its_donations_once_whoever_tells_it() {
    let s = Service::start().await;
    let payout = sent(&s).await;
    let status = |status: &str| OrderStatus {
        reference: payout.reference.clone(),
        status: status.into(),
        reason: Some("AC04 closed".into()),
    };
    for told in ["RVMC", "RJCT", "RJCT"] {
        let mut tx = s.world.db.begin().await.unwrap();
        reconciliation::take_status(&mut tx, Utc::now(), &status(told))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = s.world.db.begin().await.unwrap();
    let notified = [line(CREDIT, &[&payout.reference], 2000, "notified")];
    reconciliation::take_notification(&mut tx, Utc::now(), &notified)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(payout_state(&s, &payout).await, PayoutState::Refused);
    let arrived = [
        ("association_payable:foret-vivante", "20.00"),
        ("safeguarded_cash:bank", "20.00"),
    ];
    stands(&s, &arrived).await;
    assert_eq!(open_cases(&s, CaseKind::PayoutFailed).await, 1);
    // The account shows both all the same: they undo each other.
    let left = line(DEBIT, &[&payout.reference], 2000, "left");
    let back = line(CREDIT, &[&payout.reference], 2000, "back");
    assert_eq!(shown(&s, &[left]).await, (0, 1));
    assert_eq!(shown(&s, &[back]).await, (1, 0));
    stands(&s, &arrived).await;
    s.checked().await;
}

#[tokio::test]
async fn a_fee_is_borne_by_the_operator_who_tops_up_and_both_can_be_undone() {
    let s = Service::start().await;
    asked(&s, 1).await;
    let fee = line(DEBIT, &[], 500, "fee");
    let mut top_up = line(CREDIT, &[], 800, "top up");
    top_up.details.party = Some("Obole".into());
    assert_eq!(shown(&s, &[fee, top_up]).await, (0, 2));
    let lines = open(&s).await;
    let id = |amount: &str| lines.iter().find(|l| l.amount == amount).unwrap().line_id;
    let (fee, top_up) = (id("5.00"), id("8.00"));
    assert!(decide(&s, top_up, Understood::Fee).await.is_err());
    assert!(decide(&s, fee, Understood::TopUp).await.is_err());
    assert_eq!(decide(&s, fee, Understood::Fee).await.unwrap(), 0);
    assert_eq!(open_cases(&s, CaseKind::ShortOfCover).await, 1);
    assert_eq!(decide(&s, top_up, Understood::TopUp).await.unwrap(), 0);
    let common = [
        ("collection_in_transit:transfer", "2.00"),
        ("association_pending:foret-vivante", "2.00"),
        ("safeguarded_cash:bank", "3.00"),
    ];
    let known = [
        ("provider_fees:bank", "5.00"),
        ("operator_current:bank", "8.00"),
    ];
    stands(&s, &[&common[..], &known].concat()).await;
    let kept = undo(&s, top_up).await.unwrap_err();
    assert!(kept.contains("float"), "{kept}");
    assert_eq!(undo(&s, fee).await, Ok(500));
    assert_eq!(undo(&s, top_up).await, Ok(800));
    stands(&s, &[&common[..], &[("suspense:bank", "-3.00")]].concat()).await;
    assert_eq!(
        undo(&s, fee).await,
        Err("nothing of this line is matched".into())
    );
    let corrected = "select count(*) from transfer where reverses_fact_id is not null";
    assert_eq!(s.count(corrected).await, 2);
    assert_eq!(s.count("select count(*) from audit_entry").await, 4);
    s.checked().await;
}

#[tokio::test]
async fn the_float_that_carries_what_a_shop_owes_is_not_undone() {
    let s = Service::start().await;
    let sent = sent(&s).await;
    let left = line(DEBIT, &[&sent.reference], 2000, "left");
    assert_eq!(shown(&s, &[left]).await, (1, 0));
    let top_up = line(CREDIT, &[], 2500, "top up");
    assert_eq!(shown(&s, &[top_up]).await, (0, 1));
    let top_up = open(&s).await[0].line_id;
    assert_eq!(decide(&s, top_up, Understood::TopUp).await.unwrap(), 0);
    let reference = "select reference from collection limit 1";
    let reference: String = sqlx::query_scalar(reference)
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    // The shop's bank takes back what the association has: the float carries it.
    let recalled = line(DEBIT, &[&reference], 2000, "recalled");
    assert_eq!(shown(&s, &[recalled]).await, (1, 0));
    let kept = undo(&s, top_up).await.unwrap_err();
    assert!(kept.contains("20.00 euros"), "{kept}");
    assert!(!kept.contains("fees or losses took"), "{kept}");
    // So does what was said to be a merchant's, once its payment is less by it.
    let paid_again = line(CREDIT, &[], 2000, "paid again");
    assert_eq!(shown(&s, &[paid_again]).await, (0, 1));
    let id = open(&s).await[0].line_id;
    let librairie = Understood::NextMonth("librairie".into());
    assert_eq!(decide(&s, id, librairie).await.unwrap(), 0);
    assert_eq!(undo(&s, top_up).await, Ok(2500));
    let kept = undo(&s, id).await.unwrap_err();
    assert!(kept.contains("librairie has taken it off"), "{kept}");
    s.checked().await;
}

#[tokio::test]
async fn a_part_that_is_accepted_settles_whole_donations_and_the_rest_is_asked_for_again() {
    let s = Service::start().await;
    let c = asked(&s, 10).await;
    let part = line(CREDIT, &[&c.reference], 1300, "part");
    assert_eq!(shown(&s, &[part]).await, (0, 1));
    let id = open(&s).await[0].line_id;
    assert_eq!(decide(&s, id, Understood::AcceptPart).await.unwrap(), 100);
    assert_eq!(state(&s, c.collection_id).await, CollectionState::Settled);
    stands(
        &s,
        &[
            ("merchant_receivable:librairie", "8.00"),
            ("association_pending:foret-vivante", "8.00"),
            ("association_payable:foret-vivante", "12.00"),
            ("safeguarded_cash:bank", "13.00"),
            ("suspense:bank", "-1.00"),
        ],
    )
    .await;
    let next = collect(&s, on("2026-10-02"), month("2026-09-01")).await;
    assert_eq!((next[0].count, next[0].amount.as_str()), (4, "8.00"));
    s.checked().await;
}

#[tokio::test]
async fn a_wrong_match_is_undone_until_its_money_left() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let c = asked(&s, 10).await;
    let stray = line(CREDIT, &[], 2000, "stray");
    assert_eq!(shown(&s, &[stray]).await, (0, 1));
    let id = open(&s).await[0].line_id;
    let as_ = || Understood::Collections(vec![c.collection_id]);
    assert_eq!(decide(&s, id, as_()).await.unwrap(), 0);
    assert_eq!(prepare_payouts(&s, on("2026-09-05")).await.len(), 1);
    assert_eq!(undo(&s, id).await, Ok(2000));
    let asked_again = [
        ("collection_in_transit:transfer", "20.00"),
        ("association_pending:foret-vivante", "20.00"),
        ("safeguarded_cash:bank", "20.00"),
        ("suspense:bank", "-20.00"),
    ];
    stands(&s, &asked_again).await;
    assert_eq!(state(&s, c.collection_id).await, CollectionState::Submitted);
    assert_eq!(decide(&s, id, as_()).await.unwrap(), 0);
    let prepared = prepare_payouts(&s, on("2026-09-05")).await;
    approve(&s, on("2026-09-05"), &operators, &prepared).await;
    let kept = undo(&s, id).await.unwrap_err();
    assert!(kept.contains("left"), "{kept}");
    s.checked().await;
}

#[tokio::test]
async fn a_debit_and_its_own_reversal_undo_each_other_and_hold_no_payout() {
    let s = Service::start().await;
    asked(&s, 1).await;
    let (debit, credit) = (line(DEBIT, &[], 900, "d"), line(CREDIT, &[], 900, "c"));
    assert_eq!(shown(&s, &[debit, credit]).await, (0, 2));
    let mut db = s.world.db.acquire().await.unwrap();
    assert_eq!(payouts::cover(&mut db).await.unwrap().left_cents(), -900);
    let lines = open(&s).await;
    let (one, other) = (lines[0].line_id, lines[1].line_id);
    assert_eq!(
        decide(&s, one, Understood::Reverses(other)).await.unwrap(),
        0
    );
    assert_eq!(payouts::cover(&mut db).await.unwrap().left_cents(), 0);
    assert!(open(&s).await.is_empty());
    assert_eq!(undo(&s, other).await, Ok(900));
    assert_eq!(open(&s).await.len(), 2);
    drop(db);
    s.checked().await;
}

#[tokio::test]
async fn a_credit_without_reference_is_proposed_for_the_one_shop_whose_it_may_be() {
    let s = Service::start().await;
    let c = asked(&s, 10).await;
    let mut known = line(CREDIT, &[], 2000, "named");
    known.details.party = Some("LIBRAIRIE SARL".into());
    let mut other = line(CREDIT, &[], 2000, "unnamed");
    other.details.party = Some("Somebody".into());
    assert_eq!(shown(&s, &[known, other]).await, (0, 2));
    let lines = open(&s).await;
    let of = |name: &str| {
        let found = lines.iter().find(|l| l.party.as_deref() == Some(name));
        found.unwrap().proposal.clone()
    };
    assert_eq!(
        of("LIBRAIRIE SARL"),
        Some(format!("--collection {}", c.collection_id))
    );
    assert_eq!(of("Somebody"), None);
    assert_eq!(state(&s, c.collection_id).await, CollectionState::Submitted);
    s.checked().await;
}

#[tokio::test]
async fn lines_that_an_earlier_version_stored_stay_known() {
    let s = Service::start().await;
    let mut told = line(CREDIT, &[], 700, "told now");
    told.details.former_identity = Some("told before".into());
    // A line as the version before stored it.
    let before = line(CREDIT, &[], 700, "told before");
    assert_eq!(shown(&s, &[before]).await, (0, 1));
    let mut owner = s.world.owner.acquire().await.unwrap();
    for sql in [
        "alter table bank_line disable trigger bank_line_is_append_only",
        "update bank_line set likeness = null, nth = null",
        "alter table bank_line enable trigger bank_line_is_append_only",
    ] {
        sqlx::query(sql).execute(&mut *owner).await.unwrap();
    }
    drop(owner);
    assert_eq!(shown(&s, &[told]).await, (0, 0), "it is known");
    s.checked().await;
}

/// What a file says, or why it is not read.
fn read(bytes: &[u8]) -> Result<Vec<BankItem>, String> {
    let path = written("read.xml", bytes);
    let mut reader = BankReader::open(&path, "read.xml").map_err(|e| e.to_string())?;
    let mut items = Vec::new();
    while let Some(item) = reader.next_item().map_err(|e| e.to_string())? {
        items.push(item);
    }
    Ok(items)
}

fn lines_of(items: &[BankItem]) -> Vec<&BankLine> {
    let lines = items.iter().filter_map(|i| match i {
        BankItem::Entry(lines) => Some(lines),
        _ => None,
    });
    lines.flatten().collect()
}

const REFERENCE: &str = "RF2076C78637EFE5754F422D";

/// A statement of one credit of ten euros, with details of its own.
fn statement(details: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document \
         xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr/><Stmt>\
         <Id>S</Id><Acct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></Acct><Ntry>\
         <Amt Ccy=\"EUR\">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt>\
         <Dt>2026-12-02</Dt></BookgDt>{details}</Ntry></Stmt></BkToCstmrStmt></Document>"
    )
}

fn transaction(inside: &str) -> String {
    format!("<NtryDtls><TxDtls>{inside}</TxDtls></NtryDtls>")
}

#[test]
fn references_are_found_wherever_a_bank_puts_them_and_in_whatever_pieces() {
    let ustrd = |t: &str| transaction(&format!("<RmtInf><Ustrd>{t}</Ustrd></RmtInf>"));
    for details in [
        ustrd("OBOLE RF2076C78637EFE</Ustrd><Ustrd>5754F422D MERCI"),
        ustrd("rf20-76c7-8637-efe5-754f-422d"),
        ustrd("SVWZ+RF2076C78637EFE?225754F422D"),
        transaction(
            "<RmtInf><Strd><AddtlRmtInf>RF20 76C7 8637 EFE5</AddtlRmtInf>\
             <AddtlRmtInf>754F 422D</AddtlRmtInf></Strd></RmtInf>",
        ),
        transaction(&format!(
            "<Refs><EndToEndId>{REFERENCE}</EndToEndId></Refs>"
        )),
        transaction(&format!("<AddtlTxInf>VIR {REFERENCE}</AddtlTxInf>")),
        format!("<AddtlNtryInf>VIR RECU {REFERENCE}</AddtlNtryInf>"),
    ] {
        let items = read(statement(&details).as_bytes()).unwrap();
        assert_eq!(lines_of(&items)[0].references, [REFERENCE], "{details}");
    }
}

#[test]
fn a_document_is_read_whatever_its_prefixes_its_encoding_and_its_envelope() {
    let plain = statement(&transaction(
        "<RltdPties><Dbtr><Pty><Nm>Épicerie &amp; Cie</Nm></Pty></Dbtr></RltdPties>",
    ));
    let prefixed = plain
        .replace("xmlns=", "xmlns:c=")
        .replace('<', "<c:")
        .replace("<c:/", "</c:")
        .replace("<c:?xml", "<?xml");
    let latin = plain.replace("UTF-8", "ISO-8859-15");
    let latin: Vec<u8> = latin
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let utf16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let enveloped = plain.replace("<Document", "<Msg><Hdr/><Document") + "</Msg>";
    for bytes in [
        plain.into_bytes(),
        prefixed.into_bytes(),
        latin,
        [&b"\xff\xfe"[..], &utf16].concat(),
        enveloped.into_bytes(),
    ] {
        let items = read(&bytes).unwrap();
        let party = lines_of(&items)[0].details.party.clone();
        assert_eq!(party.as_deref(), Some("Épicerie & Cie"));
    }
}

#[test]
fn charges_inside_an_entry_are_a_line_of_their_own() {
    let charged = "<Chrgs><Rcrd><Amt Ccy=\"EUR\">0.50</Amt><CdtDbtInd>DBIT</CdtDbtInd>\
                   <ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>";
    let items = read(statement(charged).as_bytes()).unwrap();
    let told: Vec<_> = lines_of(&items)
        .iter()
        .map(|l| (l.side, l.amount.cents(), l.details.is_fee))
        .collect();
    assert_eq!(
        told,
        [(CREDIT, 1050, false), (DEBIT, 50, true)],
        "gross, fee"
    );
}

#[test]
fn what_would_harm_or_says_nothing_is_refused_by_name() {
    let deep = format!("{}{}", "<a>".repeat(60), "</a>".repeat(60));
    for (text, told) in [
        ("", "no Document"),
        ("not xml", "no Document"),
        ("<!DOCTYPE x [<!ENTITY a \"b\">]><Document/>", "DOCTYPE"),
        ("<Document/>", "no Document"),
        (&statement("<X>&a;</X>"), "&a;"),
        (&statement(&deep), "too deep"),
        (
            statement("").split_once("<CdtDbtInd>").unwrap().0,
            "in the middle",
        ),
        (
            &statement("").replace("001.08", "001.13"),
            "camt.053.001.13",
        ),
        (&statement("").replace("camt.053", "camt.052"), "camt.052"),
        (
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
             <BkToCstmrStmt><GrpHdr/></BkToCstmrStmt></Document>",
            "no statement",
        ),
    ] {
        let refused = read(text.as_bytes()).unwrap_err();
        assert!(refused.starts_with("read.xml: not a camt.053"), "{refused}");
        assert!(refused.contains(told), "{refused}");
    }
}

#[test]
fn a_report_tells_what_became_of_each_order() {
    let report = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.03\">\
        <CstmrPmtStsRpt><GrpHdr/><OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId></OrgnlGrpInfAndSts>\
        <OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId><TxInfAndSts>\
        <OrgnlEndToEndId>01a2</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd>\
        </Rsn><AddtlInf>CLOSED</AddtlInf></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts>\
        </CstmrPmtStsRpt></Document>";
    let items = read(report.as_bytes()).unwrap();
    let [BankItem::Status(status)] = &items[..] else {
        panic!("{items:?}")
    };
    assert_eq!(status.reference, "01A2");
    assert_eq!(status.status, "RJCT");
    assert_eq!(status.reason.as_deref(), Some("AC04 CLOSED"));
}

#[tokio::test]
async fn the_import_of_a_report_says_what_it_told_of_which_order() {
    let s = Service::start().await;
    let payout = sent(&s).await;
    let report = |reference: &str, status: &str| {
        format!(
            "<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>\
             <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        )
    };
    let xml = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.03\"><CstmrPmtStsRpt>\
         <OrgnlPmtInfAndSts>{}{}{}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>",
        report(&payout.reference, "RVNM"),
        report(&payout.reference, "RJCT"),
        report("01A216392D4F735A9981384FD4831AB1", "ACSP"),
    );
    let file = written("told.xml", xml.as_bytes());
    let import = obole::runs::import_statements(&s.app, Utc::now(), &[file]).await;
    let told = import.unwrap().files.remove(0).told;
    let words: Vec<(bool, &str, &str)> = told
        .iter()
        .map(|t| (t.payout_id.is_some(), t.status.as_str(), t.meaning))
        .collect();
    assert_eq!(
        words,
        [
            (true, "RVNM", "the name does not match its account"),
            (true, "RJCT", "refused"),
            (false, "ACSP", "accepted"),
        ]
    );
    assert_eq!(told[1].reason.as_deref(), Some("AC04"));
    let mut db = s.world.db.acquire().await.unwrap();
    let id = Some(payout.payout_id);
    let shown = payouts::list(&mut db, Reader::System, id).await.unwrap();
    assert_eq!(shown[0].name_check.as_deref(), Some("RVNM"));
    assert_eq!(shown[0].state, PayoutState::Refused);
    drop(db);
    s.checked().await;
}

#[test]
fn a_zip_is_read_document_by_document_and_says_what_is_not_read_in_it() {
    use std::io::Write as _;
    let zipped = |documents: &[(&str, &str)]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated);
        for (name, content) in documents {
            zip.start_file(*name, options).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let (one, other) = (statement(""), statement("<AddtlNtryInf>X</AddtlNtryInf>"));
    let both = [
        ("a.xml", one.as_str()),
        ("b/c.XML", other.as_str()),
        ("readme.txt", "no"),
    ];
    assert_eq!(lines_of(&read(&zipped(&both)).unwrap()).len(), 2);
    let wrong = [("a.xml", one.as_str()), ("b.xml", "<x/>")];
    assert!(read(&zipped(&wrong)).unwrap_err().contains("no Document"));
    let none = read(&zipped(&[("readme.txt", "no")])).unwrap_err();
    assert!(none.contains("no XML document"), "{none}");
    let cut = zipped(&both);
    assert!(read(&cut[..cut.len() / 2]).is_err());
}

#[tokio::test]
async fn a_payout_that_left_and_is_told_to_come_back_gets_no_receipt_meanwhile() {
    let s = Service::start().await;
    let payout = sent(&s).await;
    let left = line(DEBIT, &[&payout.reference], 2000, "left");
    assert_eq!(shown(&s, &[left]).await, (1, 0));
    let back = line(CREDIT, &[&payout.reference], 2000, "back");
    for _ in 0..2 {
        let mut tx = s.world.db.begin().await.unwrap();
        let told = [back.clone()];
        reconciliation::take_notification(&mut tx, Utc::now(), &told)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(payout_state(&s, &payout).await, PayoutState::Settled);
    assert_eq!(open_cases(&s, CaseKind::PayoutFailed).await, 1);
    let run = issue_receipts(&s, on("2026-09-06"), month("2026-08-01")).await;
    assert_eq!(run.issued, 0);
    assert_eq!(shown(&s, &[back]).await, (1, 0));
    assert_eq!(payout_state(&s, &payout).await, PayoutState::Returned);
    let run = issue_receipts(&s, on("2026-09-06"), month("2026-08-01")).await;
    assert_eq!(run.issued, 0);
    s.checked().await;
}
