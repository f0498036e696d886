//! Posting alone: an inbox full of events, and the time until the books have them all.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures_util::{TryStreamExt as _, stream};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::world::World;
use crate::app::App;
use crate::worker;

/// Waits until nothing is queued; answers how long it took.
pub async fn until_empty(app: &App) -> anyhow::Result<Duration> {
    let began = Instant::now();
    while sqlx::query_scalar("select exists (select from inbox_queue)")
        .fetch_one(&app.db)
        .await?
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(began.elapsed())
}

/// What autovacuum and checkpoints do in time: statistics and visibility of what was filled at once, and its pages on the disk.
pub async fn settled_down(app: &App) -> anyhow::Result<()> {
    let cluster = app
        .cluster
        .as_ref()
        .context("the bench has a PostgreSQL of its own")?;
    let mut owner = sqlx::ConnectOptions::connect(&cluster.options("obole")).await?;
    sqlx::query("vacuum analyze").execute(&mut owner).await?;
    sqlx::query("checkpoint").execute(&mut owner).await?;
    Ok(())
}

/// Fills the inbox with events and posts them; answers events a second, and bytes of write-ahead log an event.
pub async fn rate(app: &App, world: &World, events: usize) -> anyhow::Result<(f64, f64)> {
    let before: i64 = sqlx::query_scalar("select count(*) from transfer")
        .fetch_one(&app.db)
        .await?;
    let first = usize::try_from(before)?;
    for begin in (first..first + events).step_by(5000) {
        let set: Vec<_> = (begin..(begin + 5000).min(first + events))
            .map(|n| world.event(n))
            .collect();
        sqlx::query(
            "with input as (select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[]) x(endpoint_id, delivery_key, event_id, body_hash, body)),
             e as (insert into inbox_event select endpoint_id, delivery_key, event_id, body_hash, $6 from input),
             b as (insert into inbox_body select event_id, $6, body, '{}' from input)
             insert into inbox_queue (event_id, endpoint_id, received_at) select event_id, endpoint_id, $6 from input",
        )
        .bind(set.iter().map(|(shop, ..)| shop.endpoint_id.0).collect::<Vec<_>>())
        .bind(set.iter().map(|(_, order, _)| order.as_str()).collect::<Vec<_>>())
        .bind(set.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
        .bind(set.iter().map(|(.., body)| Sha256::digest(body).to_vec()).collect::<Vec<_>>())
        .bind(set.iter().map(|(.., body)| body.as_bytes()).collect::<Vec<_>>())
        .bind(Utc::now())
        .execute(&app.db)
        .await?;
    }
    let logged = logged(app).await?;
    let began = Instant::now();
    worker::process_all(&app.db).await?;
    let took = began.elapsed();
    let logged = self::logged(app).await? - logged;
    let after: i64 = sqlx::query_scalar("select count(*) from transfer")
        .fetch_one(&app.db)
        .await?;
    anyhow::ensure!(
        usize::try_from(after - before)? == events,
        "{events} events waited and {} are in the books",
        after - before
    );
    Ok((
        events as f64 / took.as_secs_f64(),
        logged as f64 / events as f64,
    ))
}

/// Bytes of write-ahead log so far.
async fn logged(app: &App) -> anyhow::Result<i64> {
    Ok(
        sqlx::query_scalar("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
            .fetch_one(&app.db)
            .await?,
    )
}

/// Donations to write that were there before.
pub struct Fill {
    pub donations: usize,
    /// Named donors they come from, made here; none for anonymous gifts.
    pub donors: usize,
    /// Around when; over the last three hundred days otherwise.
    pub at: Option<DateTime<Utc>>,
}

/// Writes donations over the shops and causes that are, posts them and rebuilds the balances.
pub async fn fill_books(app: &App, fill: &Fill) -> anyhow::Result<()> {
    sqlx::query(
        "insert into donor (donor_id, email, first_name, last_name, address, created_at)
         select md5('donor' || n)::uuid, 'd' || n || '@example.org', 'Camille', 'Durand-' || n,
           ('{\"line1\": \"' || n || ' rue des Lilas\", \"postal_code\": \"75020\", \"city\": \"Paris\", \"country\": \"FR\"}')::jsonb, now()
         from generate_series(0, $1::bigint - 1) n",
    )
    .bind(i64::try_from(fill.donors)?)
    .execute(&app.db)
    .await?;
    let begins = stream::iter((0..fill.donations).step_by(FILLED_AT_ONCE).map(anyhow::Ok));
    begins
        .try_for_each_concurrent(2, |begin| write_donations(app, fill, begin))
        .await?;
    let mut db = app.db.acquire().await?;
    sqlx::query(
        "insert into transfer
           (fact_id, fact, leg, debit_account_id, credit_account_id, amount_cents, occurred_at, recorded_at)
         select donation_id, 'donation_recorded', 0, r.account_id, p.account_id, amount_cents, occurred_at, $1
         from donation d join merchant m using (merchant_id) join association a using (association_id)
         join account r on r.kind = 'merchant_receivable' and r.owner = m.slug
         join account p on p.kind = 'association_pending' and p.owner = a.slug
         where not exists (select 1 from transfer t
           where t.fact_id = d.donation_id and t.fact = 'donation_recorded')",
    )
    .bind(Utc::now())
    .execute(&mut *db)
    .await?;
    crate::ledger::rebuild(&mut db).await?;
    Ok(())
}

/// Donations written in one database transaction.
const FILLED_AT_ONCE: usize = 500_000;

async fn write_donations(app: &App, fill: &Fill, begin: usize) -> anyhow::Result<()> {
    sqlx::query(
        "with shop as (select merchant_id, row_number() over (order by slug) - 1 as nth from merchant),
           chosen as (select cause_id, association_id, row_number() over (order by slug) - 1 as nth from cause),
           counts as materialized (select (select count(*) from shop) as shops, (select count(*) from chosen) as causes)
         insert into donation (donation_id, merchant_id, order_id, event_id, content_hash, amount_cents, order_total_cents, cause_id, association_id,
           donor_id, funded_by, consent_preticked, occurred_at, recorded_at)
         select donation_id_of(merchant_id, 'F' || n), merchant_id, 'F' || n, gen_random_uuid(), '\\x00', 100, 4590, cause_id, association_id,
           case when $3 > 0 then md5('donor' || n % $3)::uuid end, 'donor', false,
           coalesce($4 + n % 1000 * interval '1 second', now() - (n % 300) * interval '1 day'), now()
         from generate_series($1::bigint, $2::bigint - 1) n cross join counts
         join shop on shop.nth = n % shops join chosen on chosen.nth = n % causes",
    )
    .bind(i64::try_from(begin)?)
    .bind(i64::try_from((begin + FILLED_AT_ONCE).min(fill.donations))?)
    .bind(i64::try_from(fill.donors)?)
    .bind(fill.at)
    .execute(&app.db)
    .await?;
    Ok(())
}
