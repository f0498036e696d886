//! A message that was refused: a person corrects the address of whom it is for, or leaves it.

use chrono::Utc;
use obole::audit::{self, Actor};
use obole::cases::{Case, CaseKind};
use obole::runs::{self, CaseDecision, ReceiptOptions, ReceiptRun};
use obole::values::{Email, Reader};

use crate::browser::Browser;
use crate::mail_server::MailServer;
use crate::shop::Service;
use crate::steps::{
    approve, bank_day, collect_and_settle, give, import, month, on, open_cases, pay_out,
    prepare_payouts,
};

const WRONG: &str = "camile@example.org";
const RIGHT: &str = "camille@example.org";

async fn refused(s: &Service) -> Vec<Case> {
    open_cases(s, CaseKind::MessageRefused).await
}

async fn decide(
    s: &Service,
    case: &Case,
    decision: &str,
    email: Option<&str>,
) -> anyhow::Result<String> {
    let actor = Actor {
        who: "lea@obole.example".into(),
        source: "a test".into(),
    };
    let email = email.map(|e| Email::parse(e).unwrap());
    let decision = CaseDecision {
        case_id: case.case_id,
        decision,
        actor: &actor,
        why: "the donor telephoned",
        amount: None,
        email: email.as_ref(),
    };
    let decided = runs::decide_case(&s.app, Utc::now(), on("2025-02-05"), decision).await;
    decided.map(|d| d.done)
}

/// A donor whose address the server refuses gave, and the receipt could not be sent.
async fn undelivered(server: &MailServer) -> (Service, ReceiptRun) {
    let s = server.service().await;
    let operators = s.operators().await;
    give(&s, "O-1", "2025-01-10T10:00:00Z", "20.00", WRONG).await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    server.say("<camile@", "550 no such user");
    let run = receipts(&s).await;
    (s, run)
}

async fn receipts(s: &Service) -> ReceiptRun {
    let (on, period) = (on("2025-02-04"), month("2025-01-01"));
    runs::run_receipts(&s.app, Utc::now(), on, period, ReceiptOptions::default())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_donors_address_is_corrected_and_the_next_run_sends_the_receipt_there() {
    let server = MailServer::open().await;
    let (s, run) = undelivered(&server).await;
    assert_eq!((run.issued, run.mailed, run.unsent), (1, 0, 1));
    let case = refused(&s).await.remove(0);
    let without = decide(&s, &case, "correct-address", None)
        .await
        .unwrap_err();
    assert!(without.to_string().contains("--email"), "{without}");
    let same = decide(&s, &case, "correct-address", Some(WRONG)).await;
    assert!(same.unwrap_err().to_string().contains("already"));
    assert_eq!(refused(&s).await.len(), 1);

    let done = decide(&s, &case, "correct-address", Some(RIGHT))
        .await
        .unwrap();
    assert!(!done.contains('@'), "{done}");
    assert_eq!(refused(&s).await.len(), 0);
    let run = receipts(&s).await;
    assert_eq!((run.mailed, run.unsent), (1, 0));
    assert!(server.recipients().contains(&RIGHT.to_owned()));
    // The log holds no address.
    let mut db = s.world.db.acquire().await.unwrap();
    let subject = case.case_id.to_string();
    let log = audit::list(&mut db, Reader::System, Some(&subject)).await;
    let log = log.unwrap();
    assert_eq!(log.len(), 1);
    assert!(
        !log[0]
            .after
            .as_ref()
            .unwrap()
            .to_string()
            .contains("example.org")
    );
    drop(db);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_donors_are_never_made_one() {
    let server = MailServer::open().await;
    let (s, _) = undelivered(&server).await;
    give(&s, "O-2", "2025-02-10T10:00:00Z", "5.00", RIGHT).await;
    let case = refused(&s).await.remove(0);
    let mixed = decide(&s, &case, "correct-address", Some(RIGHT)).await;
    let mixed = mixed.unwrap_err().to_string();
    assert!(mixed.contains("another donor has this address"), "{mixed}");
    assert_eq!(refused(&s).await.len(), 1, "nothing was decided");
    let emails = "select count(*) from donor where email in
        ('camile@example.org', 'camille@example.org')";
    assert_eq!(s.count(emails).await, 2);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_signed_in_by_the_wrong_address_is_signed_out() {
    let server = MailServer::open().await;
    let (s, _) = undelivered(&server).await;
    let email = Email::parse(WRONG).unwrap();
    let mut db = s.world.db.acquire().await.unwrap();
    let token = obole::parties::sign_in::prepare_link(&mut db, Utc::now(), &email).await;
    drop(db);
    let mut stranger = Browser::new(&s);
    let link = format!("/login/{}", token.unwrap());
    assert!(stranger.press(&link).await.is_some());
    assert!(stranger.is_signed_in().await);
    let case = refused(&s).await.remove(0);
    decide(&s, &case, "correct-address", Some(RIGHT))
        .await
        .unwrap();
    assert!(!stranger.is_signed_in().await);
    assert_eq!(s.count("select count(*) from session").await, 0);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_left_is_neither_tried_nor_told_of_any_more() {
    let server = MailServer::open().await;
    let (s, _) = undelivered(&server).await;
    let case = refused(&s).await.remove(0);
    let wrong = decide(&s, &case, "leave", Some(RIGHT)).await;
    assert!(wrong.is_err(), "an address that is told is not ignored");
    decide(&s, &case, "leave", None).await.unwrap();
    server.accept_all();
    let run = receipts(&s).await;
    assert_eq!((run.mailed, run.unsent), (0, 0));
    assert!(!server.recipients().contains(&WRONG.to_owned()));
    assert_eq!(refused(&s).await.len(), 0);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_merchant_and_of_an_association_is_corrected() {
    let server = MailServer::open().await;
    let s = server.service().await;
    let operators = s.operators().await;
    give(&s, "O-1", "2025-01-10T10:00:00Z", "20.00", RIGHT).await;
    server.say("<compta@", "550 no such user");
    server.say("<tresorier@", "550 no such user");
    let (day, period) = (on("2025-02-02"), month("2025-01-01"));
    let run = runs::run_collections(&s.app, Utc::now(), day, period).await;
    let asked = run.unwrap().collections;
    let case = refused(&s).await.remove(0);
    decide(
        &s,
        &case,
        "correct-address",
        Some("gerant@librairie.example"),
    )
    .await
    .unwrap();
    let run = runs::run_collections(&s.app, Utc::now(), day, period).await;
    assert_eq!(run.unwrap().set_aside, []);
    import(
        &s,
        bank_day(&s, day, &[crate::steps::paid(&asked[0])]).unwrap(),
    )
    .await;
    let payouts = prepare_payouts(&s, on("2025-02-03")).await;
    approve(&s, on("2025-02-03"), &operators, &payouts).await;
    let files = [bank_day(&s, on("2025-02-03"), &[]).unwrap()];
    let first = runs::import_statements(&s.app, Utc::now(), &files).await;
    assert_eq!(first.unwrap().set_aside.len(), 1);
    let case = refused(&s).await.remove(0);
    decide(&s, &case, "correct-address", Some("bureau@foret.example"))
        .await
        .unwrap();
    let again = runs::import_statements(&s.app, Utc::now(), &files).await;
    assert_eq!(again.unwrap().set_aside, []);
    let left = server.recipients();
    assert_eq!(left, ["bureau@foret.example", "gerant@librairie.example"]);
    assert_eq!(refused(&s).await.len(), 0);
    s.checked().await;
}
