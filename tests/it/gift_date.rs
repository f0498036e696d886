//! Whose day makes the tax year: a setting; until it is made, donations whose days fall in
//! different years are held, and nothing is guessed.

use chrono::Utc;
use obole::receipts;
use obole::runs::{self, ReceiptOptions};
use obole::values::{Reader, TaxDate};

use crate::browser::Browser;
use crate::program::House;
use crate::shop::Service;
use crate::steps::{
    bank_day, collect, give, held, import, issue_receipts, month, on, paid, pay_out,
};
use crate::support::{tool, written};

const CAMILLE: &str = "camille@example.org";

/// Two donations of November whose shop is slow: the money comes on the last day of
/// the year, and reaches the association in January.
async fn across_new_year(tax_date: Option<TaxDate>) -> Service {
    let s = Service::start_with(|settings| settings.tax_date = tax_date).await;
    let operators = s.operators().await;
    give(&s, "ONE", "2024-11-10T10:00:00Z", "20.00", CAMILLE).await;
    give(&s, "TWO", "2024-11-11T10:00:00Z", "20.00", CAMILLE).await;
    let asked = collect(&s, on("2024-12-02"), month("2024-11-01")).await;
    let money: Vec<_> = asked.iter().map(paid).collect();
    import(&s, bank_day(&s, on("2024-12-31"), &money).unwrap()).await;
    pay_out(&s, on("2025-01-06"), &operators).await;
    s
}

/// The tax year, the sum and the count of each receipt.
async fn issued(s: &Service) -> Vec<(i32, i64, i32)> {
    sqlx::query_as("select tax_year, amount_cents, count from receipt order by number")
        .fetch_all(&s.world.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn donations_across_new_year_are_held_until_it_is_said_whose_day_counts() {
    let s = across_new_year(None).await;
    let run = issue_receipts(&s, on("2025-01-07"), month("2024-12-01")).await;
    assert_eq!((run.issued, held(&run)), (0, vec![("gift-date-unset", 2)]));
    // It is said: what was held is issued.
    let mut settings = (*s.app.settings).clone();
    settings.tax_date = Some(TaxDate::DonorPayment);
    let told = obole::app::App {
        settings: settings.into(),
        ..s.app.clone()
    };
    let (day, options) = (on("2025-01-08"), ReceiptOptions::default());
    let run = runs::run_receipts(&told, Utc::now(), day, month("2024-12-01"), options)
        .await
        .unwrap();
    assert_eq!((run.issued, issued(&s).await), (1, vec![(2024, 4000, 2)]));
    drop(told);
    s.checked().await;
}

#[tokio::test]
async fn donations_within_one_year_need_no_such_setting() {
    let s = Service::start_with(|settings| settings.tax_date = None).await;
    let operators = s.operators().await;
    give(&s, "ONE", "2025-11-10T10:00:00Z", "20.00", CAMILLE).await;
    crate::steps::collect_and_settle(&s, on("2025-12-02"), month("2025-11-01")).await;
    pay_out(&s, on("2025-12-03"), &operators).await;
    let run = issue_receipts(&s, on("2026-01-02"), month("2025-11-01")).await;
    assert_eq!((run.issued, issued(&s).await), (1, vec![(2025, 2000, 1)]));
    s.checked().await;
}

#[tokio::test]
async fn the_chosen_day_makes_the_tax_year_the_date_printed_and_the_yearly_wait() {
    for (tax_date, year, line) in [
        (
            TaxDate::DonorPayment,
            2024,
            "Dates des versements : 2 versements du 10/11/2024 au 11/11/2024",
        ),
        (
            TaxDate::MandataryCredit,
            2024,
            "(crédit du compte du mandataire) : 2 versements du 31/12/2024",
        ),
        (
            TaxDate::AssociationCredit,
            2025,
            "(crédit du compte du bénéficiaire) : 2 versements du 06/01/2025",
        ),
    ] {
        let s = across_new_year(Some(tax_date)).await;
        let camille = Browser::signed_in(&s, CAMILLE).await;
        camille.wish_for_receipts("annual").await;
        let run = issue_receipts(&s, on("2025-01-07"), month("2024-12-01")).await;
        if year == 2025 {
            assert_eq!(held(&run), [("waits-for-year-end", 2)], "{tax_date}");
            issue_receipts(&s, on("2026-01-02"), month("2024-12-01")).await;
        }
        assert_eq!(issued(&s).await, [(year, 4000, 2)], "{tax_date}");
        let mut db = s.world.db.acquire().await.unwrap();
        let number: String = sqlx::query_scalar("select number from receipt")
            .fetch_one(&mut *db)
            .await
            .unwrap();
        let found = receipts::find(&mut db, s.app.key.expose(), Reader::System, &number).await;
        drop(db);
        let content = found.unwrap().unwrap().content;
        let file = written("dated.pdf", &receipts::typeset(content).await.unwrap());
        let arguments = ["-layout", file.to_str().unwrap(), "-"];
        if let Some(text) = tool("pdftotext", "poppler-utils", &arguments) {
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(line), "{tax_date}: {text}");
            for printed in ["10/11/2024", "06/01/2025"] {
                assert!(text.contains(printed), "both days stand there: {text}");
            }
        }
        s.checked().await;
    }
}

#[tokio::test]
async fn one_year_is_one_receipt_in_whatever_order_the_money_came() {
    // By the association's day the first and the third belong together, the second to another year.
    let s =
        Service::start_with(|settings| settings.tax_date = Some(TaxDate::AssociationCredit)).await;
    let operators = s.operators().await;
    let other = crate::steps::another_shop(&s, "Fleuriste").await;
    give(&s, "ONE", "2024-11-10T10:00:00Z", "20.00", CAMILLE).await;
    crate::steps::give_at(&s, &other, "TWO", "2024-11-11T10:00:00Z", |event| {
        event["data"]["donation"]["amount"] = "20.00".into();
    })
    .await;
    give(&s, "THREE", "2024-11-12T10:00:00Z", "20.00", CAMILLE).await;
    let asked = collect(&s, on("2024-12-02"), month("2024-11-01")).await;
    let of = |merchant: &str| {
        let money = asked.iter().filter(|c| c.merchant_name == merchant);
        money.map(paid).collect::<Vec<_>>()
    };
    import(
        &s,
        bank_day(&s, on("2024-12-29"), &of("Fleuriste")).unwrap(),
    )
    .await;
    pay_out(&s, on("2024-12-30"), &operators).await;
    import(
        &s,
        bank_day(&s, on("2025-01-03"), &of("Librairie")).unwrap(),
    )
    .await;
    pay_out(&s, on("2025-01-06"), &operators).await;
    let run = issue_receipts(&s, on("2025-01-07"), month("2024-12-01")).await;
    assert_eq!((run.issued, run.mailed), (2, 1));
    assert_eq!(issued(&s).await, [(2024, 2000, 1), (2025, 4000, 2)]);
    s.checked().await;
}

#[test]
fn the_setting_is_listed_and_a_wrong_one_is_refused() {
    let house = House::new("gift-date", &[("OBOLE_GIFT_DATE", "yesterday".into())]);
    let (code, _, said) = house.run(&["settings"]);
    assert_eq!(code, 2);
    assert!(said.contains("OBOLE_GIFT_DATE: donor-payment"), "{said}");
    let house = House::new(
        "gift-date",
        &[("OBOLE_GIFT_DATE", "association-credit".into())],
    );
    let settings = house.done(&["settings"]).to_string();
    assert!(settings.contains("association-credit"), "{settings}");
}

#[test]
fn the_doctor_tells_when_it_is_not_said_whose_day_counts() {
    let tax_year = |house: &House| {
        let (_, document, _) = house.run(&["doctor"]);
        let findings = document["findings"].as_array().unwrap().clone();
        let of_year = findings.into_iter().find(|f| f["name"] == "tax year");
        let finding = of_year.unwrap();
        (finding["verdict"].clone(), finding["mend"].to_string())
    };
    let (verdict, mend) = tax_year(&House::new("no-gift-date", &[]));
    assert!(
        verdict == "warning" && mend.contains("OBOLE_GIFT_DATE"),
        "{mend}"
    );
    let said = ("OBOLE_GIFT_DATE", "mandatary-credit".to_owned());
    assert_eq!(tax_year(&House::new("said-gift-date", &[said])).0, "ok");
}
