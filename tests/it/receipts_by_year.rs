//! Receipts and years: one a year for who wants so, and never two tax years on one.

use obole::values::Email;
use serde_json::json;

use crate::browser::{Browser, mails_to};
use crate::queued::as_owner;
use crate::shop::Service;
use crate::steps::{collect_and_settle, give, give_at, held, issue_receipts, month, on, pay_out};

const CAMILLE: &str = "camille@example.org";

/// The tax year, the sum and the count of each receipt, in order of issue.
async fn receipts(s: &Service) -> Vec<(i32, i64, i32)> {
    sqlx::query_as("select tax_year, amount_cents, count from receipt order by number")
        .fetch_all(&s.world.db)
        .await
        .unwrap()
}

/// A donation of twenty euros at an instant, which reaches the association on the third day of the
/// month after.
async fn given_and_paid_out(s: &Service, operators: &[Email; 2], order_id: &str, at: &str) {
    give(s, order_id, at, "20.00", CAMILLE).await;
    let period = month(&at[..10]);
    let day = |n: &str| on(&format!("{}-{n}", period.next()));
    collect_and_settle(s, day("02"), period).await;
    let paid = pay_out(s, day("03"), operators).await;
    assert_eq!(paid, [("foret-vivante".to_owned(), "20.00".to_owned())]);
}

#[tokio::test]
async fn a_yearly_receipt_waits_for_the_end_of_the_year_and_comes_in_january() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given_and_paid_out(&s, &operators, "MARCH", "2025-03-10T10:00:00Z").await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    camille.wish_for_receipts("annual").await;
    let during = issue_receipts(&s, on("2025-04-05"), month("2025-03-01")).await;
    assert_eq!(during.issued, 0);
    assert_eq!(held(&during), [("waits-for-year-end", 1)]);

    given_and_paid_out(&s, &operators, "NOVEMBER", "2025-11-10T10:00:00Z").await;
    let last_day = issue_receipts(&s, on("2025-12-31"), month("2025-11-01")).await;
    assert_eq!((last_day.issued, last_day.mailed), (0, 0));
    assert_eq!(held(&last_day), [("waits-for-year-end", 2)]);

    let january = issue_receipts(&s, on("2026-01-01"), month("2025-12-01")).await;
    assert_eq!((january.issued, january.mailed), (1, 1));
    assert_eq!(january.receipts[0].number, "foret-vivante-2026-000001");
    assert_eq!(receipts(&s).await, [(2025, 4000, 2)]);
    let mail = mails_to(&s, CAMILLE).pop().unwrap();
    assert_eq!(mail.attachments, ["recu-foret-vivante-2026-000001.pdf"]);
    let again = issue_receipts(&s, on("2026-01-02"), month("2025-12-01")).await;
    assert_eq!((again.issued, again.mailed, again.held.len()), (0, 0, 0));
    s.checked().await;
}

#[tokio::test]
async fn donations_of_two_tax_years_never_stand_on_one_receipt() {
    let s = Service::start().await;
    let operators = s.operators().await;
    // The year begins at midnight in Paris, which is eleven in the evening in UTC.
    give(&s, "OLD", "2024-12-31T22:59:59Z", "10.00", CAMILLE).await;
    give(&s, "NEW", "2024-12-31T23:00:00Z", "15.00", CAMILLE).await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    let paid = pay_out(&s, on("2025-02-03"), &operators).await;
    assert_eq!(paid, [("foret-vivante".to_owned(), "25.00".to_owned())]);

    let camille = Browser::signed_in(&s, CAMILLE).await;
    camille.wish_for_receipts("annual").await;
    let first = issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    assert_eq!(held(&first), [("waits-for-year-end", 1)]);
    assert_eq!(receipts(&s).await, [(2024, 1000, 1)]);

    camille.wish_for_receipts("monthly").await;
    let second = issue_receipts(&s, on("2025-02-05"), month("2025-01-01")).await;
    assert_eq!((second.issued, second.held.len()), (1, 0));
    assert_eq!(receipts(&s).await, [(2024, 1000, 1), (2025, 1500, 1)]);
    s.checked().await;
}

#[tokio::test]
async fn one_run_gives_each_tax_year_its_own_receipt_and_one_mail_brings_both() {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "OLD", "2024-12-31T22:59:59Z", "10.00", CAMILLE).await;
    give(&s, "NEW", "2024-12-31T23:00:00Z", "15.00", CAMILLE).await;
    collect_and_settle(&s, on("2025-02-02"), month("2025-01-01")).await;
    pay_out(&s, on("2025-02-03"), &operators).await;
    let run = issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    assert_eq!((run.issued, run.mailed), (2, 1));
    assert_eq!(receipts(&s).await, [(2024, 1000, 1), (2025, 1500, 1)]);
    assert_eq!(mails_to(&s, CAMILLE).pop().unwrap().attachments.len(), 2);
    s.checked().await;
}

/// What a page or a message says, with plain spaces.
fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

#[tokio::test]
async fn each_box_of_the_tax_return_has_its_own_sum() {
    let s = Service::start().await;
    let operators = s.operators().await;
    // Its rate is 75 % from the beginning.
    as_owner(
        &s,
        "update association set rate_percent = 75 where slug = 'abri'",
    )
    .await;
    give(&s, "A", "2025-03-10T10:00:00Z", "30.00", CAMILLE).await;
    give_at(&s, &s.shop, "B", "2025-03-11T10:00:00Z", |event| {
        event["data"]["donation"] = json!({"amount": "20.00", "cause": "abri"});
    })
    .await;
    collect_and_settle(&s, on("2025-04-02"), month("2025-03-01")).await;
    pay_out(&s, on("2025-04-03"), &operators).await;
    let run = issue_receipts(&s, on("2025-04-04"), month("2025-03-01")).await;
    assert_eq!((run.issued, run.mailed), (2, 1));
    let mail = plain(&mails_to(&s, CAMILLE).pop().unwrap().text);
    for says in [
        "– 30,00 € (dons de 2025, case 7UF)",
        "– 20,00 € (dons de 2025, case 7UD)",
        "revenus de 2025, case 7UF (réduction de 66 %) : 30,00 €",
        "revenus de 2025, case 7UD (réduction de 75 %) : 20,00 €",
    ] {
        assert!(mail.contains(says), "{says}: {mail}");
    }
    assert!(!mail.contains("50,00"), "no sum of both: {mail}");
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let page = plain(&camille.get("/donor").await.text().await.unwrap());
    for says in [
        "reportez 30,00 € dans la case 7UF (réduction de 66 %)",
        "reportez 20,00 € dans la case 7UD (réduction de 75 %)",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains("reportez 50,00"), "{page}");
    s.checked().await;
}

#[tokio::test]
async fn changing_the_frequency_never_counts_a_donation_twice() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given_and_paid_out(&s, &operators, "JANUARY", "2025-01-10T10:00:00Z").await;
    let monthly = issue_receipts(&s, on("2025-02-04"), month("2025-01-01")).await;
    assert_eq!(monthly.issued, 1);

    let camille = Browser::signed_in(&s, CAMILLE).await;
    camille.wish_for_receipts("annual").await;
    given_and_paid_out(&s, &operators, "FEBRUARY", "2025-02-10T10:00:00Z").await;
    let yearly = issue_receipts(&s, on("2025-03-04"), month("2025-02-01")).await;
    assert_eq!(
        (yearly.issued, held(&yearly)),
        (0, vec![("waits-for-year-end", 1)])
    );

    camille.wish_for_receipts("none").await;
    let none = issue_receipts(&s, on("2025-03-05"), month("2025-02-01")).await;
    assert_eq!((none.issued, held(&none)), (0, vec![("not-wanted", 1)]));

    camille.wish_for_receipts("monthly").await;
    let monthly = issue_receipts(&s, on("2025-03-06"), month("2025-02-01")).await;
    assert_eq!((monthly.issued, monthly.amount.as_str()), (1, "20.00"));

    given_and_paid_out(&s, &operators, "MARCH", "2025-03-10T10:00:00Z").await;
    camille.wish_for_receipts("annual").await;
    let january = issue_receipts(&s, on("2026-01-05"), month("2025-12-01")).await;
    assert_eq!((january.issued, january.amount.as_str()), (1, "20.00"));
    assert_eq!(
        receipts(&s).await,
        [(2025, 2000, 1), (2025, 2000, 1), (2025, 2000, 1)],
        "the year's receipt brings only what no other brought"
    );
    let twice = "select count(*) from (select donation_id from receipt_donation
                 group by donation_id having count(*) > 1) twice";
    assert_eq!(s.count(twice).await, 0);
    assert_eq!(s.count("select count(*) from receipt_donation").await, 3);
    s.checked().await;
}
