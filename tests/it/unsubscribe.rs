//! A donor leaves the receipts' mail by one click (RFC 8058); their donations go on.

use serde_json::json;

use crate::browser::{Browser, mails_to};
use crate::shop::Service;
use crate::steps::{collect_and_settle, give, held, issue_receipts, month, on, pay_out};

const CAMILLE: &str = "camille@example.org";
const PAUL: &str = "paul@example.org";

/// How often a donor wants receipts.
async fn frequency(s: &Service, email: &str) -> String {
    sqlx::query_scalar("select receipt_frequency from donor where email = $1")
        .bind(email)
        .fetch_one(&s.world.db)
        .await
        .unwrap()
}

/// The path of the List-Unsubscribe address in the last mail to a donor.
fn unsubscribe_path(s: &Service, email: &str) -> String {
    let url = mails_to(s, email).pop().unwrap().unsubscribe_url.unwrap();
    url.strip_prefix(&s.app.settings.public_url)
        .unwrap()
        .to_owned()
}

/// Camille and Paul each gave twenty euros in April and have their receipts.
async fn two_donors_with_receipts() -> (Service, [obole::values::Email; 2]) {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "A-1", "2026-04-10T10:00:00Z", "20.00", CAMILLE).await;
    give(&s, "A-2", "2026-04-11T10:00:00Z", "20.00", PAUL).await;
    collect_and_settle(&s, on("2026-05-02"), month("2026-04-01")).await;
    pay_out(&s, on("2026-05-03"), &operators).await;
    let run = issue_receipts(&s, on("2026-05-04"), month("2026-04-01")).await;
    assert_eq!((run.issued, run.mailed), (2, 2));
    (s, operators)
}

#[tokio::test]
async fn opening_the_address_changes_nothing_and_one_post_to_it_is_enough() {
    let (s, _) = two_donors_with_receipts().await;
    // A mail program posts without a session and without the page.
    let program = Browser::new(&s);
    let path = unsubscribe_path(&s, CAMILLE);
    for _ in 0..2 {
        assert_eq!(program.get(&path).await.status(), 200);
    }
    assert_eq!(
        frequency(&s, CAMILLE).await,
        "monthly",
        "scanners open links"
    );
    for _ in 0..2 {
        let left = program
            .post(&path, &[("List-Unsubscribe", "One-Click")])
            .await;
        assert_eq!(left.status(), 200, "a repetition is no mistake");
        assert_eq!(frequency(&s, CAMILLE).await, "none");
    }
    assert_eq!(frequency(&s, PAUL).await, "monthly");
    s.checked().await;
}

#[tokio::test]
async fn an_address_with_another_token_is_not_there() {
    let (s, _) = two_donors_with_receipts().await;
    let program = Browser::new(&s);
    let (of_camille, of_paul) = (unsubscribe_path(&s, CAMILLE), unsubscribe_path(&s, PAUL));
    let (camille, token) = of_camille.rsplit_once('/').unwrap();
    let (_, token_of_paul) = of_paul.rsplit_once('/').unwrap();
    let short = &token[1..];
    for path in [
        format!("{camille}/{token_of_paul}"),
        format!("{camille}/{short}"),
        format!("{camille}/{token}x"),
        format!("/unsubscribe/nobody/{token}"),
        format!("/unsubscribe/{CAMILLE}/{token}"),
    ] {
        assert_eq!(program.get(&path).await.status(), 404, "{path}");
        assert_eq!(program.post(&path, &[]).await.status(), 404, "{path}");
    }
    assert_eq!(frequency(&s, CAMILLE).await, "monthly");
    assert_eq!(frequency(&s, PAUL).await, "monthly");
    s.checked().await;
}

#[tokio::test]
async fn who_left_gets_no_receipt_and_the_association_gets_the_donation() {
    let (s, operators) = two_donors_with_receipts().await;
    let path = unsubscribe_path(&s, CAMILLE);
    Browser::new(&s).post(&path, &[]).await;
    let before = mails_to(&s, CAMILLE).len();

    give(&s, "B-1", "2026-05-10T10:00:00Z", "20.00", CAMILLE).await;
    give(&s, "B-2", "2026-05-11T10:00:00Z", "20.00", PAUL).await;
    collect_and_settle(&s, on("2026-06-02"), month("2026-05-01")).await;
    assert_eq!(
        json!(pay_out(&s, on("2026-06-03"), &operators).await),
        json!([["foret-vivante", "40.00"]])
    );
    let run = issue_receipts(&s, on("2026-06-04"), month("2026-05-01")).await;
    assert_eq!(
        (run.issued, run.mailed, run.amount.as_str()),
        (1, 1, "20.00")
    );
    assert_eq!(held(&run), [("not-wanted", 1)]);
    assert_eq!(mails_to(&s, CAMILLE).len(), before);
    assert_eq!(mails_to(&s, PAUL).len(), 2);
    assert_eq!(s.balance("association_payable:foret-vivante").await, 0);
    assert_eq!(s.balance("safeguarded_cash:bank").await, 0);

    // They may come back, and lose nothing by having been away.
    let camille = Browser::signed_in(&s, CAMILLE).await;
    camille.wish_for_receipts("monthly").await;
    let run = issue_receipts(&s, on("2026-06-05"), month("2026-05-01")).await;
    assert_eq!(
        (run.issued, run.mailed, run.amount.as_str()),
        (1, 1, "20.00")
    );
    s.checked().await;
}
