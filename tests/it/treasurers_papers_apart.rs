//! What treasurers are told beside and within their papers when money takes another way: payments
//! taken back or asked for again, claims settled in parts, and the words for all of it.

use chrono::Utc;
use obole::audit::{self, Actor};
use obole::cases::{self, Case, CaseFilter, CaseKind};
use obole::collections::Collection;
use obole::runs::{self, CaseDecision, CollectionAct, DecidedCase};
use obole::values::{Amount, BankLine, BankSide, LineDetails, Reader, SetAside};
use obole::{mailing, reconciliation};
use uuid::Uuid;

use crate::browser::mails_to;
use crate::shop::Service;
use crate::steps::{on, open_cases, prepare_payouts};
use crate::treasurers_papers::{
    SHOP, TREASURER, asked, give_back, given, lines, mail, paid_out, pays, says, says_not, shown,
};

fn lea() -> Actor {
    Actor {
        who: "lea@obole.example".into(),
        source: "a test".into(),
    }
}

async fn act(s: &Service, c: &Collection, act: CollectionAct, day: &str) -> Collection {
    let (lea, name) = (lea(), c.reference.clone());
    runs::act_on_collection(&s.app, Utc::now(), on(day), &name, act, (&lea, "by post"))
        .await
        .unwrap()
}

async fn decide(s: &Service, case: &Case, decision: &str, day: &str) -> DecidedCase {
    let lea = lea();
    let d = CaseDecision {
        case_id: case.case_id,
        decision,
        actor: &lea,
        why: "by telephone",
        amount: None,
        email: None,
    };
    runs::decide_case(&s.app, Utc::now(), on(day), d)
        .await
        .unwrap()
}

/// The bank takes a payment back, and says why.
async fn taken_back(s: &Service, c: &Collection, day: &str, reason: &str) {
    let line = BankLine {
        account: "FR7630006000011234567890189".into(),
        statement: "by hand".into(),
        identity: Uuid::now_v7().to_string(),
        side: BankSide::Debit,
        amount: Amount::from_cents(c.amount_cents).unwrap(),
        booked_on: on(day),
        references: vec![c.reference.clone()],
        details: LineDetails {
            return_reason: Some(reason.into()),
            ..LineDetails::default()
        },
    };
    let mut tx = s.world.db.begin().await.unwrap();
    reconciliation::import(&mut tx, Utc::now(), &[line])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    told(s).await;
}

/// Merchants are told of their payments, as a run does it.
async fn told(s: &Service) {
    let refused = mailing::tell_of_payments(&s.app, Utc::now()).await.unwrap();
    assert_eq!(refused, [] as [SetAside; 0]);
}

#[tokio::test]
async fn a_claim_is_settled_as_far_as_the_association_is_owed_and_the_rest_stays_one() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, "2026-07", &[("A", "20.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    paid_out(&s, &operators, "2026-08-05").await;
    give_back(&s, "A", "2026-08-06", Some("6.00")).await;
    given(&s, "2026-08", &[("B", "4.00")]).await;
    let august = asked(&s, "2026-08").await;
    pays(&s, &august, "2026-09-02").await;
    let case = open_cases(&s, CaseKind::RefundAfterPayout).await.remove(0);
    let decided = decide(&s, &case, "association-agrees", "2026-09-03").await;
    for part in ["4.00 euros are taken", "2.00 euros remain", "stays open"] {
        assert!(decided.done.contains(part), "{part}: {}", decided.done);
    }
    assert_eq!(open_cases(&s, CaseKind::RefundAfterPayout).await.len(), 1);
    assert_eq!(s.balance("association_payable:foret-vivante").await, 0);
    assert_eq!(s.balance("merchant_receivable:librairie").await, -400);
    assert_eq!(s.balance("merchant_credit:librairie").await, 200);

    given(&s, "2026-09", &[("C", "30.00")]).await;
    let september = asked(&s, "2026-09").await;
    let mut listed = lines(&september);
    listed.sort();
    assert_eq!(listed, ["A late_refund -4.00", "C donation 30.00"]);
    says(
        &mail(&s, SHOP, "septembre 2026"),
        &[
            "Rendu de dons déjà versés à l’association, désormais déduit : -4,00 €",
            "Vous aviez rendu 4,00 € de dons que l’association avait déjà reçus. Il est",
            "Vous avez aussi rendu 2,00 €",
            "à passer au mois de ce relevé : débit 467 Obole 4,00 €, crédit 512 Banque 4,00 €",
            "À virer : 26,00 €",
        ],
    );
    pays(&s, &september, "2026-10-02").await;
    let decided = decide(&s, &case, "association-agrees", "2026-10-03").await;
    assert!(decided.done.starts_with("2.00 euros"), "{}", decided.done);
    assert_eq!(open_cases(&s, CaseKind::RefundAfterPayout).await.len(), 0);
    let (reference, cents) = paid_out(&s, &operators, "2026-10-05").await;
    assert_eq!(cents, 2800, "of what arrived, less both parts");
    says(
        &mail(&s, TREASURER, &reference),
        &[
            "2 dons : 34,00 €",
            "Retenu pour d’autres dons rendus : -6,00 €",
            "retenu avec votre accord : -6,00 €",
        ],
    );
    let payout = sqlx::query_scalar("select payout_id from payout where reference = $1")
        .bind(&reference)
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let mut db = s.world.db.acquire().await.unwrap();
    let report = obole::payouts::report_lines(&mut db, Reader::System, payout)
        .await
        .unwrap();
    drop(db);
    let earlier = report
        .iter()
        .filter(|l| l.kind == obole::payouts::ReportLineKind::EarlierRefund);
    let mut earlier: Vec<i64> = earlier.map(|l| l.amount_cents).collect();
    earlier.sort_unstable();
    assert_eq!(earlier, [-400, -200], "{report:#?}");
    s.checked().await;
}

#[tokio::test]
async fn a_claim_settled_in_part_is_closed_by_the_payout_that_comes_back() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, "2026-07", &[("A", "20.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    let (reference, _) = paid_out(&s, &operators, "2026-08-05").await;
    give_back(&s, "A", "2026-08-06", Some("6.00")).await;
    given(&s, "2026-08", &[("B", "4.00")]).await;
    let august = asked(&s, "2026-08").await;
    pays(&s, &august, "2026-09-02").await;
    let case = open_cases(&s, CaseKind::RefundAfterPayout).await.remove(0);
    decide(&s, &case, "association-agrees", "2026-09-03").await;
    shown(&s, BankSide::Credit, &reference, 2000, "2026-09-04").await;
    assert_eq!(open_cases(&s, CaseKind::RefundAfterPayout).await.len(), 0);
    // It gave back four of another donation: only the two that remained are taken of this one.
    assert_eq!(s.balance("association_payable:foret-vivante").await, 1800);
    crate::steps::pay_again(&s, on("2026-09-05")).await;
    let (reference, cents) = paid_out(&s, &operators, "2026-09-05").await;
    // The other donation is paid as well; four less are paid for this one.
    assert_eq!(cents, 1400);
    says(
        &mail(&s, TREASURER, &format!("virement est {reference}")),
        &[
            "1 don : 20,00 €",
            "Rendu de ces dons avant le virement : -2,00 €",
            "Retenu pour d’autres dons rendus : -4,00 €",
        ],
    );
    s.checked().await;
}

#[tokio::test]
async fn of_two_failed_collections_neither_asks_for_what_was_given_back() {
    let s = Service::start().await;
    given(&s, "2026-07", &[("A", "15.00"), ("B", "5.00")]).await;
    let july = asked(&s, "2026-07").await;
    given(&s, "2026-08", &[("C", "30.00")]).await;
    let august = asked(&s, "2026-08").await;
    for collection in [&july, &august] {
        act(&s, collection, CollectionAct::Reject, "2026-09-03").await;
    }
    give_back(&s, "B", "2026-09-04", None).await;
    for (collection, cents) in [(&july, 1500), (&august, 3000)] {
        act(&s, collection, CollectionAct::Retry(None), "2026-09-05").await;
        shown(
            &s,
            BankSide::Credit,
            &collection.reference,
            cents,
            "2026-09-06",
        )
        .await;
    }
    assert_eq!(s.balance("merchant_receivable:librairie").await, 0);
    assert_eq!(s.balance("collection_in_transit:transfer").await, 0);
    assert_eq!(s.balance("association_payable:foret-vivante").await, 4500);
    assert_eq!(s.balance("suspense:bank").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn what_a_statement_took_off_already_is_asked_for_again_in_full() {
    let s = Service::start().await;
    given(&s, "2026-07", &[("A", "15.00"), ("B", "5.00")]).await;
    let july = asked(&s, "2026-07").await;
    // It is on its way when something of it is given back, and August takes that off.
    give_back(&s, "B", "2026-08-04", None).await;
    given(&s, "2026-08", &[("C", "30.00")]).await;
    let august = asked(&s, "2026-08").await;
    assert_eq!(august.amount, "25.00");
    act(&s, &july, CollectionAct::Reject, "2026-09-03").await;
    act(&s, &july, CollectionAct::Retry(None), "2026-09-04").await;
    for (collection, cents) in [(&july, 2000), (&august, 2500)] {
        shown(
            &s,
            BankSide::Credit,
            &collection.reference,
            cents,
            "2026-09-06",
        )
        .await;
    }
    assert_eq!(s.balance("merchant_receivable:librairie").await, 0);
    assert_eq!(s.balance("association_payable:foret-vivante").await, 4500);
    s.checked().await;
}

#[tokio::test]
async fn a_shop_is_told_of_a_payment_taken_back_and_of_one_asked_for_again_each_once() {
    let s = Service::start().await;
    given(&s, "2026-07", &[("A", "20.00"), ("B", "4.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    taken_back(&s, &july, "2026-08-09", "AC04").await;
    let first = mail(&s, SHOP, "de nouveau due");
    says(
        &first,
        &[
            "Le 9 août 2026, la banque a repris le paiement de Librairie pour juillet 2026",
            "24,00 €",
            &july.reference,
            "Motif donné par la banque : AC04 (compte clos).",
            "Il n’y a rien à virer pour le moment",
        ],
    );
    give_back(&s, "B", "2026-08-10", None).await;
    act(&s, &july, CollectionAct::Retry(None), "2026-08-12").await;
    says(
        &mail(&s, SHOP, "Nous vous le redemandons"),
        &[
            "pour ce qui en reste dû : 20,00 €",
            &format!("Référence à reporter telle quelle : {}", july.reference),
            "débit 467 Obole 20,00 €, crédit 512 Banque 20,00 €",
        ],
    );
    let before = mails_to(&s, SHOP).len();
    told(&s).await;
    assert_eq!(mails_to(&s, SHOP).len(), before, "each is told once");
    s.checked().await;
}

#[tokio::test]
async fn what_a_person_undid_in_the_books_is_not_told_as_taken_back() {
    let s = Service::start().await;
    given(&s, "2026-07", &[("A", "20.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    let line = sqlx::query_scalar("select line_id from bank_line")
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let mut tx = s.world.db.begin().await.unwrap();
    reconciliation::unmatch_line(&mut tx, Utc::now(), line, &lea(), "of another shop")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let before = mails_to(&s, SHOP).len();
    told(&s).await;
    assert_eq!(mails_to(&s, SHOP).len(), before);
    given(&s, "2026-08", &[("B", "4.00")]).await;
    assert_eq!(lines(&asked(&s, "2026-08").await), ["B donation 4.00"]);
    s.checked().await;
}

#[tokio::test]
async fn a_report_names_the_orders_that_are_claimed_and_how_to_agree() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, "2026-07", &[("A", "20.00"), ("Z", "10.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    paid_out(&s, &operators, "2026-08-05").await;
    give_back(&s, "A", "2026-08-20", Some("6.00")).await;
    give_back(&s, "Z", "2026-08-21", None).await;
    given(&s, "2026-08", &[("D", "30.00")]).await;
    let august = asked(&s, "2026-08").await;
    pays(&s, &august, "2026-09-02").await;
    let (reference, _) = paid_out(&s, &operators, "2026-09-05").await;
    let report = mail(&s, TREASURER, &reference);
    says(
        &report,
        &[
            "Des boutiques ont rendu 16,00 € de dons que vous avez déjà reçus",
            "• commande A, Librairie, rendue le 20 août 2026 : 6,00 €",
            "• commande Z, Librairie, rendue le 21 août 2026 : 10,00 €",
            "répondez à ce message en citant les commandes",
        ],
    );
    says_not(&report, &["et 1 autre"]);
    s.checked().await;
}

#[tokio::test]
async fn a_case_names_its_subject_and_the_log_has_the_approvals() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, "2026-07", &[("A", "20.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    let prepared = prepare_payouts(&s, on("2026-08-05")).await;
    let payout = prepared[0].payout_id.to_string();
    let (reference, cents) = paid_out(&s, &operators, "2026-08-05").await;
    give_back(&s, "A", "2026-08-06", Some("6.00")).await;
    taken_back(&s, &july, "2026-08-09", "MS03").await;
    shown(&s, BankSide::Credit, &reference, cents, "2026-08-10").await;
    let named = |case: &Case| {
        let name = case.subject_name.clone();
        (case.subject_kind, name.unwrap_or_default())
    };
    for (kind, subject) in [
        (CaseKind::CollectionFailed, ("collection", july.reference)),
        (CaseKind::PayoutFailed, ("payout", reference)),
    ] {
        let (word, name) = subject;
        assert_eq!(named(&open_cases(&s, kind).await[0]), (word, name));
    }
    let mut db = s.world.db.acquire().await.unwrap();
    let all = CaseFilter::default();
    let all = cases::list(&mut db, Reader::System, all).await.unwrap();
    let claim = all.iter().find(|c| c.kind == CaseKind::RefundAfterPayout);
    assert_eq!(named(claim.unwrap()), ("refund", "A".to_owned()));
    let of = audit::list(&mut db, Reader::System, Some(&payout)).await;
    let approvals: Vec<(String, String)> =
        of.unwrap().into_iter().map(|e| (e.act, e.actor)).collect();
    let approved = |who: &str| ("payout.approve".to_owned(), who.to_owned());
    assert_eq!(
        approvals,
        [
            approved("lea@obole.example"),
            approved("hugo@obole.example")
        ]
    );
    let all = audit::list(&mut db, Reader::System, None).await.unwrap();
    assert_eq!(all.iter().filter(|e| e.act == "payout.approve").count(), 2);
    drop(db);
    s.checked().await;
}
