//! A receipt that is wrong has ways out: it is cancelled or replaced, its donor is told, and its
//! number stays in the series. One that was lost is given again as a duplicata.

use std::path::PathBuf;

use chrono::Utc;
use obole::audit::Actor;
use obole::cases::{self, CaseKind, NewCase};
use obole::receipts::{self, DecisionError, ReceiptDecision, ReceiptStanding, WithheldReason};
use obole::runs::{self, DecidedReceipt, ReceiptOptions};
use obole::values::{Email, EndReason, Reader};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::browser::{Browser, PROFILE, mails_to};
use crate::shop::Service;
use crate::steps::{
    bank_day, collect_and_settle, give, import, issue_receipts, month, on, pay_again, pay_out,
    prepare_payouts,
};
use crate::support::{tool, written};

const CAMILLE: &str = "camille@example.org";
const FIRST: &str = "foret-vivante-2025-000001";
const SECOND: &str = "foret-vivante-2025-000002";

/// Who decides in these tests.
fn lea() -> Actor {
    Actor {
        who: "lea@obole.example".into(),
        source: "command line".into(),
    }
}

fn decision<'a>(number: &'a str, actor: &'a Actor) -> ReceiptDecision<'a> {
    ReceiptDecision {
        number,
        actor,
        why: "asked by the donor",
    }
}

/// Camille gave twenty euros twice in January; the association has them, and she has her receipt.
async fn receipted() -> (Service, [Email; 2]) {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "A-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    give(&s, "A-2", "2025-01-11T10:00:00Z", "20.00", CAMILLE).await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    let run = issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    assert_eq!((run.issued, run.mailed), (1, 1));
    assert_eq!(run.receipts[0].number, FIRST);
    (s, operators)
}

async fn cancel(s: &Service, number: &str) -> anyhow::Result<DecidedReceipt> {
    let actor = lea();
    let day = on("2025-02-10");
    let decision = decision(number, &actor);
    runs::cancel_receipt(&s.app, Utc::now(), day, decision, Some(EndReason::Mistake)).await
}

async fn replace(s: &Service, number: &str) -> anyhow::Result<DecidedReceipt> {
    let actor = lea();
    let day = on("2025-02-10");
    let decision = decision(number, &actor);
    runs::replace_receipt(
        &s.app,
        Utc::now(),
        day,
        decision,
        Some(EndReason::Correction),
    )
    .await
}

/// Why a decision was refused.
fn refusal<T: std::fmt::Debug>(decided: anyhow::Result<T>) -> DecisionError {
    decided.unwrap_err().downcast().unwrap()
}

async fn standing(s: &Service, number: &str) -> (ReceiptStanding, Vec<String>) {
    let mut db = s.world.db.acquire().await.unwrap();
    let found = receipts::registered(&mut db, Reader::System, number).await;
    let found = found.unwrap().unwrap();
    (found.standing, found.successors)
}

/// The id of a receipt, which cases are about.
async fn id_of(s: &Service, number: &str) -> Uuid {
    sqlx::query_scalar("select receipt_id from receipt where number = $1")
        .bind(number)
        .fetch_one(&s.world.db)
        .await
        .unwrap()
}

/// A person must look at a receipt.
async fn put_in_question(s: &Service, number: &str) {
    let subject = id_of(s, number).await;
    let case = NewCase::new(CaseKind::ReceiptInQuestion, subject, "a test doubts it");
    let mut db = s.world.db.acquire().await.unwrap();
    cases::open(&mut db, Utc::now(), &[case]).await.unwrap();
}

/// The acts on a receipt in the audit log: what was done, before and after.
async fn acts(s: &Service, number: &str) -> Vec<(String, Value, Value)> {
    let mut db = s.world.db.acquire().await.unwrap();
    let log = obole::audit::list(&mut db, Reader::System, Some(number)).await;
    let entries = log.unwrap().into_iter();
    entries
        .map(|e| {
            assert_eq!(
                (e.actor.as_str(), e.why.as_deref()),
                ("lea@obole.example", Some("asked by the donor"))
            );
            (e.act, e.before.unwrap(), e.after.unwrap())
        })
        .collect()
}

/// The words of a document.
fn words(pdf: &[u8]) -> Option<String> {
    let file = written("receipt.pdf", pdf);
    tool("qpdf", "qpdf", &["--check", file.to_str().unwrap()])?;
    tool(
        "pdftotext",
        "poppler-utils",
        &["-layout", file.to_str().unwrap(), "-"],
    )
}

#[tokio::test]
async fn a_cancelled_receipt_keeps_its_number_and_its_donor_is_told() {
    let (s, _) = receipted().await;
    put_in_question(&s, FIRST).await;
    let decided = cancel(&s, FIRST).await.unwrap();
    assert_eq!(
        (decided.state, decided.mailed, decided.unsent),
        ("cancelled", 1, 0)
    );
    assert_eq!(
        standing(&s, FIRST).await,
        (ReceiptStanding::Cancelled, vec![])
    );
    assert_eq!(
        s.count("select count(*) from receipt").await,
        1,
        "the register keeps it"
    );
    assert_eq!(
        acts(&s, FIRST).await,
        [(
            "receipt.cancel".to_owned(),
            json!({"state": "in-question", "amount": "40.00"}),
            json!({"state": "cancelled", "reason": "mistake"})
        )]
    );
    assert_eq!(s.count("select count(*) from open_case").await, 0);
    let decided = "select count(*) from case_decision where decision = 'cancel'
                   and decided_by = 'lea@obole.example'";
    assert_eq!(s.count(decided).await, 1);

    let mail = mails_to(&s, CAMILLE).pop().unwrap();
    assert!(
        mail.text.contains(FIRST) && mail.text.contains("annulé"),
        "{}",
        mail.text
    );
    assert!(mail.attachments.is_empty() && mail.unsubscribe_url.is_none());
    let told = mails_to(&s, CAMILLE).len();
    let next = issue_receipts(&s, on("2025-02-11"), month("2025-01-01")).await;
    assert_eq!(
        (next.issued, next.mailed),
        (1, 1),
        "what is right is issued anew"
    );
    assert_eq!(next.receipts[0].number, SECOND);
    assert_eq!(
        mails_to(&s, CAMILLE).len(),
        told + 1,
        "and the cancellation is told once"
    );
    s.checked().await;
}

#[tokio::test]
async fn a_replaced_receipt_has_a_successor_with_what_is_known_today() {
    let (s, _) = receipted().await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let mut form = PROFILE.to_vec();
    form[0] = ("first_name", "Nguyễn");
    form[2] = ("line1", "Unter den Linden 1");
    form[4] = ("postal_code", "10117");
    form[5] = ("city", "Berlin");
    form[6] = ("country", "DE");
    // The wish for yearly receipts holds no correction back.
    form.push(("receipts", "annual"));
    assert_eq!(camille.post("/donor/profile", &form).await.status(), 303);
    let decided = replace(&s, FIRST).await.unwrap();
    assert_eq!(decided.successor.as_deref(), Some(SECOND));
    assert_eq!(
        (decided.state, decided.amount.as_deref()),
        ("replaced", Some("40.00"))
    );
    assert_eq!((decided.mailed, decided.unsent), (1, 0));
    let replaced = (ReceiptStanding::Replaced, vec![SECOND.to_owned()]);
    assert_eq!(standing(&s, FIRST).await, replaced);
    assert_eq!(standing(&s, SECOND).await, (ReceiptStanding::Valid, vec![]));
    assert_eq!(acts(&s, FIRST).await[0].2["successor"], SECOND);

    let mail = mails_to(&s, CAMILLE).pop().unwrap();
    assert!(
        mail.text.contains(FIRST) && mail.text.contains(SECOND),
        "{}",
        mail.text
    );
    assert_eq!(mail.attachments, [format!("recu-{SECOND}.pdf")]);
    let pdf = std::fs::read(decided.file.unwrap()).unwrap();
    if let Some(text) = words(&pdf) {
        for said in [
            "annule et remplace le reçu n° foret-vivante-2025-000001",
            "Durand Nguyễn",
            "Unter den Linden 1, 10117 Berlin, Allemagne",
            "***40,00***",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
    let again = issue_receipts(&s, on("2025-02-11"), month("2025-01-01")).await;
    assert_eq!(
        (again.issued, again.mailed),
        (0, 0),
        "one euro, one receipt"
    );
    s.checked().await;
}

#[tokio::test]
async fn the_donors_page_shows_what_became_of_a_receipt() {
    let (s, _) = receipted().await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let path = format!("/donor/receipts/{FIRST}.pdf");
    let document = async |path: &str| {
        let response = camille.get(path).await;
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap()
    };
    let page = async || camille.get("/donor").await.text().await.unwrap();
    let original = document(&path).await;
    assert!(!page().await.contains("annulé"));

    put_in_question(&s, FIRST).await;
    assert!(page().await.contains("en cours de vérification"));
    replace(&s, FIRST).await.unwrap();
    let shown = page().await;
    assert!(
        shown.contains(&format!("annulé et remplacé par {SECOND}")),
        "{shown}"
    );
    let marked = document(&path).await;
    let successor = document(&format!("/donor/receipts/{SECOND}.pdf")).await;
    if let (Some(original), Some(marked), Some(successor)) =
        (words(&original), words(&marked), words(&successor))
    {
        assert!(!original.contains("ANNULÉ") && !successor.contains("ANNULÉ"));
        assert!(
            marked.contains("ANNULÉ") && marked.contains("***40,00***"),
            "{marked}"
        );
        assert!(
            marked.contains(&format!("remplacé par le reçu n° {SECOND}")),
            "{marked}"
        );
    }
    s.checked().await;
}

#[tokio::test]
async fn nothing_follows_a_cancelled_or_replaced_receipt_and_refusals_say_why() {
    let (s, _) = receipted().await;
    let unknown = refusal(cancel(&s, "foret-vivante-2025-000009").await);
    assert!(matches!(unknown, DecisionError::Unknown(_)), "{unknown}");
    let actor = lea();
    let silent = ReceiptDecision {
        why: " ",
        ..decision(FIRST, &actor)
    };
    let day = on("2025-02-10");
    let refused =
        runs::cancel_receipt(&s.app, Utc::now(), day, silent, Some(EndReason::Mistake)).await;
    assert!(matches!(refusal(refused), DecisionError::WhyMissing));
    let early = on("2025-02-03");
    let (first, reason) = (decision(FIRST, &actor), Some(EndReason::Mistake));
    let refused = runs::cancel_receipt(&s.app, Utc::now(), early, first, reason).await;
    assert!(matches!(refusal(refused), DecisionError::BeforeIssue(_)));

    replace(&s, FIRST).await.unwrap();
    for refused in [replace(&s, FIRST).await, cancel(&s, FIRST).await] {
        assert!(matches!(refusal(refused), DecisionError::Replaced(by) if by == SECOND));
    }
    cancel(&s, SECOND).await.unwrap();
    for refused in [replace(&s, SECOND).await, cancel(&s, SECOND).await] {
        assert!(matches!(refusal(refused), DecisionError::Cancelled));
    }
    assert_eq!(s.count("select count(*) from receipt_state").await, 2);
    assert_eq!(s.count("select count(*) from audit_entry").await, 2);
    s.checked().await;
}

#[tokio::test]
async fn a_receipt_is_not_replaced_while_its_donor_or_its_money_is_missing() {
    let (s, operators) = receipted().await;
    let erase_name = "update donor set first_name = null";
    sqlx::query(erase_name)
        .execute(&s.world.owner)
        .await
        .unwrap();
    let refused = refusal(replace(&s, FIRST).await);
    let incomplete = DecisionError::Withheld(WithheldReason::IdentityIncomplete);
    assert_eq!(refused.to_string(), incomplete.to_string());
    assert!(
        refused.to_string().contains("identity-incomplete"),
        "{refused}"
    );
    let name = "update donor set first_name = 'Camille'";
    sqlx::query(name).execute(&s.world.owner).await.unwrap();

    // The association's bank sends the payout back.
    let back = s.count("select amount_cents from payout").await;
    let reference: String = sqlx::query_scalar("select reference from payout")
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let returned = obole::gateways::bank::simulated::IncomingTransfer {
        from: "Forêt Vivante".into(),
        reference,
        amount: obole::values::Amount::from_cents(back).unwrap(),
    };
    import(&s, bank_day(&s, on("2025-02-05"), &[returned]).unwrap()).await;
    assert_eq!(
        standing(&s, FIRST).await,
        (ReceiptStanding::InQuestion, vec![])
    );
    let refused = refusal(replace(&s, FIRST).await);
    assert!(refused.to_string().contains("not-paid-out"), "{refused}");
    assert_eq!(
        s.count("select count(*) from receipt").await,
        1,
        "no number is used up"
    );

    // It is paid again: the successor says when.
    pay_again(&s, on("2025-02-06")).await;
    assert_eq!(prepare_payouts(&s, on("2025-02-06")).await.len(), 1);
    pay_out(&s, on("2025-02-06"), &operators).await;
    let decided = replace(&s, FIRST).await.unwrap();
    assert_eq!(decided.successor.as_deref(), Some(SECOND));
    assert_eq!(standing(&s, SECOND).await.0, ReceiptStanding::Valid);
    if let Some(text) = words(&std::fs::read(decided.file.unwrap()).unwrap()) {
        assert!(text.contains("06/02/2025"), "{text}");
    }
    s.checked().await;
}

#[tokio::test]
async fn a_duplicata_says_so_with_the_same_number_and_day() {
    let (s, _) = receipted().await;
    let actor = lea();
    let duplicate = async || {
        let decision = decision(FIRST, &actor);
        runs::duplicate_receipt(&s.app, Utc::now(), decision).await
    };
    let path: PathBuf = duplicate().await.unwrap();
    if let Some(text) = words(&std::fs::read(&path).unwrap()) {
        for said in ["DUPLICATA", FIRST, "04/02/2025", "***40,00***"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
    assert_eq!(acts(&s, FIRST).await[0].0, "receipt.duplicate");
    put_in_question(&s, FIRST).await;
    assert!(matches!(
        refusal(duplicate().await),
        DecisionError::InQuestion
    ));
    cancel(&s, FIRST).await.unwrap();
    assert!(matches!(
        refusal(duplicate().await),
        DecisionError::Cancelled
    ));
    s.checked().await;
}

#[tokio::test]
async fn a_receipt_that_is_not_valid_is_not_mailed_until_it_is() {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "A-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    give(
        &s,
        "A-2",
        "2025-01-10T10:00:00Z",
        "20.00",
        "paul@example.org",
    )
    .await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    let options = ReceiptOptions {
        no_mail: true,
        ..ReceiptOptions::default()
    };
    let (now, day) = (Utc::now(), on("2025-02-04"));
    runs::run_receipts(&s.app, now, day, month("2025-01-01"), options)
        .await
        .unwrap();
    // The messages are written down, and one receipt is doubted before they leave.
    let mut tx = s.world.db.begin().await.unwrap();
    receipts::prepare_mailings(&mut tx, now).await.unwrap();
    tx.commit().await.unwrap();
    put_in_question(&s, FIRST).await;
    let run = issue_receipts(&s, day, month("2025-01-01")).await;
    assert_eq!((run.issued, run.mailed, run.unsent), (0, 1, 0));
    let in_question: String = sqlx::query_scalar(
        "select email from receipt join donor using (donor_id) where number = $1",
    )
    .bind(FIRST)
    .fetch_one(&s.world.db)
    .await
    .unwrap();
    assert!(mails_to(&s, &in_question).is_empty());

    let decided = cases::Decision {
        decision: "right as it is",
        by: "lea@obole.example",
        why: "looked at",
    };
    let subject = [id_of(&s, FIRST).await];
    let mut db = s.world.db.acquire().await.unwrap();
    cases::close(&mut db, now, CaseKind::ReceiptInQuestion, &subject, decided)
        .await
        .unwrap();
    drop(db);
    let run = issue_receipts(&s, day, month("2025-01-01")).await;
    assert_eq!((run.mailed, run.unsent), (1, 0));
    assert_eq!(mails_to(&s, &in_question)[0].attachments.len(), 1);
    s.checked().await;
}

#[tokio::test]
async fn no_mail_goes_without_its_receipts_when_their_content_is_destroyed() {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "OLD", "2020-01-10T10:00:00Z", "20.00", CAMILLE).await;
    collect_and_settle(&s, on("2020-02-02"), month("2020-01-01")).await;
    pay_out(&s, on("2020-02-03"), &operators).await;
    let options = ReceiptOptions {
        no_mail: true,
        ..ReceiptOptions::default()
    };
    let (now, day) = (Utc::now(), on("2020-02-05"));
    runs::run_receipts(&s.app, now, day, month("2020-01-01"), options)
        .await
        .unwrap();
    let mut tx = s.world.db.begin().await.unwrap();
    receipts::prepare_mailings(&mut tx, now).await.unwrap();
    tx.commit().await.unwrap();
    let mut db = s.world.db.acquire().await.unwrap();
    obole::worker::destroy_expired_receipts(&s.app, &mut db, on("2026-02-06"))
        .await
        .unwrap();
    drop(db);
    for _ in 0..2 {
        let run = issue_receipts(&s, on("2026-02-07"), month("2020-01-01")).await;
        assert_eq!((run.issued, run.mailed, run.unsent), (0, 0, 0));
        assert!(mails_to(&s, CAMILLE).is_empty());
    }
    s.checked().await;
}

#[tokio::test]
async fn the_schema_refuses_impossible_successions_of_receipts() {
    let (s, _) = receipted().await;
    let receipt = id_of(&s, FIRST).await;
    let insert = "insert into receipt_state (receipt_id, n, state, successor_id, decided_by,
                    reason, why, occurred_on, recorded_at)
                  values ($1, $2, $3, $4, 'lea', 'mistake', 'why', '2025-02-10', now())";
    let attempts = [
        (1, "cancelled", None, "receipt_state_frees_donations"),
        (2, "cancelled", None, "receipt_state_follows"),
        (1, "replaced", None, "receipt_state_has_successor"),
        (1, "cancelled", Some(receipt), "receipt_state_has_successor"),
    ];
    for (n, state, successor, constraint) in attempts {
        let mut tx = s.world.owner.begin().await.unwrap();
        let tried = sqlx::query(insert)
            .bind(receipt)
            .bind(n)
            .bind(state)
            .bind(successor)
            .execute(&mut *tx)
            .await;
        let error = tried.unwrap_err();
        let refused = error.as_database_error().unwrap().constraint();
        assert_eq!(refused, Some(constraint), "{n} {state}: {error}");
        tx.rollback().await.unwrap();
    }
    // A donation cannot leave a receipt that stands.
    let mut tx = s.world.owner.begin().await.unwrap();
    sqlx::query("update receipt_donation set live = false")
        .execute(&mut *tx)
        .await
        .unwrap();
    let error = tx.commit().await.unwrap_err();
    let refused = error.as_database_error().unwrap().constraint();
    assert_eq!(refused, Some("receipt_donation_ends_with_receipt"));
    // What a sent message brought stays known.
    let mut tx = s.world.owner.begin().await.unwrap();
    let forgotten = sqlx::query("delete from mailing_receipt")
        .execute(&mut *tx)
        .await;
    assert!(forgotten.is_err());
    tx.rollback().await.unwrap();
    s.checked().await;
}

#[tokio::test]
async fn a_replacement_that_fails_at_its_last_step_leaves_nothing_of_itself() {
    let (s, _) = receipted().await;
    let fails = "alter table mailing add constraint no_message check (kind = 'receipts')";
    sqlx::query(fails).execute(&s.world.owner).await.unwrap();
    assert!(replace(&s, FIRST).await.is_err());
    assert!(cancel(&s, FIRST).await.is_err());
    for (left, rows) in [
        ("select count(*) from receipt", 1),
        ("select count(*) from receipt_state", 0),
        ("select count(*) from receipt_donation where live", 2),
        ("select count(*) from audit_entry", 0),
        ("select max(last)::bigint from receipt_counter", 1),
    ] {
        assert_eq!(s.count(left).await, rows, "{left}");
    }
    let works = "alter table mailing drop constraint no_message";
    sqlx::query(works).execute(&s.world.owner).await.unwrap();
    let decided = replace(&s, FIRST).await.unwrap();
    assert_eq!(
        decided.successor.as_deref(),
        Some(SECOND),
        "no number is lost"
    );
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_decide_at_once_decide_once() {
    let (s, _) = receipted().await;
    let (one, other) = tokio::join!(replace(&s, FIRST), cancel(&s, FIRST));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(s.count("select count(*) from receipt_state").await, 1);
    assert_eq!(s.count("select count(*) from audit_entry").await, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_decision_stands_when_its_message_cannot_leave_and_the_next_run_tells_it() {
    let s = Service::start_with(|settings| {
        // Nobody listens there.
        let nowhere = format!("smtp://127.0.0.1:{}", crate::program::free_port());
        settings.smtp_url = Some(obole::values::Secret::new(nowhere));
    })
    .await;
    let operators = s.operators().await;
    let mut folder = (*s.app.settings).clone();
    folder.smtp_url = None;
    let with_folder = obole::app::App {
        settings: folder.into(),
        ..s.app.clone()
    };
    give(&s, "A-1", "2025-01-10T10:00:00Z", "20.00", CAMILLE).await;
    let (now, period) = (Utc::now(), month("2025-01-01"));
    let asked = runs::run_collections(&with_folder, now, on("2025-02-02"), period);
    let money: Vec<_> = asked
        .await
        .unwrap()
        .collections
        .iter()
        .map(crate::steps::paid)
        .collect();
    import(&s, bank_day(&s, on("2025-02-02"), &money).unwrap()).await;
    let payouts = prepare_payouts(&s, on("2025-02-03")).await;
    crate::steps::approve(&s, on("2025-02-03"), &operators, &payouts).await;
    let statement = bank_day(&s, on("2025-02-03"), &[]).unwrap();
    runs::import_statements(&with_folder, now, &[statement])
        .await
        .unwrap();
    let (day, options) = (on("2025-02-04"), ReceiptOptions::default());
    let run = runs::run_receipts(&with_folder, now, day, period, options);
    assert_eq!(run.await.unwrap().mailed, 1);

    let decided = cancel(&s, FIRST).await.unwrap();
    assert_eq!(
        (decided.state, decided.mailed, decided.unsent),
        ("cancelled", 0, 1)
    );
    assert_eq!(
        standing(&s, FIRST).await,
        (ReceiptStanding::Cancelled, vec![])
    );
    let run = runs::run_receipts(&with_folder, now, on("2025-02-11"), period, options);
    assert_eq!(
        run.await.unwrap().mailed,
        2,
        "the cancellation and the new receipt"
    );
    let told = mails_to(&s, CAMILLE);
    assert_eq!(
        told.iter()
            .filter(|m| m.text.contains("est annulé"))
            .count(),
        1
    );
    drop(with_folder);
    s.checked().await;
}
