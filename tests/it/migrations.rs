//! The migrations: they read as the data dictionary, and derive ids as the application does.

use obole::values::{DonationId, MerchantId};

use crate::support::World;

#[tokio::test]
async fn every_table_view_and_column_says_what_it_is() {
    let world = World::new().await;
    let silent: Vec<String> = sqlx::query_scalar(
        "select c.relname || coalesce('.' || a.attname, '')
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         left join pg_attribute a on a.attrelid = c.oid and a.attnum >= 0 and not a.attisdropped
           and (a.attnum > 0 or false) and c.relkind in ('r', 'p')
         where n.nspname = 'public' and c.relkind in ('r', 'p', 'v') and not c.relispartition
           and c.relname <> '_sqlx_migrations'
           and (col_description(c.oid, coalesce(a.attnum, 0)) is null and a.attnum is not null
             or obj_description(c.oid, 'pg_class') is null)
         order by 1",
    )
    .fetch_all(&world.owner)
    .await
    .unwrap();
    assert!(silent.is_empty(), "without a comment: {silent:#?}");
    let functions: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname = 'public' and obj_description(p.oid, 'pg_proc') is null
           and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')",
    )
    .fetch_all(&world.owner)
    .await
    .unwrap();
    assert!(functions.is_empty(), "without a comment: {functions:?}");
    world.checked().await;
}

#[tokio::test]
async fn database_and_application_derive_the_same_donation_ids() {
    let world = World::new().await;
    let merchant = MerchantId::new();
    let long = "9".repeat(60);
    for order in [
        "FR-1",
        "cs_abc",
        "é-7",
        "12345678901234567890",
        "0",
        "A 12",
        long.as_str(),
    ] {
        for ordinal in [0_i16, 1, 300] {
            let derived: DonationId = sqlx::query_scalar("select donation_id_of($1, $2, $3)")
                .bind(merchant)
                .bind(order)
                .bind(ordinal)
                .fetch_one(&world.db)
                .await
                .unwrap();
            assert_eq!(
                derived,
                DonationId::of(merchant, order, ordinal),
                "{order} {ordinal}"
            );
        }
        assert_eq!(
            DonationId::of(merchant, order, 0),
            DonationId::of_order(merchant, order)
        );
        assert_ne!(
            DonationId::of(merchant, order, 1),
            DonationId::of_order(merchant, order)
        );
    }
    world.checked().await;
}

#[tokio::test]
async fn the_application_may_change_no_fact() {
    let world = World::new().await;
    for table in [
        "transfer",
        "donation",
        "donation_refund",
        "donation_claim",
        "collection",
        "collection_state",
        "collection_attempt",
        "payout",
        "payout_state",
        "payout_approval",
        "bank_line",
        "receipt",
        "receipt_content",
        "receipt_state",
        "receipt_succession",
        "inbox_event",
        "key_sentinel",
    ] {
        let may: Vec<String> = sqlx::query_scalar(
            "select privilege from unnest(array['update', 'delete', 'truncate']) privilege
             where has_table_privilege('obole_app', $1, privilege)",
        )
        .bind(table)
        .fetch_all(&world.owner)
        .await
        .unwrap();
        assert!(may.is_empty(), "{table}: {may:?}");
    }
    world.checked().await;
}
