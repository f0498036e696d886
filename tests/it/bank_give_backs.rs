//! Money that nobody asked for goes back to who sent it, by a payout of its own: two people approve
//! it, it may come back, and nothing of a donation hangs on it.

use chrono::Utc;
use obole::cases::CaseKind;
use obole::payouts::{GivenBack, NewGiveBack, Payout, PayoutState};
use obole::reconciliation::{self, Understood};
use obole::runs::{self, PayoutAct};
use obole::values::{Amount, Email, Iban, LineId};

use crate::bank_lines::{
    CREDIT, DEBIT, asked, decide, lea, line, open, open_cases, payout_state, sent, shown, stands,
    undo,
};
use crate::shop::Service;
use crate::steps::{approve, collect, issue_receipts, month, on, prepare_payouts};

const SENDER: &str = "FR7630004000031234567890143";
const OTHER: &str = "DE89370400440532013000";

fn iban(text: &str) -> Iban {
    Iban::parse(text).unwrap()
}

/// All of it, to where it came from.
fn whole(of: GivenBack<'_>) -> NewGiveBack<'_> {
    NewGiveBack {
        of,
        amount: None,
        name: None,
        iban: None,
        bic: None,
    }
}

async fn give_back(s: &Service, new: &NewGiveBack<'_>) -> Result<Payout, String> {
    let (actor, day) = (lea(), on("2026-09-06"));
    let done = runs::give_back(&s.app, Utc::now(), day, new, (&actor, "a mistake")).await;
    done.map(|mut p| p.remove(0)).map_err(|e| format!("{e:#}"))
}

async fn act(s: &Service, payout: &Payout, act: PayoutAct) -> Result<Vec<Payout>, String> {
    let (actor, day) = (lea(), on("2026-09-06"));
    let (now, id) = (Utc::now(), payout.payout_id);
    let done = runs::act_on_payout(&s.app, now, day, id, act, (&actor, "seen")).await;
    done.map_err(|e| format!("{e:#}"))
}

/// Twenty euros come that nobody asked for.
async fn stray(s: &Service, identity: &str) -> LineId {
    let mut stray = line(CREDIT, &[], 2000, identity);
    stray.details.party = Some("Épicerie du Coin".into());
    stray.details.party_iban = Some(SENDER.into());
    assert_eq!(shown(s, &[stray]).await, (0, 1));
    open(s).await.last().unwrap().line_id
}

async fn left(s: &Service, payout: &Payout, operators: &[Email; 2]) {
    approve(s, on("2026-09-06"), operators, std::slice::from_ref(payout)).await;
    assert_eq!(payout_state(s, payout).await, PayoutState::Submitted);
}

#[tokio::test]
async fn a_credit_is_given_back_in_part_and_what_comes_back_is_its_lines_again() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let id = stray(&s, "stray").await;
    let new = NewGiveBack {
        amount: Some(Amount::from_cents(500).unwrap()),
        ..whole(GivenBack::Line(id))
    };
    let payout = give_back(&s, &new).await.unwrap();
    assert_eq!((payout.association.as_deref(), payout.count), (None, 0));
    assert_eq!(payout.gives_back, Some(id.to_string()));
    assert_eq!(payout.iban, SENDER);
    let cash = ("safeguarded_cash:bank", "20.00");
    stands(&s, &[cash, ("suspense:bank", "-20.00")]).await;
    // One approval is not enough, and one person is not two.
    let (day, first) = (on("2026-09-06"), &operators[0]);
    for approved in [true, false] {
        let done = runs::approve_payout(&s.app, Utc::now(), day, payout.payout_id, first).await;
        assert_eq!(done.is_ok(), approved);
    }
    stands(&s, &[cash, ("suspense:bank", "-20.00")]).await;
    let second = &operators[1];
    let done = runs::approve_payout(&s.app, Utc::now(), day, payout.payout_id, second).await;
    let file = done.unwrap().remove(0).file.unwrap();
    let order = std::fs::read_to_string(file).unwrap();
    assert!(order.contains("<Nm>Epicerie du Coin</Nm>"), "{order}");
    assert!(order.contains(&format!("<IBAN>{SENDER}</IBAN>")), "{order}");
    assert!(order.contains("Obole remboursement"), "{order}");
    let transit = ("payout_in_transit:transfer", "-5.00");
    stands(&s, &[cash, ("suspense:bank", "-15.00"), transit]).await;
    let line_now = &open(&s).await[0];
    assert_eq!(line_now.open, "15.00");
    assert_eq!(line_now.matched, ["given_back 5.00"]);

    let debit = line(DEBIT, &[&payout.reference], 500, "left");
    assert_eq!(shown(&s, &[debit]).await, (1, 0));
    let cash = ("safeguarded_cash:bank", "15.00");
    stands(&s, &[cash, ("suspense:bank", "-15.00")]).await;
    assert_eq!(payout_state(&s, &payout).await, PayoutState::Settled);
    let words = act(&s, &payout, PayoutAct::TakeBack).await.unwrap_err();
    assert!(words.contains("is paid"), "{words}");

    comes_back_less_a_fee(&s, &payout, id).await;
    s.checked().await;
}

/// It comes back less a fee: the sender is still owed the whole, the fee is the operator's.
async fn comes_back_less_a_fee(s: &Service, payout: &Payout, id: LineId) {
    let (day, first) = (on("2026-09-06"), Email::parse("lea@obole.example").unwrap());
    let back = line(CREDIT, &[&payout.reference], 200, "back");
    assert_eq!(shown(s, &[back]).await, (0, 1), "so much is no fee");
    let back = line(CREDIT, &[&payout.reference], 400, "came back");
    assert_eq!(shown(s, &[back]).await, (1, 0));
    assert_eq!(payout_state(s, payout).await, PayoutState::Returned);
    let known = [
        ("safeguarded_cash:bank", "21.00"),
        ("suspense:bank", "-22.00"),
        ("provider_fees:bank", "1.00"),
    ];
    stands(s, &known).await;
    assert_eq!(open_cases(s, CaseKind::PayoutFailed).await, 0);
    let words = runs::approve_payout(&s.app, Utc::now(), day, payout.payout_id, &first).await;
    let words = words.unwrap_err().to_string();
    assert!(words.contains("came back from its bank"), "{words}");

    // To the right account now: the one that came back is paid by it.
    let new = NewGiveBack {
        iban: Some(&iban(OTHER)),
        ..whole(GivenBack::Line(id))
    };
    let again = give_back(s, &new).await.unwrap();
    assert_eq!(
        (again.amount.as_str(), again.iban.as_str()),
        ("20.00", OTHER)
    );
    assert_eq!(payout_state(s, payout).await, PayoutState::PaidAgain);
}

#[tokio::test]
async fn a_give_back_told_to_come_back_before_its_debit_ends_in_suspense() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let id = stray(&s, "stray").await;
    let payout = give_back(&s, &whole(GivenBack::Line(id))).await.unwrap();
    left(&s, &payout, &operators).await;
    assert_eq!(open_cases(&s, CaseKind::BankLineUnmatched).await, 0);
    let back = line(CREDIT, &[&payout.reference], 2000, "back");
    assert_eq!(shown(&s, &[back]).await, (0, 1), "it waits for the debit");
    let debit = line(DEBIT, &[&payout.reference], 2000, "left");
    assert_eq!(shown(&s, &[debit]).await, (1, 0));
    assert_eq!(payout_state(&s, &payout).await, PayoutState::Returned);
    let cash = ("safeguarded_cash:bank", "20.00");
    stands(&s, &[cash, ("suspense:bank", "-20.00")]).await;
    let waits = open(&s).await;
    assert_eq!((waits.len(), waits[0].line_id), (1, id));
    assert_eq!(open_cases(&s, CaseKind::BankLineUnmatched).await, 1);
    // The same account, once more.
    let again = act(&s, &payout, PayoutAct::PayAgain)
        .await
        .unwrap()
        .remove(1);
    left(&s, &again, &operators).await;
    let debit = line(DEBIT, &[&again.reference], 2000, "left again");
    assert_eq!(shown(&s, &[debit]).await, (1, 0));
    stands(&s, &[]).await;
    s.checked().await;
}

async fn what_cannot_be_given_back_is_refused(s: &Service, named: NewGiveBack<'_>) {
    let own = s.app.settings.account.iban.clone();
    for (new, why) in [
        (
            NewGiveBack {
                iban: None,
                ..named
            },
            "--iban",
        ),
        (
            NewGiveBack {
                iban: Some(&own),
                ..named
            },
            "our own account",
        ),
        (
            NewGiveBack {
                name: Some("李"),
                ..named
            },
            "no letter",
        ),
        (
            NewGiveBack {
                amount: Some(Amount::from_cents(701).unwrap()),
                ..named
            },
            "7.00 euros can be given back",
        ),
    ] {
        let words = give_back(s, &new).await.unwrap_err();
        assert!(words.contains(why), "{words}");
    }
}

#[tokio::test]
async fn what_waits_to_be_given_back_is_nothing_else_meanwhile() {
    let s = Service::start().await;
    let c = asked(&s, 10).await;
    let part = line(CREDIT, &[&c.reference], 700, "part");
    assert_eq!(shown(&s, &[part]).await, (0, 1));
    let id = open(&s).await[0].line_id;
    let new = whole(GivenBack::Line(id));
    let unknown = give_back(&s, &new).await.unwrap_err();
    assert!(unknown.contains("--name"), "{unknown}");
    let sender = iban(SENDER);
    let named = NewGiveBack {
        name: Some("Épicerie"),
        iban: Some(&sender),
        ..new
    };
    what_cannot_be_given_back_is_refused(&s, named).await;
    let payout = give_back(&s, &named).await.unwrap();
    let words = give_back(&s, &named).await.unwrap_err();
    assert!(words.contains("nothing of this line is left"), "{words}");
    let words = decide(&s, id, Understood::AcceptPart).await.unwrap_err();
    assert!(words.to_string().contains("take-back"), "{words}");
    let proposal = open(&s).await[0].proposal.clone().unwrap();
    assert!(
        proposal.contains(&payout.payout_id.to_string()),
        "{proposal}"
    );
    // The rest comes: the part that goes back does not pay with it.
    let rest = line(CREDIT, &[&c.reference], 1300, "rest");
    assert_eq!(shown(&s, &[rest]).await, (0, 1));
    act(&s, &payout, PayoutAct::TakeBack).await.unwrap();
    assert_eq!(
        decide(&s, id, Understood::Collections(vec![c.collection_id]))
            .await
            .unwrap(),
        0
    );
    let payable = ("association_payable:foret-vivante", "20.00");
    stands(&s, &[("safeguarded_cash:bank", "20.00"), payable]).await;

    s.checked().await;
}

#[tokio::test]
async fn a_give_back_that_the_bank_refuses_is_its_lines_again() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let other = stray(&s, "other").await;
    let payout = give_back(&s, &whole(GivenBack::Line(other))).await.unwrap();
    act(&s, &payout, PayoutAct::TakeBack).await.unwrap();
    let payout = give_back(&s, &whole(GivenBack::Line(other))).await.unwrap();
    left(&s, &payout, &operators).await;
    assert!(undo(&s, other).await.unwrap_err().contains("nothing"));
    act(&s, &payout, PayoutAct::Refuse).await.unwrap();
    let cash = ("safeguarded_cash:bank", "20.00");
    stands(&s, &[cash, ("suspense:bank", "-20.00")]).await;
    let listed = runs::run_payouts(&s.app, Utc::now(), on("2026-09-07"))
        .await
        .unwrap();
    let states: Vec<_> = listed.iter().map(|p| p.state).collect();
    assert_eq!(states, [PayoutState::TakenBack], "the other is its line's");
    s.checked().await;
}

#[tokio::test]
async fn nothing_of_a_donation_hangs_on_a_give_back() {
    let s = Service::start().await;
    let paid = sent(&s).await;
    let id = stray(&s, "stray").await;
    let operators = ["lea@obole.example", "hugo@obole.example"];
    let operators = operators.map(|e| Email::parse(e).unwrap());
    let payout = give_back(&s, &whole(GivenBack::Line(id))).await.unwrap();
    left(&s, &payout, &operators).await;
    let lines = [&paid, &payout].map(|p| line(DEBIT, &[&p.reference], 2000, &p.reference));
    assert_eq!(shown(&s, &lines).await, (2, 0));
    stands(&s, &[]).await;
    obole::mailing::send_reports(&s.app, Utc::now())
        .await
        .unwrap();
    assert_eq!(s.count("select count(*) from payout_mail").await, 1);
    let told = "select count(*) from payout_report";
    assert_eq!(s.count(told).await, 1, "only the association is told");
    let receipts = issue_receipts(&s, on("2026-09-10"), month("2026-08-01")).await;
    assert_eq!(receipts.receipts.len(), 1);
    let dry = runs::preview_payouts(&s.app, Utc::now(), on("2026-09-10")).await;
    assert!(dry.unwrap().is_empty());
    let acts = "select count(*) from audit_entry where act = 'bank.give-back'";
    assert_eq!(s.count(acts).await, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_merchant_that_left_is_given_its_credit_back_as_far_as_no_payment_took_it() {
    let s = Service::start().await;
    let operators = s.operators().await;
    let id = stray(&s, "stray").await;
    let librairie = Understood::NextMonth("librairie".into());
    assert_eq!(decide(&s, id, librairie).await.unwrap(), 0);
    let new = whole(GivenBack::Credit("librairie"));
    let words = give_back(&s, &new).await.unwrap_err();
    assert!(words.contains("obole merchant suspend"), "{words}");
    suspend(&s).await;
    let payout = give_back(&s, &new).await.unwrap();
    assert_eq!(
        (payout.amount.as_str(), payout.iban.as_str()),
        ("20.00", SENDER)
    );
    assert!(give_back(&s, &new).await.unwrap_err().contains("no credit"));
    // What it charged before is asked for, less its credit: the give-back is more than is left.
    let c = asked(&s, 3).await;
    assert_eq!(c.amount_cents, 0);
    let (day, first) = (on("2026-09-06"), &operators[0]);
    let words = runs::approve_payout(&s.app, Utc::now(), day, payout.payout_id, first).await;
    let words = words.unwrap_err().to_string();
    assert!(words.contains("only 14.00 euros are left"), "{words}");
    let listed = runs::run_payouts(&s.app, Utc::now(), day).await.unwrap();
    let of_it = listed.iter().find(|p| p.payout_id == payout.payout_id);
    assert_eq!(of_it.unwrap().state, PayoutState::TakenBack);

    let payout = give_back(&s, &new).await.unwrap();
    left(&s, &payout, &operators).await;
    let payable = ("association_payable:foret-vivante", "6.00");
    let cash = ("safeguarded_cash:bank", "20.00");
    stands(
        &s,
        &[cash, payable, ("payout_in_transit:transfer", "-14.00")],
    )
    .await;
    act(&s, &payout, PayoutAct::Refuse).await.unwrap();
    stands(
        &s,
        &[cash, payable, ("merchant_receivable:librairie", "-14.00")],
    )
    .await;
    assert_eq!(open_cases(&s, CaseKind::PayoutFailed).await, 1);
    let again = act(&s, &payout, PayoutAct::PayAgain)
        .await
        .unwrap()
        .remove(1);
    assert_eq!(open_cases(&s, CaseKind::PayoutFailed).await, 0);
    left(&s, &again, &operators).await;
    let debit = line(DEBIT, &[&again.reference], 1400, "left");
    assert_eq!(shown(&s, &[debit]).await, (1, 0));
    stands(&s, &[("safeguarded_cash:bank", "6.00"), payable]).await;
    let back = line(CREDIT, &[&again.reference], 1400, "back");
    assert_eq!(shown(&s, &[back]).await, (1, 0));
    stands(
        &s,
        &[cash, payable, ("merchant_receivable:librairie", "-14.00")],
    )
    .await;
    let new = NewGiveBack {
        iban: Some(&iban(OTHER)),
        ..new
    };
    let last = give_back(&s, &new).await.unwrap();
    assert_eq!(open_cases(&s, CaseKind::PayoutFailed).await, 0);
    left(&s, &last, &operators).await;
    s.checked().await;
}

async fn suspend(s: &Service) {
    let suspension = runs::Suspension {
        party: obole::parties::suspension::Suspendable::Merchant,
        slug: "librairie",
        state: obole::parties::PartyState::Suspended,
        actor: &lea(),
        why: "it closed",
    };
    runs::suspend(&s.app, Utc::now(), suspension).await.unwrap();
}

#[tokio::test]
async fn a_collection_is_named_by_its_reference_as_by_its_id() {
    let s = Service::start().await;
    let c = asked(&s, 10).await;
    let mut db = s.world.db.acquire().await.unwrap();
    let spaced: Vec<String> = c
        .reference
        .to_lowercase()
        .as_bytes()
        .chunks(4)
        .map(|part| String::from_utf8(part.to_vec()).unwrap())
        .collect();
    for words in [
        vec![c.collection_id.to_string()],
        vec![c.reference.clone()],
        vec![spaced.join(" ")],
        spaced,
    ] {
        let named = reconciliation::collections_named(&mut db, &words).await;
        assert_eq!(named.unwrap(), [c.collection_id], "{words:?}");
    }
    for (words, why) in [
        (
            "RF18539007547034",
            "neither a collection's id nor its reference",
        ),
        (
            "RF2076C78637EFE5754F422D",
            "no collection was asked for with",
        ),
    ] {
        let named = reconciliation::collections_named(&mut db, &[words.into()]).await;
        let told = named.unwrap_err().to_string();
        assert!(
            told.contains(why) && told.contains("obole collections"),
            "{told}"
        );
    }
    drop(db);
    assert!(prepare_payouts(&s, on("2026-09-05")).await.is_empty());
    assert_eq!(
        collect(&s, on("2026-09-02"), month("2026-08-01"))
            .await
            .len(),
        1
    );
    s.checked().await;
}
