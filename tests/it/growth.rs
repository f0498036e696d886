//! What is asked all day long is answered by indexes, so that ten million gifts cost a look no more than ten thousand.

use chrono::Utc;
use obole::donations;
use obole::runs;
use obole::values::{DonorId, EventId, MerchantId, MerchantRole, Period, Reader, paris_day};
use obole::{collections, inbox, worker};
use sqlx::{ConnectOptions as _, PgConnection, Row as _};
use uuid::Uuid;

use crate::shop::{Service, checkout};

/// Tables that grow with every gift.
const GROWING: [&str; 7] = [
    "donation",
    "transfer",
    "inbox_event",
    "inbox_body",
    "collection_donation",
    "payout_donation",
    "donor",
];

/// So many orders, each with a donor of its own, waiting to be posted.
async fn tell(db: &mut PgConnection, orders: std::ops::Range<usize>) {
    let bodies: Vec<Vec<u8>> = orders
        .clone()
        .map(|n| {
            checkout(&format!("G-{n}"), |e| {
                e["data"]["donor"]["email"] = format!("g{n}@example.org").into()
            })
            .to_string()
            .into_bytes()
        })
        .collect();
    sqlx::query(
        "with input as (select event_id, b, $2 + n as n, now() as at, (select endpoint_id from endpoint) as endpoint_id
             from unnest($1::bytea[], $3::uuid[]) with ordinality x(b, event_id, n)),
           e as (insert into inbox_event select endpoint_id, 'g' || n, event_id, sha256(b), at from input),
           k as (insert into inbox_body select event_id, at, b, '{}' from input)
         insert into inbox_queue (event_id, endpoint_id, received_at) select event_id, endpoint_id, at from input",
    )
    .bind(&bodies)
    .bind(i64::try_from(orders.start).unwrap())
    .bind(orders.map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .execute(db)
    .await
    .unwrap();
}

#[tokio::test]
async fn no_hot_statement_reads_a_growing_table_from_end_to_end() {
    let s = Service::start().await;
    for begin in (0..20_000).step_by(5000) {
        tell(
            &mut s.world.owner.acquire().await.unwrap(),
            begin..begin + 5000,
        )
        .await;
        worker::process_all(&s.world.db).await.unwrap();
    }
    s.posted().await;
    let now = Utc::now();
    let period = Period::of(paris_day(now));
    let collected = runs::run_collections(&s.app, now, period.next().first_day(), period)
        .await
        .unwrap();
    // What is still empty has no statistics, as on a young system.
    sqlx::query("vacuum analyze donation, transfer, inbox_event, collection_donation, donor")
        .execute(&s.world.owner)
        .await
        .unwrap();

    // All that a page, an API call or the poster asks, over one new connection, which remembers it.
    let mut db = s.world.db.connect_options().connect().await.unwrap();
    sqlx::raw_sql("set role obole_app; set plan_cache_mode = force_generic_plan")
        .execute(&mut db)
        .await
        .unwrap();
    let merchant: MerchantId = sqlx::query_scalar("select merchant_id from merchant")
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let donor: DonorId =
        sqlx::query_scalar("select donor_id from donor where email = 'g7@example.org'")
            .fetch_one(&s.world.db)
            .await
            .unwrap();
    assert_eq!(
        donations::of_donor(&mut db, Reader::Donor(donor), donor, 0, 20)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        donations::total_of_donor(&mut db, Reader::Donor(donor), donor)
            .await
            .unwrap()
            .count,
        1
    );
    assert!(
        donations::find_by_order(&mut db, Reader::System, merchant, "G-7")
            .await
            .unwrap()
            .is_some()
    );
    let reader = Reader::Merchant(merchant, MerchantRole::Developer);
    let first = inbox::list(
        &mut db,
        reader,
        inbox::EventFilter {
            state: None,
            after: None,
        },
    )
    .await
    .unwrap();
    assert_eq!(first.len(), 200);
    let after = first[199].event_id.parse().ok();
    let older = inbox::list(&mut db, reader, inbox::EventFilter { state: None, after })
        .await
        .unwrap();
    assert!(
        older.len() == 200
            && older
                .iter()
                .all(|e| first.iter().all(|f| f.event_id != e.event_id)),
        "the second page goes on from the first"
    );
    assert!(
        inbox::show(&mut db, reader, after.unwrap())
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        collections::lines(&mut db, Reader::System, collected[0].collection_id)
            .await
            .unwrap()
            .len(),
        20_000
    );
    // A set is handled for its statements' sake, unseen by the service's own poster.
    sqlx::query("begin").execute(&mut db).await.unwrap();
    tell(&mut db, 20_000..20_100).await;
    let events = inbox::take_batch(&mut db, EventId(Uuid::nil()), 100)
        .await
        .unwrap();
    assert_eq!(events.len(), 100);
    let parsed_events = inbox::ParsedEvents::default();
    inbox::process_batch(
        &mut db,
        now,
        &parsed_events,
        &events,
        inbox::Existing::Check,
    )
    .await
    .unwrap();
    inbox::requeue_parked(&mut db).await.unwrap();
    sqlx::query("rollback").execute(&mut db).await.unwrap();

    let asked = sqlx::query("select name, statement, cardinality(parameter_types) as parameters from pg_prepared_statements")
        .fetch_all(&mut db)
        .await
        .unwrap();
    let mut seen = 0;
    for statement in &asked {
        let text: String = statement.get("statement");
        if !["select", "with", "insert", "update", "delete"]
            .iter()
            .any(|verb| text.trim_start().starts_with(verb))
        {
            continue;
        }
        let parameters =
            vec!["null"; usize::try_from(statement.get::<i32, _>("parameters")).unwrap()];
        let parameters = if parameters.is_empty() {
            String::new()
        } else {
            format!("({})", parameters.join(", "))
        };
        let explain = format!(
            "explain (costs off) execute {}{parameters}",
            statement.get::<String, _>("name")
        );
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
            .persistent(false)
            .fetch_all(&mut db)
            .await
            .unwrap();
        let whole = |line: &&String| {
            let read = line
                .split("Seq Scan on ")
                .nth(1)
                .and_then(|rest| rest.split(' ').next());
            read.is_some_and(|table| {
                GROWING
                    .iter()
                    .any(|g| table == *g || table.starts_with("inbox_body_20"))
            })
        };
        assert_eq!(plan.iter().find(whole), None, "{text}\n{}", plan.join("\n"));
        seen += 1;
    }
    println!("{seen} statements looked at");
    assert!(seen >= 8, "{seen} statements");
    drop(db);
    s.posted().await;
    s.checked().await;
}

#[tokio::test]
async fn old_bodies_go_with_their_month_and_what_still_waits_stays() {
    // The service itself keeps them longer.
    let s = Service::start_with(|settings| settings.inbox_months = 120).await;
    let (posted, dead) = (Uuid::now_v7(), Uuid::now_v7());
    sqlx::raw_sql(
        "create table inbox_body_2024_01 partition of inbox_body for values from ('2024-01-01 00:00+00') to ('2024-02-01 00:00+00')",
    )
    .execute(&s.world.owner)
    .await
    .unwrap();
    sqlx::query(
        "with input as (select id, '2024-01-15 12:00+00'::timestamptz as at, (select endpoint_id from endpoint) as endpoint_id from unnest($1::uuid[]) id),
           e as (insert into inbox_event select endpoint_id, id::text, id, sha256('{}'), at from input),
           p as (insert into inbox_problem (event_id, endpoint_id, delivery_key, state, reason, received_at)
             select id, endpoint_id, id::text, 'dead', 'a reason', at from input where id = $2),
           o as (insert into inbox_outcome (event_id, outcome) select id, 'ignored' from input where id <> $2)
         insert into inbox_body select id, at, '{}', '{}' from input",
    )
    .bind([posted, dead])
    .bind(dead)
    .execute(&s.world.owner)
    .await
    .unwrap();
    let mut db = s.world.db.acquire().await.unwrap();
    let then = "2025-01-31T12:00:00Z".parse().unwrap();
    assert_eq!(
        inbox::drop_partitions(&mut db, then, 13).await.unwrap(),
        0,
        "the month is not over for thirteen months"
    );
    let later = "2025-03-01T12:00:00Z".parse().unwrap();
    assert_eq!(inbox::drop_partitions(&mut db, later, 13).await.unwrap(), 1);
    let kept: Vec<Uuid> = sqlx::query_scalar("select event_id from inbox_body")
        .fetch_all(&mut *db)
        .await
        .unwrap();
    assert_eq!(kept, [dead]);
    assert_eq!(
        s.count("select count(*) from inbox_event").await,
        2,
        "what makes an event unique is kept for ever"
    );
    drop(db);
    s.checked().await;
}
