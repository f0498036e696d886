//! A receipt that follows others says so: on the document, in the register, on the donor's page and
//! in the mail, whether the one before was replaced or cancelled; and its donor is told why.

use chrono::Utc;
use obole::audit::Actor;
use obole::cases::{self, CaseKind, NewCase};
use obole::checks;
use obole::receipts::{self, DecisionError, ReceiptDecision, ReceiptStanding};
use obole::runs::{self, DecidedReceipt};
use obole::values::{DonationId, EndReason, Reader};
use uuid::Uuid;

use crate::browser::{Browser, mails_to};
use crate::shop::{Service, refund};
use crate::steps::{collect_and_settle, give, issue_receipts, month, on, pay_out};
use crate::support::{tool, written};

const CAMILLE: &str = "camille@example.org";
const FIRST: &str = "foret-vivante-2025-000001";
const SECOND: &str = "foret-vivante-2025-000002";
const THIRD: &str = "foret-vivante-2025-000003";

/// Camille gave twenty euros twice in January; the association has them, and she has her receipt.
async fn receipted() -> Service {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "A-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    give(&s, "A-2", "2025-01-11T10:00:00Z", "20.00", CAMILLE).await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    s
}

async fn end(s: &Service, act: &str, number: &str, reason: EndReason) -> DecidedReceipt {
    let actor = Actor {
        who: "lea@obole.example".into(),
        source: "command line".into(),
    };
    let decision = ReceiptDecision {
        number,
        actor: &actor,
        why: "ticket 4711, for the team only",
    };
    let (now, day) = (Utc::now(), on("2025-03-11"));
    match act {
        "cancel" => runs::cancel_receipt(&s.app, now, day, decision, Some(reason)).await,
        _ => runs::replace_receipt(&s.app, now, day, decision, Some(reason)).await,
    }
    .unwrap()
}

/// Whether a receipt stands, which follow it and which it follows.
async fn registered(s: &Service, number: &str) -> (ReceiptStanding, Vec<String>, Vec<String>) {
    let mut db = s.world.db.acquire().await.unwrap();
    let found = receipts::registered(&mut db, Reader::System, number).await;
    let found = found.unwrap().unwrap();
    (found.standing, found.successors, found.replaces)
}

fn numbers(of: &[&str]) -> Vec<String> {
    of.iter().map(|n| (*n).to_owned()).collect()
}

/// The words of a receipt's document as its donor sees it, with single spaces.
async fn words(s: &Service, number: &str) -> Option<String> {
    let mut db = s.world.db.acquire().await.unwrap();
    let found = receipts::find(&mut db, s.app.key.expose(), Reader::System, number).await;
    drop(db);
    let content = found.unwrap().unwrap().content;
    let file = written("follows.pdf", &receipts::typeset(content).await.unwrap());
    tool("qpdf", "qpdf", &["--check", file.to_str().unwrap()])?;
    let arguments = ["-layout", file.to_str().unwrap(), "-"];
    let text = tool("pdftotext", "poppler-utils", &arguments)?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The shop gives back so much of an order's donation.
async fn give_back(s: &Service, order_id: &str, amount: &str) {
    let mut event = refund(order_id);
    event["data"]["amount"] = amount.into();
    let sent = s.shop.send(&format!("back-{order_id}"), &event).await;
    assert_eq!(sent.0, 200, "{}", sent.1);
    s.posted().await;
}

/// The last mail to Camille, its spaces plain.
fn last_mail(s: &Service) -> String {
    plain(&mails_to(s, CAMILLE).pop().unwrap().text)
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn what_is_issued_after_a_cancellation_says_what_it_replaces_everywhere() {
    let s = receipted().await;
    end(&s, "cancel", FIRST, EndReason::Mistake).await;
    let cancelled = (ReceiptStanding::Cancelled, vec![], vec![]);
    assert_eq!(registered(&s, FIRST).await, cancelled);
    let run = issue_receipts(&s, on("2025-03-11"), month("2025-01-01")).await;
    assert_eq!(run.receipts[0].number, SECOND);
    assert_eq!(run.receipts[0].replaces, [FIRST]);
    let replaced = (ReceiptStanding::Replaced, numbers(&[SECOND]), vec![]);
    assert_eq!(registered(&s, FIRST).await, replaced);
    let valid = (ReceiptStanding::Valid, vec![], numbers(&[FIRST]));
    assert_eq!(registered(&s, SECOND).await, valid);

    let mail = last_mail(&s);
    assert!(
        mail.contains(&format!("annule et remplace le reçu n° {FIRST}")),
        "{mail}"
    );
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let page = camille.get("/donor").await.text().await.unwrap();
    for said in [
        format!("annulé et remplacé par {SECOND}"),
        format!("annule et remplace {FIRST}"),
    ] {
        assert!(page.contains(&said), "{said}: {page}");
    }
    if let (Some(first), Some(second)) = (words(&s, FIRST).await, words(&s, SECOND).await) {
        let said = format!("annule et remplace le reçu n° {FIRST}");
        assert!(second.contains(&said), "{second}");
        let said = format!("remplacé par le reçu n° {SECOND}");
        assert!(first.contains(&said), "{first}");
    }
    s.checked().await;
}

#[tokio::test]
async fn a_receipt_of_several_cancelled_ones_names_them_all() {
    let s = receipted().await;
    let operators = [
        obole::values::Email::parse("lea@obole.example").unwrap(),
        obole::values::Email::parse("hugo@obole.example").unwrap(),
    ];
    give(&s, "B-1", "2025-02-10T10:00:00Z", "20.00", CAMILLE).await;
    collect_and_settle(&s, on("2025-03-02"), month("2025-02-01")).await;
    pay_out(&s, on("2025-03-03"), &operators).await;
    issue_receipts(&s, on("2025-03-04"), month("2025-02-01")).await;
    for number in [FIRST, SECOND] {
        end(&s, "cancel", number, EndReason::Mistake).await;
    }
    let run = issue_receipts(&s, on("2025-03-11"), month("2025-02-01")).await;
    assert_eq!(run.issued, 1);
    let both = numbers(&[FIRST, SECOND]);
    let valid = (ReceiptStanding::Valid, vec![], both);
    assert_eq!(registered(&s, THIRD).await, valid);
    let mail = last_mail(&s);
    let said = format!("annule et remplace les reçus n° {FIRST}, {SECOND}");
    assert!(mail.contains(&said), "{mail}");
    if let Some(third) = words(&s, THIRD).await {
        for said in ["annule et remplace les reçus", FIRST, SECOND, "***60,00***"] {
            assert!(third.contains(said), "{said}: {third}");
        }
    }
    // What follows the third names the third: those before it are replaced already.
    end(&s, "replace", THIRD, EndReason::Correction).await;
    let fourth = "foret-vivante-2025-000004";
    let valid = (ReceiptStanding::Valid, vec![], numbers(&[THIRD]));
    assert_eq!(registered(&s, fourth).await, valid);
    s.checked().await;
}

#[tokio::test]
async fn a_cancelled_receipt_may_have_two_successors() {
    let s = receipted().await;
    let donation: DonationId =
        sqlx::query_scalar("select donation_id from donation where order_id = 'A-2'")
            .fetch_one(&s.world.db)
            .await
            .unwrap();
    let event = Uuid::now_v7();
    let (kind, now) = (CaseKind::RefundBeyondDonation, Utc::now());
    let case = NewCase {
        donation: Some(donation),
        ..NewCase::new(kind, event, "more than was left")
    };
    let mut db = s.world.db.acquire().await.unwrap();
    cases::open(&mut db, now, &[case]).await.unwrap();
    end(&s, "cancel", FIRST, EndReason::Mistake).await;
    issue_receipts(&s, on("2025-03-11"), month("2025-01-01")).await;
    let decision = cases::Decision {
        decision: "not-given-back",
        by: "lea@obole.example",
        why: "the shop was wrong",
    };
    cases::close(&mut db, now, kind, &[event], decision)
        .await
        .unwrap();
    drop(db);
    issue_receipts(&s, on("2025-03-12"), month("2025-01-01")).await;
    for number in [SECOND, THIRD] {
        assert_eq!(registered(&s, number).await.2, [FIRST]);
    }
    let replaced = (ReceiptStanding::Replaced, numbers(&[SECOND, THIRD]), vec![]);
    assert_eq!(registered(&s, FIRST).await, replaced);
    if let Some(first) = words(&s, FIRST).await {
        let said = format!("remplacé par les reçus n° {SECOND} et {THIRD}");
        assert!(first.contains(&said), "{first}");
    }
    s.checked().await;
}

#[tokio::test]
async fn a_successor_without_its_link_is_seen_and_older_books_are_given_theirs() {
    let s = receipted().await;
    end(&s, "replace", FIRST, EndReason::Correction).await;
    end(&s, "cancel", SECOND, EndReason::Mistake).await;
    issue_receipts(&s, on("2025-03-11"), month("2025-01-01")).await;
    let mut owner = s.world.owner.begin().await.unwrap();
    for statement in [
        "set local session_replication_role = replica",
        "delete from receipt_succession",
    ] {
        sqlx::query(statement).execute(&mut *owner).await.unwrap();
    }
    let red = |verdicts: Vec<checks::Verdict>| -> Vec<&str> {
        let red = verdicts.into_iter().filter(|v| !v.ok);
        red.map(|v| v.name).collect()
    };
    let verdicts = checks::run_in(&mut owner).await.unwrap();
    assert_eq!(red(verdicts), ["a-successor-names-what-it-replaces"]);
    // The statement of the migration that looks back.
    let migration = include_str!("../../migrations/0020_receipt_succession.sql");
    let start = migration.find("insert into receipt_succession").unwrap();
    let statement = migration[start..].split(';').next().unwrap();
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    sqlx::query(statement).execute(&mut *owner).await.unwrap();
    let verdicts = checks::run_in(&mut owner).await.unwrap();
    assert_eq!(red(verdicts), [""; 0]);
    owner.commit().await.unwrap();
    assert_eq!(registered(&s, THIRD).await.2, [SECOND]);
    assert_eq!(registered(&s, SECOND).await.2, [FIRST]);
    s.checked().await;
}

#[tokio::test]
async fn the_donor_is_told_why_both_amounts_and_what_follows() {
    let s = receipted().await;
    give_back(&s, "A-1", "5.00").await;
    end(&s, "replace", FIRST, EndReason::Refund).await;
    let told = last_mail(&s);
    for said in [
        "la boutique vous a rendu",
        "L’ancien disait 40,00 €, le nouveau dit 35,00 €",
        "Si vous avez déjà déclaré l’ancien montant",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(
        !told.contains("4711"),
        "what the operator wrote stays with the team: {told}"
    );

    end(&s, "replace", SECOND, EndReason::Correction).await;
    let told = last_mail(&s);
    assert!(told.contains("Le montant reste de 35,00 €"), "{told}");
    assert!(told.contains("vous avez demandé la correction"), "{told}");
    assert!(!told.contains("corrigez votre déclaration"), "{told}");

    end(&s, "cancel", THIRD, EndReason::Mistake).await;
    let told = last_mail(&s);
    for said in [
        "de 35,00 €, est annulé",
        "nous nous sommes trompés",
        "35,00 € n’ont pas été rendus. Un autre reçu",
        "attendez l’autre reçu",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    s.checked().await;
}

#[tokio::test]
async fn no_other_receipt_is_promised_where_none_will_come() {
    let s = receipted().await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    camille.wish_for_receipts("none").await;
    end(&s, "cancel", FIRST, EndReason::PaymentReturned).await;
    let told = last_mail(&s);
    assert!(told.contains("un paiement est revenu"), "{told}");
    assert!(told.contains("aucun autre ne suivra"), "{told}");
    assert!(!told.contains("vous parviendra"), "{told}");

    camille.wish_for_receipts("monthly").await;
    issue_receipts(&s, on("2025-03-11"), month("2025-01-01")).await;
    for order in ["A-1", "A-2"] {
        give_back(&s, order, "20.00").await;
    }
    end(&s, "cancel", SECOND, EndReason::Refund).await;
    let told = last_mail(&s);
    let said = "Tous les dons qu’il portait ont été rendus";
    assert!(told.contains(said), "{told}");
    assert!(!told.contains("vous parviendra"), "{told}");
    s.checked().await;
}

#[tokio::test]
async fn a_replacement_that_ended_before_its_mail_left_is_told_as_a_cancellation() {
    let s = receipted().await;
    end(&s, "replace", FIRST, EndReason::Correction).await;
    // As if it had not left.
    let unsent = "update mailing set sent_at = null where kind = 'replacement'";
    sqlx::query(unsent).execute(&s.world.owner).await.unwrap();
    end(&s, "cancel", SECOND, EndReason::Mistake).await;
    let before = mails_to(&s, CAMILLE).len();
    let run = issue_receipts(&s, on("2025-03-11"), month("2025-01-01")).await;
    assert_eq!((run.issued, run.mailed, run.unsent), (1, 2, 0));
    let of_first = mails_to(&s, CAMILLE)
        .into_iter()
        .filter(|m| plain(&m.text).contains(&format!("n° {FIRST}, de 40,00 €, est annulé")));
    assert_eq!(of_first.count(), 1);
    // The replacement's mail took the place of itself: a mail keeps its id.
    assert_eq!(mails_to(&s, CAMILLE).len(), before + 1);
    s.checked().await;
}

#[tokio::test]
async fn the_reason_is_no_refund_where_nothing_was_given_back() {
    let s = receipted().await;
    let actor = Actor {
        who: "lea@obole.example".into(),
        source: "command line".into(),
    };
    let decision = ReceiptDecision {
        number: FIRST,
        actor: &actor,
        why: "a slip",
    };
    let (now, day, reason) = (Utc::now(), on("2025-03-11"), EndReason::Refund);
    let unsaid = runs::cancel_receipt(&s.app, now, day, decision, None).await;
    let unsaid: DecisionError = unsaid.unwrap_err().downcast().unwrap();
    assert!(matches!(unsaid, DecisionError::ReasonMissing), "{unsaid}");
    let refused = runs::replace_receipt(&s.app, now, day, decision, Some(reason)).await;
    let refused: DecisionError = refused.unwrap_err().downcast().unwrap();
    assert!(matches!(refused, DecisionError::NoRefund), "{refused}");
    let refused = runs::cancel_receipt(&s.app, now, day, decision, Some(reason)).await;
    let refused: DecisionError = refused.unwrap_err().downcast().unwrap();
    assert!(matches!(refused, DecisionError::NoRefund), "{refused}");
    // Where the facts say it, nobody needs to.
    give_back(&s, "A-1", "5.00").await;
    let ended = runs::replace_receipt(&s.app, now, day, decision, None).await;
    assert_eq!(ended.unwrap().successor.as_deref(), Some(SECOND));
    assert!(last_mail(&s).contains("la boutique vous a rendu"));
    s.checked().await;
}

#[tokio::test]
async fn the_page_asks_to_declare_only_receipts_that_stand() {
    let s = receipted().await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let page = async || plain(&camille.get("/donor").await.text().await.unwrap());
    let declare = "Dons de 2025 : reportez 40,00 € dans la case 7UF";
    assert!(page().await.contains(declare), "{}", page().await);
    give_back(&s, "A-1", "5.00").await;
    let shown = page().await;
    assert!(!shown.contains("reportez 40,00 €"), "{shown}");
    let in_question =
        "Dons de 2025, case 7UF : 40,00 € en cours de vérification. Ne les reportez pas";
    assert!(shown.contains(in_question), "{shown}");
    end(&s, "replace", FIRST, EndReason::Refund).await;
    let shown = page().await;
    assert!(shown.contains("reportez 35,00 €"), "{shown}");
    assert!(!shown.contains("en cours de vérification"), "{shown}");
    end(&s, "cancel", SECOND, EndReason::Mistake).await;
    let shown = page().await;
    assert!(!shown.to_lowercase().contains("reportez"), "{shown}");
    s.checked().await;
}
