//! What is asked all day long is answered by indexes, so that ten million gifts cost a look no more
//! than ten thousand.

use chrono::{DateTime, Utc};
use obole::donations;
use obole::runs;
use obole::values::{
    CollectionId, DonorId, EventId, MerchantId, MerchantRole, Period, Reader, paris_day,
};
use obole::{collections, inbox, worker};
use sqlx::postgres::PgRow;
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
        "with input as (
             select event_id, b, $2 + n as n, now() as at,
               (select endpoint_id from endpoint) as endpoint_id
             from unnest($1::bytea[], $3::uuid[]) with ordinality x(b, event_id, n)),
           e as (insert into inbox_event
             select endpoint_id, 'g' || n, event_id, sha256(b), at from input),
           k as (insert into inbox_body select event_id, at, b, '{}' from input)
         insert into inbox_queue (event_id, endpoint_id, received_at)
         select event_id, endpoint_id, at from input",
    )
    .bind(&bodies)
    .bind(i64::try_from(orders.start).unwrap())
    .bind(orders.map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .execute(db)
    .await
    .unwrap();
}

/// A service with twenty thousand donations, which are collected.
struct Grown {
    s: Service,
    now: DateTime<Utc>,
    merchant: MerchantId,
    donor: DonorId,
    collection: CollectionId,
}

impl Grown {
    async fn start() -> Self {
        let s = Service::start().await;
        for begin in (0..20_000).step_by(5000) {
            tell(
                &mut s.world.owner.acquire().await.unwrap(),
                begin..begin + 5000,
            )
            .await;
            worker::process_all(&s.app).await.unwrap();
        }
        s.posted().await;
        let now = Utc::now();
        let period = Period::of(paris_day(now));
        let collected = runs::run_collections(&s.app, now, period.next().first_day(), period)
            .await
            .unwrap()
            .collections;
        // What is still empty has no statistics, as on a young system.
        sqlx::query("vacuum analyze donation, transfer, inbox_event, collection_donation, donor")
            .execute(&s.world.owner)
            .await
            .unwrap();
        let merchant = sqlx::query_scalar("select merchant_id from merchant")
            .fetch_one(&s.world.db)
            .await
            .unwrap();
        let donor = sqlx::query_scalar("select donor_id from donor where email = 'g7@example.org'")
            .fetch_one(&s.world.db)
            .await
            .unwrap();
        Self {
            s,
            now,
            merchant,
            donor,
            collection: collected[0].collection_id,
        }
    }

    /// A new connection, which remembers what is asked over it.
    async fn connection(&self) -> PgConnection {
        let options = self.s.world.db.connect_options();
        let mut db = options.connect().await.unwrap();
        sqlx::raw_sql("set role obole_app; set plan_cache_mode = force_generic_plan")
            .execute(&mut db)
            .await
            .unwrap();
        db
    }

    async fn show_the_donor(&self, db: &mut PgConnection) {
        let reader = Reader::Donor(self.donor);
        let of_donor = donations::of_donor(db, reader, self.donor, 0, 20)
            .await
            .unwrap();
        assert_eq!(of_donor.len(), 1);
        let total = donations::total_of_donor(db, reader, self.donor)
            .await
            .unwrap();
        assert_eq!(total.count, 1);
    }

    async fn show_the_merchant(&self, db: &mut PgConnection) {
        let found = donations::find_by_order(db, Reader::System, self.merchant, "G-7")
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        let lines = collections::lines(db, Reader::System, self.collection)
            .await
            .unwrap();
        assert_eq!(lines.len(), 20_000);
    }

    async fn show_the_events(&self, db: &mut PgConnection) {
        let reader = Reader::Merchant(self.merchant, MerchantRole::Developer);
        let page = |after| inbox::EventFilter { state: None, after };
        let first = inbox::list(db, reader, page(None)).await.unwrap();
        assert_eq!(first.len(), 200);
        let after = first[199].event_id.parse().ok();
        let older = inbox::list(db, reader, page(after)).await.unwrap();
        assert!(
            older.len() == 200
                && older
                    .iter()
                    .all(|e| first.iter().all(|f| f.event_id != e.event_id)),
            "the second page goes on from the first"
        );
        let shown = inbox::show(db, reader, after.unwrap()).await.unwrap();
        assert!(shown.is_some());
    }

    /// A set is handled for its statements' sake, unseen by the service's own poster.
    async fn process_some(&self, db: &mut PgConnection) {
        sqlx::query("begin").execute(&mut *db).await.unwrap();
        tell(db, 20_000..20_100).await;
        let events = inbox::take_batch(db, EventId(Uuid::nil()), 100)
            .await
            .unwrap();
        assert_eq!(events.len(), 100);
        let parsed_events = inbox::ParsedEvents::default();
        inbox::process_batch(
            db,
            self.now,
            &parsed_events,
            &events,
            inbox::ProcessOptions {
                ceiling: self.s.app.settings.donation_ceiling,
                existing: inbox::Existing::Check,
                when_locked: inbox::WhenLocked::Wait,
            },
        )
        .await
        .unwrap();
        inbox::requeue_parked(db).await.unwrap();
        sqlx::query("rollback").execute(&mut *db).await.unwrap();
    }
}

/// Whether a line of a plan reads a growing table from end to end.
fn reads_a_growing_table_whole(line: &str) -> bool {
    let read = line
        .split("Seq Scan on ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    read.is_some_and(|table| {
        GROWING
            .iter()
            .any(|g| table == *g || table.starts_with("inbox_body_20"))
    })
}

/// How a statement that a connection remembers is executed.
async fn plan_of(statement: &PgRow, db: &mut PgConnection) -> Vec<String> {
    let parameters = vec!["null"; usize::try_from(statement.get::<i32, _>("parameters")).unwrap()];
    let parameters = if parameters.is_empty() {
        String::new()
    } else {
        format!("({})", parameters.join(", "))
    };
    let explain = format!(
        "explain (costs off) execute {}{parameters}",
        statement.get::<String, _>("name")
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(explain))
        .persistent(false)
        .fetch_all(db)
        .await
        .unwrap()
}

/// Looks at all that was asked over a connection; returns how many statements that are.
async fn no_plan_reads_a_growing_table_whole(db: &mut PgConnection) -> usize {
    let asked = sqlx::query(
        "select name, statement, cardinality(parameter_types) as parameters
         from pg_prepared_statements",
    )
    .fetch_all(&mut *db)
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
        let plan = plan_of(statement, db).await;
        let whole = plan.iter().find(|line| reads_a_growing_table_whole(line));
        assert_eq!(whole, None, "{text}\n{}", plan.join("\n"));
        seen += 1;
    }
    seen
}

#[tokio::test]
async fn no_hot_statement_reads_a_growing_table_from_end_to_end() {
    let grown = Grown::start().await;
    // All that a page, an API call or the poster asks.
    let mut db = grown.connection().await;
    grown.show_the_donor(&mut db).await;
    grown.show_the_merchant(&mut db).await;
    grown.show_the_events(&mut db).await;
    grown.process_some(&mut db).await;
    let seen = no_plan_reads_a_growing_table_whole(&mut db).await;
    println!("{seen} statements looked at");
    assert!(seen >= 8, "{seen} statements");
    drop(db);
    grown.s.posted().await;
    grown.s.checked().await;
}

#[tokio::test]
async fn old_bodies_go_with_their_month_and_what_still_waits_stays() {
    // The service itself keeps them longer.
    let s = Service::start_with(|settings| settings.inbox_months = 120).await;
    let (posted, dead) = (Uuid::now_v7(), Uuid::now_v7());
    sqlx::raw_sql(
        "create table inbox_body_2024_01 partition of inbox_body
         for values from ('2024-01-01 00:00+00') to ('2024-02-01 00:00+00')",
    )
    .execute(&s.world.owner)
    .await
    .unwrap();
    sqlx::query(
        "with input as (
             select id, '2024-01-15 12:00+00'::timestamptz as at,
               (select endpoint_id from endpoint) as endpoint_id
             from unnest($1::uuid[]) id),
           e as (insert into inbox_event
             select endpoint_id, id::text, id, sha256('{}'), at from input),
           p as (insert into inbox_problem
               (event_id, endpoint_id, delivery_key, state, reason, received_at)
             select id, endpoint_id, id::text, 'dead', 'a reason', at from input where id = $2),
           o as (insert into inbox_outcome (event_id, outcome)
             select id, 'ignored' from input where id <> $2)
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
