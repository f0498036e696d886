//! Migrations meet rows from before them.

use chrono::Utc;
use obole::db;
use obole::ledger::{self, Fact};
use obole::parties::{association, cause, merchant};
use obole::values::{Amount, DonationId};
use uuid::Uuid;

use crate::shop::{association as file, new_merchant};
use crate::support::World;

/// The last migration before donations were named by their order.
const BEFORE: i64 = 14;

#[tokio::test]
async fn donations_from_before_get_the_names_of_their_orders_and_nothing_else_changes() {
    let w = World::at(BEFORE).await;
    let now = Utc::now();
    let mut tx = w.owner.begin().await.unwrap();
    association::add(
        &mut tx,
        now,
        &association::read(file("abri", "Abri").to_string().as_bytes()).unwrap(),
    )
    .await
    .unwrap();
    cause::add(&mut tx, now, "abri", "exclusion", "abri", "Abri")
        .await
        .unwrap();
    let shop = merchant::add(
        &mut tx,
        now,
        &[7; 32],
        &new_merchant("Librairie & Cie", Some("abri")),
    )
    .await
    .unwrap()
    .merchant_id;
    let mut orders = Vec::new();
    for order in ["FR-1", "FR-2", "cs_abc", "é-7", "12345678901234567890"] {
        let id = Uuid::now_v7();
        sqlx::query(
            "insert into donation select $1, $2, $3, gen_random_uuid(), '\\x00', 100, 4590, cause_id, association_id, null, 'donor', null, null, null, '{}', $4, $4 from cause",
        )
        .bind(id)
        .bind(shop)
        .bind(order)
        .bind(now)
        .execute(&mut *tx)
        .await
        .unwrap();
        let fact = Fact {
            id,
            occurred_at: now,
        };
        let amount = Amount::from_cents(100).unwrap();
        ledger::post(
            &mut tx,
            now,
            &[ledger::donation_recorded(
                fact,
                "librairie-cie",
                "abri",
                amount,
            )],
        )
        .await
        .unwrap();
        orders.push((order, id));
    }
    // One was given back; a refund of an order that nobody told waits.
    let (_, refunded) = orders[1];
    sqlx::query("insert into donation_refund values ($1, 'r-1', gen_random_uuid(), false, $2, $2)")
        .bind(refunded)
        .bind(now)
        .execute(&mut *tx)
        .await
        .unwrap();
    let back = ledger::donation_refunded(
        Fact {
            id: refunded,
            occurred_at: now,
        },
        "librairie-cie",
        "abri",
        Amount::from_cents(100).unwrap(),
    );
    ledger::post(&mut tx, now, &[back]).await.unwrap();
    sqlx::query(
        "with e as (insert into inbox_event select endpoint_id, 'parked', gen_random_uuid(), '\\x00', $1 from endpoint returning *)
         insert into inbox_problem select event_id, endpoint_id, delivery_key, 'parked', 'waits', gen_random_uuid()::text, 1, received_at from e",
    )
    .bind(now)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let balances = ledger::balances(&mut w.owner.acquire().await.unwrap(), Reader::System)
        .await
        .unwrap();

    db::MIGRATOR.run(&w.owner).await.unwrap();

    for (order, before) in orders {
        let id: DonationId =
            sqlx::query_scalar("select donation_id from donation where order_id = $1")
                .bind(order)
                .fetch_one(&w.db)
                .await
                .unwrap();
        assert_eq!(
            id,
            DonationId::of_order(shop, order),
            "{order}: the database and the application derive the same"
        );
        assert_ne!(id.0, before);
    }
    assert_eq!(
        ledger::balances(&mut w.owner.acquire().await.unwrap(), Reader::System)
            .await
            .unwrap(),
        balances
    );
    let waiting: (i64, i64) = sqlx::query_as(
        "select (select count(*) from inbox_queue), (select count(*) from inbox_problem)",
    )
    .fetch_one(&w.db)
    .await
    .unwrap();
    assert_eq!(waiting, (1, 0), "the refund that waited is looked at again");
    let kept = sqlx::query("update donation set amount_cents = 200")
        .execute(&w.owner)
        .await
        .unwrap_err()
        .to_string();
    assert!(kept.contains("append-only"), "{kept}");
    w.checked().await;
}
