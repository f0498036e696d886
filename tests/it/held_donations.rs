//! A donor whose receipts wait for their identity is told once, completes it, and gets them.

use chrono::Utc;
use obole::runs::{self, ReceiptOptions, ReceiptRun};
use obole::values::Email;
use serde_json::{Value, json};

use crate::browser::{Browser, Mail, PROFILE, links_to, mails_to};
use crate::shop::Service;
use crate::steps::{collect_and_settle, give_at, held, issue_receipts, month, on, pay_out};

const CAMILLE: &str = "camille@example.org";
const PAUL: &str = "paul@example.org";

/// A donor gives twenty euros in January, with what their shop knows of them.
async fn gives(s: &Service, order: &str, email: &str, change: impl FnOnce(&mut Value)) {
    give_at(s, &s.shop, order, "2025-01-10T10:00:00Z", |event| {
        event["data"]["donation"]["amount"] = "20.00".into();
        event["data"]["donor"]["email"] = email.into();
        change(&mut event["data"]["donor"]);
    })
    .await;
}

async fn pay_out_january(s: &Service) -> [Email; 2] {
    let operators = s.operators().await;
    collect_and_settle(s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(s, on("2025-02-03"), &operators).await;
    operators
}

async fn run(s: &Service) -> ReceiptRun {
    issue_receipts(s, on("2025-02-04"), month("2025-01-01")).await
}

/// The path of the page that a mail asks to open.
fn completion_path(s: &Service, mail: &Mail) -> String {
    let url = &s.app.settings.public_url;
    let paths = mail
        .text
        .lines()
        .filter_map(|l| l.trim().strip_prefix(url.as_str()));
    let found: Vec<_> = paths.filter(|p| p.starts_with("/complete/")).collect();
    assert_eq!(found.len(), 1, "one link: {}", mail.text);
    found[0].to_owned()
}

/// Presses the button of the completion page, and waits for the sign-in link; returns its path.
async fn sign_in_link(s: &Service, page: &str, email: &str) -> String {
    let before = links_to(s, email).len();
    let sent = Browser::new(s).post(page, &[]).await;
    assert_eq!(sent.status(), 200);
    assert!(!sent.text().await.unwrap().contains(email));
    let arrives = async {
        loop {
            if let Some(link) = links_to(s, email).get(before) {
                return link.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let waiting = tokio::time::timeout(std::time::Duration::from_secs(20), arrives);
    waiting.await.expect("the link arrives")
}

#[tokio::test]
async fn a_donor_without_address_is_asked_once_completes_it_and_gets_the_receipt() {
    let s = Service::start().await;
    for order in ["O-1", "O-2"] {
        gives(&s, order, CAMILLE, |donor| donor["address"] = Value::Null).await;
    }
    gives(&s, "O-3", PAUL, |_| ()).await;
    pay_out_january(&s).await;

    let first = run(&s).await;
    assert_eq!(held(&first), [("identity-incomplete", 2)]);
    assert_eq!((first.issued, first.mailed, first.told), (1, 1, 1));
    let again = run(&s).await;
    assert_eq!(
        (again.told, mails_to(&s, CAMILLE).len()),
        (0, 1),
        "once, not at each run"
    );
    assert_eq!(mails_to(&s, PAUL).len(), 1, "the receipt alone");

    let mail = mails_to(&s, CAMILLE).remove(0);
    assert!(mail.text.contains("adresse postale") && !mail.text.contains("prénom et"));
    for word in ["impôt", "fiscal", "dédui", "déduct", "réduction", "20"] {
        let words = mail.text.lines().filter(|l| !l.starts_with("http"));
        assert!(
            words.clone().all(|l| !l.contains(word)),
            "{word}: {}",
            mail.text
        );
    }
    let leaves = mail.unsubscribe_url.as_deref().unwrap_or_default();
    assert!(leaves.contains("/unsubscribe/"));
    assert!(mail.attachments.is_empty());

    // Opening the link changes nothing and shows nothing; it works days later.
    let page = completion_path(&s, &mail);
    let mut browser = Browser::new(&s);
    let opened = browser.get(&page).await;
    assert_eq!(opened.status(), 200);
    let shown = opened.text().await.unwrap();
    assert!(
        !shown.contains(CAMILLE) && !shown.contains("Durand"),
        "{shown}"
    );
    assert!(links_to(&s, CAMILLE).is_empty(), "scanners open links");

    let link = sign_in_link(&s, &page, CAMILLE).await;
    assert!(
        !browser.is_signed_in().await,
        "the mail's link signs nobody in"
    );
    let entered = browser.post(&link, &[]).await;
    assert_eq!(entered.headers()["location"], "/donor/profile");
    let cookie = entered.headers()["set-cookie"].to_str().unwrap();
    browser.cookie = cookie.split(';').next().unwrap().to_owned();
    let profile = browser.get("/donor/profile").await.text().await.unwrap();
    assert!(profile.contains("Durand"));
    browser.wish_for_receipts("monthly").await;

    let last = run(&s).await;
    assert_eq!((last.issued, last.mailed, last.told), (1, 1, 0));
    assert_eq!(last.amount, "40.00");
    let receipt = mails_to(&s, CAMILLE).pop().unwrap();
    assert_eq!(receipt.attachments.len(), 1);
    let open = "select count(*) from identity_request where completed_at is null";
    assert_eq!(s.count(open).await, 0);
    s.checked().await;
}

#[tokio::test]
async fn each_donor_reads_in_their_language_what_lacks() {
    let s = Service::start().await;
    gives(&s, "O-1", CAMILLE, |donor| {
        donor["last_name"] = Value::Null;
        donor["locale"] = "en".into();
    })
    .await;
    gives(&s, "O-2", PAUL, |donor| donor["first_name"] = "李".into()).await;
    pay_out_january(&s).await;
    assert_eq!(run(&s).await.told, 2);
    let english = mails_to(&s, CAMILLE).remove(0).text;
    assert!(english.contains("first and last name"), "{english}");
    assert!(
        !english.contains("address\n") && !english.contains("Latin"),
        "{english}"
    );
    let french = mails_to(&s, PAUL).remove(0).text;
    assert!(french.contains("lettres latines"), "{french}");
    assert!(!french.contains("postale"), "{french}");
    s.checked().await;
}

#[tokio::test]
async fn who_wants_no_receipts_or_is_not_to_be_mailed_yet_is_not_told() {
    let s = Service::start().await;
    for (order, email) in [("O-1", CAMILLE), ("O-2", PAUL)] {
        gives(&s, order, email, |donor| donor["address"] = Value::Null).await;
    }
    pay_out_january(&s).await;
    sqlx::query("update donor set receipt_frequency = 'none' where email = $1")
        .bind(PAUL)
        .execute(&s.world.owner)
        .await
        .unwrap();
    for (dry_run, no_mail) in [(true, false), (false, true)] {
        let options = ReceiptOptions { dry_run, no_mail };
        let (on, period) = (on("2025-02-04"), month("2025-01-01"));
        let run = runs::run_receipts(&s.app, Utc::now(), on, period, options).await;
        assert_eq!(run.unwrap().told, 0);
    }
    assert!(mails_to(&s, CAMILLE).is_empty());
    assert_eq!(run(&s).await.told, 1);
    assert_eq!(
        (mails_to(&s, CAMILLE).len(), mails_to(&s, PAUL).len()),
        (1, 0)
    );
    s.checked().await;
}

#[tokio::test]
async fn who_completed_and_became_incomplete_again_is_asked_again() {
    let s = Service::start().await;
    gives(&s, "O-1", CAMILLE, |donor| donor["address"] = Value::Null).await;
    pay_out_january(&s).await;
    assert_eq!(run(&s).await.told, 1);
    let camille = Browser::signed_in(&s, CAMILLE).await;
    camille.wish_for_receipts("monthly").await;
    assert_eq!((run(&s).await.issued, run(&s).await.told), (1, 0));

    gives(&s, "O-2", CAMILLE, |_| ()).await;
    let operators = ["lea@obole.example", "hugo@obole.example"].map(|e| Email::parse(e).unwrap());
    collect_and_settle(&s, on("2025-03-02"), month("2025-02-01")).await;
    pay_out(&s, on("2025-03-03"), &operators).await;
    let mut form = PROFILE.to_vec();
    form.retain(|(name, _)| *name != "last_name");
    form.extend([("last_name", "李"), ("receipts", "monthly")]);
    camille.post("/donor/profile", &form).await;
    let later = issue_receipts(&s, on("2025-03-04"), month("2025-02-01")).await;
    assert_eq!(json!(held(&later)), json!([["identity-incomplete", 1]]));
    assert_eq!(later.told, 1);
    s.checked().await;
}

#[tokio::test]
async fn a_link_with_another_token_is_not_there_and_asks_for_nothing() {
    let s = Service::start().await;
    gives(&s, "O-1", CAMILLE, |donor| donor["address"] = Value::Null).await;
    pay_out_january(&s).await;
    run(&s).await;
    let page = completion_path(&s, &mails_to(&s, CAMILLE)[0]);
    let browser = Browser::new(&s);
    let leave = page.replace("/complete/", "/unsubscribe/");
    for path in [format!("{page}x"), leave, page.replace("/dnr_", "/don_")] {
        assert_eq!(browser.get(&path).await.status(), 404, "{path}");
        assert_eq!(browser.post(&path, &[]).await.status(), 404, "{path}");
    }
    s.checked().await;
}
