//! One address that cannot be written to stops nobody else's mail.

use chrono::Utc;
use obole::cases::{self, Case, CaseFilter, CaseKind};
use obole::mailing::{self, Landing, statement_path};
use obole::runs::{self, CollectionRun, ReceiptOptions, ReceiptRun};
use obole::values::{Email, Locale, Reader, Secret};

use crate::browser::mails_to;
use crate::mail_server::MailServer;
use crate::shop::Service;
use crate::steps::{
    another_shop, approve, bank_day, collect_and_settle, give, give_at, month, on, paid, pay_out,
    prepare_payouts,
};

/// Donors with these addresses gave, and their donations were paid out; no receipt is issued yet.
async fn donors(s: &Service, addresses: &[&str]) {
    let operators = s.operators().await;
    for (n, address) in addresses.iter().enumerate() {
        let plain = format!("donor{n}@example.org");
        give(
            s,
            &format!("O-{n}"),
            "2025-01-10T10:00:00Z",
            "20.00",
            &plain,
        )
        .await;
        set_address(s, "donor", &plain, address).await;
    }
    collect_and_settle(s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(s, on("2025-02-03"), &operators).await;
}

/// Changes the address of a party, whatever is accepted today where addresses come in.
async fn set_address(s: &Service, table: &str, from: &str, to: &str) {
    let update = format!("update {table} set email = $2 where email = $1");
    sqlx::query(sqlx::AssertSqlSafe(update))
        .bind(from)
        .bind(to)
        .execute(&s.world.owner)
        .await
        .unwrap();
}

async fn run_receipts(s: &Service) -> anyhow::Result<ReceiptRun> {
    let (on, period) = (on("2025-02-04"), month("2025-01-01"));
    runs::run_receipts(&s.app, Utc::now(), on, period, ReceiptOptions::default()).await
}

/// The cases of a kind, oldest first.
async fn cases_of(s: &Service, kind: CaseKind, open_only: bool) -> Vec<Case> {
    let filter = CaseFilter {
        kind: Some(kind),
        open_only,
        ..CaseFilter::default()
    };
    let mut db = s.world.db.acquire().await.unwrap();
    cases::list(&mut db, Reader::System, filter).await.unwrap()
}

/// Why messages are refused, in the words of the open cases, sorted.
async fn refusals(s: &Service) -> Vec<String> {
    let open = cases_of(s, CaseKind::MessageRefused, true).await;
    let reason = |case: &Case| {
        assert!(!case.what.contains('@'), "{}", case.what);
        case.what.split_once(": ").unwrap().1.to_owned()
    };
    let mut reasons: Vec<String> = open.iter().map(reason).collect();
    reasons.sort();
    reasons
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_address_counts_as_unsent_and_everyone_elses_receipt_leaves() {
    let server = MailServer::open().await;
    let s = server.service().await;
    let addresses = [
        "zoe@example.org",
        "camille@bücher.example",
        "andré@example.org",
        "user@[192.0.2.1]",
        "\"o.neill,+x\"@example.org",
        "gone@example.org",
        "busy@example.org",
        "hangs@example.org",
        "big@example.org",
        "paul@example.org",
    ];
    donors(&s, &addresses).await;
    server.say("<gone@", "550 5.1.1 <gone@example.org>: no such user");
    server.say("<busy@", "450 4.2.0 <busy@example.org>: greylisted");
    server.say("<hangs@", "hang up");
    server.say("<big@", "552 too much mail data");
    let left = [
        "camille@xn--bcher-kva.example",
        "paul@example.org",
        "zoe@example.org",
    ];
    let permanent = [
        "the address cannot be written to",
        "the address cannot be written to",
        "the mail server refused the message with code 550",
        "the mail server refused the message with code 552",
        "the mail server takes no address with such characters",
    ];
    let run = run_receipts(&s).await.unwrap();
    assert_eq!((run.issued, run.mailed, run.unsent), (10, 3, 7));
    let mut donors = server.recipients();
    donors.retain(|r| !r.starts_with("compta@") && !r.starts_with("tresorier@"));
    assert_eq!(donors, left);
    assert_eq!(refusals(&s).await, permanent);

    // What is refused for now is tried again, and becomes a case when it lasts.
    let run = run_receipts(&s).await.unwrap();
    assert_eq!((run.mailed, run.unsent), (0, 7));
    assert_eq!(refusals(&s).await, permanent, "one case a message");
    run_receipts(&s).await.unwrap();
    let lasting = refusals(&s).await;
    assert_eq!(lasting.len(), 7, "{lasting:?}");
    assert!(
        lasting[2].contains("broke off") && lasting[3].contains("450"),
        "{lasting:?}"
    );
    run_receipts(&s).await.unwrap();
    assert_eq!(refusals(&s).await, lasting);

    // Each closes by itself when its message leaves.
    server.accept_all();
    set_address(&s, "donor", "andré@example.org", "andre@example.org").await;
    let run = run_receipts(&s).await.unwrap();
    assert_eq!((run.mailed, run.unsent), (5, 2));
    assert_eq!(refusals(&s).await, [permanent[0]; 2]);
    let all = cases_of(&s, CaseKind::MessageRefused, false).await;
    let closed: Vec<_> = all.iter().filter_map(|c| c.decided_by.as_deref()).collect();
    assert_eq!(closed, ["obole"; 5]);
    s.checked().await;
}

#[tokio::test]
async fn without_a_mail_server_an_odd_address_stops_nobody_either() {
    let s = Service::start().await;
    let odd = ["user@[192.0.2.1]", "\"o.neill,+x\"@example.org"];
    let good = ["zoe@example.org", "camille@bücher.example"];
    donors(&s, &[odd[0], good[0], odd[1], good[1]]).await;
    let run = run_receipts(&s).await.unwrap();
    assert_eq!((run.mailed, run.unsent), (2, 2));
    assert_eq!(mails_to(&s, good[0]).len(), 1);
    assert_eq!(mails_to(&s, "camille@xn--bcher-kva.example").len(), 1);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_or_refuses_us_concerns_all_and_opens_no_case() {
    let server = MailServer::open().await;
    let s = server.service().await;
    donors(&s, &["zoe@example.org", "paul@example.org"]).await;
    // The server's reports of the payout are not what is counted here.
    let before = server.recipients().len();
    for (command, answer) in [
        ("MAIL FROM", "550 5.7.1 not allowed"),
        ("MAIL FROM", "451 4.3.0 later"),
        ("MAIL FROM", "hang up"),
        ("EHLO", "554 no service here"),
        ("RCPT TO", "530 5.7.0 authentication required"),
        (
            "RCPT TO",
            "553 5.7.1 <o@obole.example>: Sender address rejected: not owned",
        ),
        ("RCPT TO", "550 5.1.8 domain of sender not found"),
    ] {
        server.accept_all();
        server.say(command, answer);
        let error = run_receipts(&s).await.unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.contains("the mail server is away, or refuses us"),
            "{answer}: {error}"
        );
        assert!(error.contains("run this again"), "{error}");
    }
    server.accept_all();
    for url in [
        server.url.replace("smtp://", "smtp://us:secret@"),
        format!("{}?tls=required", server.url),
        "smtp://127.0.0.1:9".to_owned(),
    ] {
        let mut app = s.app.clone();
        app.settings = {
            let mut settings = (*app.settings).clone();
            settings.smtp_url = Some(Secret::new(url.clone()));
            settings.into()
        };
        let (on, period) = (on("2025-02-04"), month("2025-01-01"));
        let run = runs::run_receipts(&app, Utc::now(), on, period, ReceiptOptions::default());
        let error = format!("{:#}", run.await.unwrap_err());
        assert!(error.contains("is away, or refuses us"), "{url}: {error}");
    }
    assert_eq!(s.count("select count(*) from mail_refusal").await, 0);
    assert_eq!(server.recipients().len(), before);
    let run = run_receipts(&s).await.unwrap();
    assert_eq!((run.mailed, run.unsent), (2, 0));
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_cannot_be_opened_stops_nobody_elses() {
    let s = Service::start().await;
    donors(
        &s,
        &["zoe@example.org", "paul@example.org", "lou@example.org"],
    )
    .await;
    let (day, period) = (on("2025-02-04"), month("2025-01-01"));
    let options = ReceiptOptions {
        no_mail: true,
        ..ReceiptOptions::default()
    };
    let run = runs::run_receipts(&s.app, Utc::now(), day, period, options);
    let issued = run.await.unwrap().receipts;
    let folder = s.app.settings.data.join("receipts");
    std::fs::remove_dir_all(folder).unwrap();
    for change in [
        "alter table receipt_content disable trigger user",
        "update receipt_content set sealed = '\\x01' where receipt_id = (
           select receipt_id from receipt order by number limit 1)",
        "alter table receipt_content enable trigger user",
    ] {
        sqlx::query(change).execute(&s.world.owner).await.unwrap();
    }
    let run = run_receipts(&s).await.unwrap();
    assert_eq!((issued.len(), run.mailed, run.unsent), (3, 2, 1));
    assert_eq!(refusals(&s).await, ["what they say cannot be opened"]);
    s.checked().await;
}

/// Asks three shops for January.
async fn run_collections(s: &Service) -> CollectionRun {
    let (on, period) = (on("2025-02-02"), month("2025-01-01"));
    runs::run_collections(&s.app, Utc::now(), on, period)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_whose_statement_or_mail_fails_is_set_aside_and_the_next_run_does_it() {
    let server = MailServer::open().await;
    let s = server.service().await;
    for name in ["Aubergine", "Basilic", "Cerfeuil"] {
        let shop = another_shop(&s, name).await;
        give_at(&s, &shop, "ONE", "2025-01-10T10:00:00Z", |_| ()).await;
        let slug = name.to_lowercase();
        sqlx::query("update merchant set email = $1 || '@shop.example' where slug = $1")
            .bind(&slug)
            .execute(&s.world.owner)
            .await
            .unwrap();
    }
    set_address(&s, "merchant", "basilic@shop.example", "user@[192.0.2.1]").await;
    server.say("<cerfeuil@", "550 no such user");
    // A folder lies where the statement of the first would be written.
    let first = {
        server.say("MAIL FROM", "451 not now");
        let (on, period) = (on("2025-02-02"), month("2025-01-01"));
        let run = runs::run_collections(&s.app, Utc::now(), on, period).await;
        assert!(run.is_err(), "the server's no to us concerns all");
        server.accept_all();
        server.say("<cerfeuil@", "550 no such user");
        let mut db = s.world.db.acquire().await.unwrap();
        let filter = obole::collections::CollectionFilter::Month(period);
        let all = obole::collections::list(&mut db, Reader::System, filter).await;
        all.unwrap()
            .into_iter()
            .find(|c| c.merchant == "aubergine")
            .unwrap()
    };
    let path = statement_path(&s.app, &first);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();

    let run = run_collections(&s).await;
    let told: Vec<_> = run.set_aside.iter().map(|a| a.subject.as_str()).collect();
    assert_eq!(told, ["aubergine", "basilic", "cerfeuil"]);
    assert!(
        run.set_aside[0]
            .reason
            .contains("its statement is not written")
    );
    assert_eq!(
        server.recipients(),
        ["aubergine@shop.example"],
        "mailed all the same"
    );
    assert_eq!(
        run.collections.iter().filter(|c| c.file.is_some()).count(),
        2
    );
    assert_eq!(cases_of(&s, CaseKind::MessageRefused, true).await.len(), 2);

    std::fs::remove_dir(&path).unwrap();
    server.accept_all();
    set_address(&s, "merchant", "user@[192.0.2.1]", "basilic@shop.example").await;
    let run = run_collections(&s).await;
    assert_eq!(run.set_aside, []);
    assert!(path.is_file());
    assert_eq!(server.recipients().len(), 3);
    assert_eq!(cases_of(&s, CaseKind::MessageRefused, true).await.len(), 0);
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_report_stops_no_other_and_is_told_by_the_import() {
    let server = MailServer::open().await;
    let s = server.service().await;
    let operators = s.operators().await;
    give(
        &s,
        "O-1",
        "2025-01-10T10:00:00Z",
        "20.00",
        "zoe@example.org",
    )
    .await;
    give_at(&s, &s.shop, "O-2", "2025-01-10T10:00:00Z", |event| {
        event["data"]["donation"]["cause"] = "abri".into();
        event["data"]["donation"]["amount"] = "20.00".into();
    })
    .await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    let payouts = prepare_payouts(&s, on("2025-02-03")).await;
    approve(&s, on("2025-02-03"), &operators, &payouts).await;
    server.say("<tresorier@abri", "550 no such user");
    let statement = bank_day(&s, on("2025-02-03"), &[]).unwrap();
    let import = async || {
        let files = [statement.clone()];
        runs::import_statements(&s.app, Utc::now(), &files)
            .await
            .unwrap()
            .set_aside
    };
    let told = import().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].reason.contains("code 550"), "{told:?}");
    let to = |name: &str| {
        server
            .recipients()
            .iter()
            .filter(|r| r.contains(name))
            .count()
    };
    assert_eq!((to("tresorier@foret"), to("tresorier@abri")), (1, 0));
    server.accept_all();
    assert_eq!(import().await, []);
    assert_eq!((to("tresorier@foret"), to("tresorier@abri")), (1, 1));
    s.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_in_link_is_an_error_of_its_own_and_no_case() {
    let server = MailServer::open().await;
    let s = server.service().await;
    give(
        &s,
        "O-1",
        "2025-01-10T10:00:00Z",
        "1.00",
        "gone@example.org",
    )
    .await;
    server.say("<gone@", "550 no such user");
    let email = Email::parse("gone@example.org").unwrap();
    let mut db = s.world.db.acquire().await.unwrap();
    let sent = mailing::send_link(
        &s.app,
        &mut db,
        Utc::now(),
        &email,
        Locale::Fr,
        Landing::Home,
    )
    .await;
    assert!(format!("{:#}", sent.unwrap_err()).contains("code 550"));
    drop(db);
    assert_eq!(s.count("select count(*) from case_file").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn a_statement_that_is_paid_settles_whether_or_not_its_mail_left() {
    let s = Service::start().await;
    give(&s, "O-1", "2025-01-10T10:00:00Z", "1.00", "zoe@example.org").await;
    set_address(
        &s,
        "merchant",
        "compta@librairie.example",
        "user@[192.0.2.1]",
    )
    .await;
    let run = run_collections(&s).await;
    assert_eq!(run.set_aside.len(), 1);
    let statement = bank_day(&s, on("2025-02-02"), &[paid(&run.collections[0])]).unwrap();
    assert_eq!(crate::steps::import(&s, statement).await.matched, 1);
    s.checked().await;
}
