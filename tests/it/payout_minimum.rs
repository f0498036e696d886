//! Under fifteen euros an association is paid at most once a quarter, so that transfers do not cost
//! more than they bring; from fifteen euros on, at once.

use obole::values::Email;

use crate::shop::Service;
use crate::steps::{
    another_shop, approve, bank_day, collect_and_settle, give, give_at, import, month, on,
    pay_again, pay_out, prepare_payouts,
};

const CAMILLE: &str = "camille@example.org";

/// A month's donation to an association, and its money on the second day of the next month.
async fn arrived(s: &Service, day: &str, amount: &str) {
    give(s, day, &format!("{day}T10:00:00Z"), amount, CAMILLE).await;
    let period = month(day);
    collect_and_settle(s, on(&format!("{}-02", period.next())), period).await;
}

/// What is paid out on a day, if anything.
async fn paid_on(s: &Service, day: &str, operators: &[Email; 2]) -> Vec<String> {
    let paid = pay_out(s, on(day), operators).await;
    paid.into_iter().map(|(_, amount)| amount).collect()
}

#[tokio::test]
async fn a_small_sum_is_paid_once_a_quarter_and_what_follows_waits_for_the_next() {
    let s = Service::start().await;
    let operators = s.operators().await;
    arrived(&s, "2025-01-10", "5.00").await;
    assert_eq!(paid_on(&s, "2025-02-03", &operators).await, ["5.00"]);
    arrived(&s, "2025-02-10", "14.99").await;
    for day in ["2025-03-02", "2025-03-31"] {
        assert!(paid_on(&s, day, &operators).await.is_empty(), "{day}");
    }
    assert_eq!(paid_on(&s, "2025-04-01", &operators).await, ["14.99"]);
    arrived(&s, "2025-04-10", "14.99").await;
    assert!(paid_on(&s, "2025-06-30", &operators).await.is_empty());
    assert_eq!(paid_on(&s, "2025-07-01", &operators).await, ["14.99"]);
    s.checked().await;
}

#[tokio::test]
async fn from_fifteen_euros_on_an_association_is_paid_at_once() {
    let s = Service::start().await;
    let operators = s.operators().await;
    arrived(&s, "2025-01-10", "15.00").await;
    assert_eq!(paid_on(&s, "2025-02-03", &operators).await, ["15.00"]);
    arrived(&s, "2025-02-10", "14.99").await;
    assert!(paid_on(&s, "2025-03-03", &operators).await.is_empty());

    // A second shop's cent arrives in the same quarter, and together they are enough.
    let shop = another_shop(&s, "Fleuriste").await;
    give_at(&s, &shop, "F-1", "2025-02-20T10:00:00Z", |event| {
        event["data"]["donation"]["amount"] = "0.01".into();
    })
    .await;
    collect_and_settle(&s, on("2025-03-04"), month("2025-02-01")).await;
    assert_eq!(paid_on(&s, "2025-03-04", &operators).await, ["15.00"]);
    s.checked().await;
}

#[tokio::test]
async fn the_minimum_is_counted_for_each_association_alone() {
    let s = Service::start().await;
    let operators = s.operators().await;
    arrived(&s, "2025-01-10", "5.00").await;
    assert_eq!(paid_on(&s, "2025-02-03", &operators).await, ["5.00"]);
    for (order_id, cause) in [
        ("F-1", "foret-vivante"),
        ("F-2", "rivieres"),
        ("A-1", "abri"),
    ] {
        give_at(&s, &s.shop, order_id, "2025-02-10T10:00:00Z", |event| {
            event["data"]["donation"]["amount"] = "7.49".into();
            event["data"]["donation"]["cause"] = cause.into();
        })
        .await;
    }
    collect_and_settle(&s, on("2025-03-02"), month("2025-02-01")).await;
    assert_eq!(
        pay_out(&s, on("2025-03-03"), &operators).await,
        [("abri".to_owned(), "7.49".to_owned())],
        "two causes of one association have 14.98 together"
    );
    s.checked().await;
}

#[tokio::test]
async fn a_payout_that_came_back_does_not_use_up_the_quarter() {
    let s = Service::start().await;
    let operators = s.operators().await;
    arrived(&s, "2025-01-10", "5.00").await;
    let payouts = prepare_payouts(&s, on("2025-02-03")).await;
    approve(&s, on("2025-02-03"), &operators, &payouts).await;
    import(&s, bank_day(&s, on("2025-02-03"), &[]).unwrap()).await;
    let back = obole::gateways::bank::simulated::IncomingTransfer {
        from: "Forêt Vivante".into(),
        reference: payouts[0].reference.clone(),
        amount: obole::values::Amount::parse("5.00").unwrap(),
    };
    import(&s, bank_day(&s, on("2025-02-05"), &[back]).unwrap()).await;
    assert_eq!(s.balance("association_payable:foret-vivante").await, 500);
    // The next one of that quarter is paid, and so is what came back.
    pay_again(&s, on("2025-02-06")).await;
    assert_eq!(
        paid_on(&s, "2025-02-06", &operators).await,
        ["5.00"],
        "the association has had nothing this quarter"
    );
    assert!(paid_on(&s, "2025-02-07", &operators).await.is_empty());
    s.checked().await;
}
