//! What the schema itself refuses, whoever asks: changes of facts, states out of order, payouts
//! without two approvals, and functions called by strangers.

use obole::collections::CollectionState;
use obole::payouts::PayoutState;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::shop::{Service, checkout};
use crate::support::World;

/// Runs a statement; the name of the constraint, or the message, that refused it.
async fn refusal(db: &mut PgConnection, sql: &str) -> Option<String> {
    sqlx::query("savepoint tried")
        .execute(&mut *db)
        .await
        .unwrap();
    let result = sqlx::query(AssertSqlSafe(sql)).execute(&mut *db).await;
    sqlx::query("rollback to savepoint tried")
        .execute(db)
        .await
        .unwrap();
    let error = result.err()?;
    let database = error.as_database_error().unwrap();
    Some(
        database
            .constraint()
            .map_or_else(|| database.message().into(), Into::into),
    )
}

/// Writes states of one subject without the trigger, then tries the next with it.
async fn may_follow(
    db: &mut PgConnection,
    (table, id_column, id): (&str, &str, &str),
    (from, to): (&str, &str),
) -> bool {
    let insert = |n: i32, state: &str| {
        format!(
            "insert into {table} ({id_column}, n, state, occurred_on, recorded_at)
             values ('{id}', {n}, '{state}', '2026-01-01', now())"
        )
    };
    sqlx::query("savepoint pair")
        .execute(&mut *db)
        .await
        .unwrap();
    for sql in [
        format!("alter table {table} disable trigger {table}_follows"),
        insert(1, from),
        format!("alter table {table} enable trigger {table}_follows"),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut *db)
            .await
            .unwrap();
    }
    let refused = refusal(db, &insert(2, to)).await;
    sqlx::query("rollback to savepoint pair")
        .execute(db)
        .await
        .unwrap();
    refused != Some(format!("{table}_follows"))
}

#[tokio::test]
async fn states_follow_each_other_in_the_schema_as_in_the_program() {
    let s = Service::start().await;
    let mut tx = s.world.owner.begin().await.unwrap();
    let id = "0193a000-0000-7000-8000-000000000001";
    for sql in [
        "insert into collection (collection_id, merchant_id, period, count, amount_cents,
           reference, prepared_on, prepared_at)
         select '0193a000-0000-7000-8000-000000000001', merchant_id, '2026-01-01', 1, 100, 'R',
           '2026-02-01', now() from merchant",
        "insert into payout (payout_id, association_id, count, amount_cents, reference,
           prepared_on, prepared_at)
         select '0193a000-0000-7000-8000-000000000001', association_id, 1, 100, 'R',
           '2026-02-01', now() from association limit 1",
    ] {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
    }
    let collection = ("collection_state", "collection_id", id);
    for from in CollectionState::ALL {
        for to in CollectionState::ALL {
            assert_eq!(
                may_follow(&mut tx, collection, (from.word(), to.word())).await,
                from.next().contains(&to),
                "{from:?} {to:?}"
            );
        }
    }
    let payout = ("payout_state", "payout_id", id);
    for from in PayoutState::ALL {
        for to in PayoutState::ALL {
            assert_eq!(
                may_follow(&mut tx, payout, (from.word(), to.word())).await,
                from.next().contains(&to),
                "{from:?} {to:?}"
            );
        }
    }
    let insert = "insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
                  values ('0193a000-0000-7000-8000-000000000001', ";
    let begins = format!("{insert} 1, 'settled', '2026-02-01', now())");
    let refused = refusal(&mut tx, &begins).await;
    assert_eq!(
        refused.as_deref(),
        Some("payout_state_follows"),
        "a payout begins prepared"
    );
    let prepared = format!("{insert} 1, 'prepared', '2026-02-01', now())");
    sqlx::query(AssertSqlSafe(prepared))
        .execute(&mut *tx)
        .await
        .unwrap();
    let gap = format!("{insert} 3, 'submitted', '2026-02-01', now())");
    let refused = refusal(&mut tx, &gap).await;
    assert_eq!(
        refused.as_deref(),
        Some("payout_state_follows"),
        "without a gap"
    );
    let alone = format!("{insert} 2, 'submitted', '2026-02-01', now())");
    let refused = refusal(&mut tx, &alone).await;
    assert_eq!(refused.as_deref(), Some("payout_needs_two_approvals"));
    tx.rollback().await.unwrap();
    s.checked().await;
}

#[tokio::test]
async fn facts_are_not_changed_deleted_or_truncated_even_by_the_owner() {
    let world = World::new().await;
    let mut tx = world.owner.begin().await.unwrap();
    for table in [
        "transfer",
        "donation",
        "donation_refund",
        "donation_claim",
        "inbox_event",
        "inbox_outcome",
        "collection",
        "collection_attempt",
        "collection_state",
        "payout",
        "payout_approval",
        "payout_state",
        "bank_line",
        "receipt",
    ] {
        let column: String = sqlx::query_scalar(
            "select attname::text from pg_attribute
             where attrelid = $1::regclass and attnum = 1",
        )
        .bind(table)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        for sql in [
            format!("update {table} set {column} = {column}"),
            format!("delete from {table}"),
            format!("truncate {table} cascade"),
        ] {
            let refused = refusal(&mut tx, &sql).await.expect(&sql);
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
    for link in [
        "collection_donation",
        "collection_credit",
        "payout_donation",
        "receipt_donation",
    ] {
        for sql in [format!("delete from {link}"), format!("truncate {link}")] {
            let refused = refusal(&mut tx, &sql).await.expect(&sql);
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
    tx.rollback().await.unwrap();
    world.checked().await;
}

#[tokio::test]
async fn a_link_to_a_payout_only_ends() {
    let world = World::new().await;
    let mut tx = world.owner.begin().await.unwrap();
    let link = "insert into payout_donation (donation_id, payout_id)
                values (gen_random_uuid(), gen_random_uuid())";
    sqlx::query(link).execute(&mut *tx).await.unwrap();
    for sql in [
        "update payout_donation set payout_id = gen_random_uuid()",
        "update payout_donation set live = false, donation_id = gen_random_uuid()",
    ] {
        assert!(refusal(&mut tx, sql).await.is_some(), "{sql}");
    }
    let ends = "update payout_donation set live = false";
    sqlx::query(ends).execute(&mut *tx).await.unwrap();
    let again = "update payout_donation set live = true";
    assert!(refusal(&mut tx, again).await.is_some());
    tx.rollback().await.unwrap();
    world.checked().await;
}

#[tokio::test]
async fn a_stranger_may_call_no_function_of_the_schema() {
    let world = World::new().await;
    // Any role without a grant here; this one is in every cluster.
    let may: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc
         where pronamespace = 'public'::regnamespace
           and has_function_privilege('pg_monitor', oid, 'execute')
           and not exists (select 1 from pg_depend d where d.objid = pg_proc.oid
             and d.deptype = 'e')",
    )
    .fetch_all(&world.owner)
    .await
    .unwrap();
    assert!(may.is_empty(), "{may:?}");
    let shadowed: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc
         where pronamespace = 'public'::regnamespace and prosecdef
           and not 'search_path=public, pg_temp' = any(proconfig)",
    )
    .fetch_all(&world.owner)
    .await
    .unwrap();
    assert!(
        shadowed.is_empty(),
        "a temporary table could stand before theirs: {shadowed:?}"
    );
    world.checked().await;
}

#[tokio::test]
async fn what_the_law_or_a_person_still_needs_is_not_destroyed_early() {
    let world = World::new().await;
    let mut tx = world.db.begin().await.unwrap();
    let refused = refusal(&mut tx, "select destroy_receipt_content(current_date)").await;
    assert_eq!(
        refused.as_deref(),
        Some("the contents of receipts are kept for six years")
    );
    let refused = refusal(&mut tx, "select inbox_drop_partitions(current_date)").await;
    assert_eq!(
        refused.as_deref(),
        Some("the bodies of the last four weeks are kept")
    );
    tx.rollback().await.unwrap();
    world.checked().await;
}

#[tokio::test]
async fn a_temporary_table_does_not_hide_refunds_from_their_limit() {
    let s = Service::start().await;
    s.shop.send("a", &checkout("FR-1", |_| ())).await;
    s.posted().await;
    let mut tx = s.world.db.begin().await.unwrap();
    sqlx::query("create temporary table donation_refund (donation_id uuid, amount_cents bigint)")
        .execute(&mut *tx)
        .await
        .unwrap();
    let twice = "insert into public.donation_refund (fact_id, donation_id, refund_id,
                   amount_cents, after_collection, stage, event_id, occurred_at,
                   recorded_at)
                 select gen_random_uuid(), donation_id, n::text, amount_cents, false, 'pending',
                   gen_random_uuid(), now(), now()
                 from donation, generate_series(1, 2) n";
    let refused = refusal(&mut tx, twice).await;
    assert_eq!(refused.as_deref(), Some("donation_refund_within_donation"));
    tx.rollback().await.unwrap();
    s.checked().await;
}

#[tokio::test]
async fn no_iban_slug_or_login_can_be_changed_by_the_application() {
    let world = World::new().await;
    let may: Vec<String> = sqlx::query_scalar(
        "select table_name || '.' || column_name from information_schema.column_privileges
         where grantee = 'obole_app' and privilege_type = 'UPDATE' and table_name = any($1)
         order by 1",
    )
    .bind([
        "association",
        "cause",
        "merchant",
        "api_key",
        "operator",
        "session",
    ])
    .fetch_all(&world.owner)
    .await
    .unwrap();
    // Who is suspended, and the address that a message could not reach.
    let expected = [
        "association.email",
        "association.state",
        "cause.state",
        "merchant.email",
        "merchant.state",
    ];
    assert_eq!(may, expected);
    world.checked().await;
}

#[tokio::test]
async fn a_lock_that_lost_a_row_lets_nobody_through() {
    let world = World::new().await;
    let mut tx = world.owner.begin().await.unwrap();
    sqlx::query("delete from settlement_lock where partition = 3")
        .execute(&mut *tx)
        .await
        .unwrap();
    let exclusive = obole::db::settlement_lock::lock_exclusive(&mut tx).await;
    let shared = obole::db::settlement_lock::lock_shared(&mut tx).await;
    for error in [exclusive.unwrap_err(), shared.unwrap_err()] {
        assert!(error.to_string().contains("3 of 4 are there"), "{error}");
    }
    tx.rollback().await.unwrap();
    world.checked().await;
}
