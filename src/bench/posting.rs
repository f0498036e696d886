//! Posting alone: from an inbox full of events until all of them are in the books.

use std::time::{Duration, Instant};

use chrono::Utc;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::merchants::Merchants;
use crate::app::App;
use crate::worker;

/// Events written to the inbox by one statement.
const BATCH: usize = 5000;

/// The speed of posting, and what it writes.
#[derive(Clone, Copy)]
pub struct PostingRate {
    /// Events a second.
    pub events: f64,
    /// Bytes of write-ahead log an event.
    pub wal_bytes: f64,
}

/// Waits until nothing is queued; returns how long that took.
pub async fn until_empty(app: &App) -> anyhow::Result<Duration> {
    let began = Instant::now();
    while sqlx::query_scalar("select exists (select 1 from inbox_queue)")
        .fetch_one(&app.db)
        .await?
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(began.elapsed())
}

/// Fills the inbox with events, then measures how fast they are posted.
pub async fn rate(app: &App, merchants: &Merchants, events: usize) -> anyhow::Result<PostingRate> {
    let before = transfers(app).await?;
    // The number of transfers begins the events' numbers, so that no run repeats those of an
    // earlier one.
    let first = usize::try_from(before)?;
    fill_inbox(app, merchants, first, first + events).await?;
    let wal_before = wal_position(app).await?;
    let began = Instant::now();
    worker::process_all(app).await?;
    let took = began.elapsed();
    let wal = wal_position(app).await? - wal_before;
    let posted = transfers(app).await? - before;
    anyhow::ensure!(
        usize::try_from(posted)? == events,
        "{events} events waited and {posted} are in the books"
    );
    Ok(PostingRate {
        events: events as f64 / took.as_secs_f64(),
        wal_bytes: wal as f64 / events as f64,
    })
}

/// Writes events as the web would have received them.
async fn fill_inbox(
    app: &App,
    merchants: &Merchants,
    first: usize,
    end: usize,
) -> anyhow::Result<()> {
    for begin in (first..end).step_by(BATCH) {
        let batch: Vec<_> = (begin..(begin + BATCH).min(end))
            .map(|n| merchants.event(n))
            .collect();
        sqlx::query(
            "with input as (
               select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[])
                 i(endpoint_id, delivery_key, event_id, body_hash, body)),
             e as (
               insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
               select endpoint_id, delivery_key, event_id, body_hash, $6 from input),
             b as (
               insert into inbox_body (event_id, received_at, body, headers)
               select event_id, $6, body, '{}' from input)
             insert into inbox_queue (event_id, endpoint_id, received_at)
             select event_id, endpoint_id, $6 from input",
        )
        .bind(column(&batch, |(merchant, ..)| merchant.endpoint_id.0))
        .bind(column(&batch, |(_, order, _)| order.as_str()))
        .bind(column(&batch, |_| Uuid::now_v7()))
        .bind(column(&batch, |(.., body)| Sha256::digest(body).to_vec()))
        .bind(column(&batch, |(.., body)| body.as_bytes()))
        .bind(Utc::now())
        .execute(&app.db)
        .await?;
    }
    Ok(())
}

/// One column of the rows to write.
fn column<'a, T, C>(rows: &'a [T], value: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(value).collect()
}

async fn transfers(app: &App) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from transfer")
        .fetch_one(&app.db)
        .await
}

/// Bytes of write-ahead log since the cluster began.
async fn wal_position(app: &App) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
        .fetch_one(&app.db)
        .await
}
