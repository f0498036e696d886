//! Receipts after their six years: content and document are destroyed, the register stays.

use obole::receipts;
use obole::values::Reader;

use crate::browser::Browser;
use crate::shop::Service;
use crate::steps::{collect_and_settle, give, issue_receipts, month, on, pay_out};

const CAMILLE: &str = "camille@example.org";

#[tokio::test]
async fn after_six_years_a_receipt_is_only_its_line_in_the_register() {
    let s = Service::start().await;
    let operators = s.operators().await;
    give(&s, "OLD", "2020-03-10T10:00:00Z", "20.00", CAMILLE).await;
    collect_and_settle(&s, on("2020-04-02"), month("2020-03-01")).await;
    pay_out(&s, on("2020-04-03"), &operators).await;
    let run = issue_receipts(&s, on("2020-04-05"), month("2020-03-01")).await;
    let number = run.receipts[0].number.clone();
    let documents = s.app.settings.data.join("receipts");
    let stored = || std::fs::read_dir(&documents).unwrap().count();
    assert_eq!(stored(), 1);
    let link = format!("/donor/receipts/{number}.pdf");
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let home = camille.get("/donor").await.text().await.unwrap();
    assert!(home.contains(&link));

    let mut db = s.world.db.acquire().await.unwrap();
    let last_day = on("2026-04-05");
    assert!(
        receipts::expired(&mut db, last_day)
            .await
            .unwrap()
            .is_empty()
    );
    let first_day_after = on("2026-04-06");
    let expired = receipts::expired(&mut db, first_day_after).await.unwrap();
    assert_eq!(expired.len(), 1);

    obole::worker::destroy_expired_receipts(&s.app, &mut db, first_day_after)
        .await
        .unwrap();
    assert!(
        receipts::expired(&mut db, first_day_after)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(stored(), 0, "its document is deleted");
    assert_eq!(s.count("select count(*) from receipt_content").await, 0);
    let entry = receipts::registered(&mut db, Reader::System, &number)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (entry.amount_cents, entry.association.as_str()),
        (2000, "foret-vivante")
    );
    let page = camille.get("/donor").await.text().await.unwrap();
    assert!(page.contains(&number) && !page.contains(&link));
    assert_eq!(camille.get(&link).await.status(), 404);
    drop(db);
    s.checked().await;
}
