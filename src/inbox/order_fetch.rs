//! Thin events: an order's number, whose order is to be fetched from the platform by a worker, outside any database transaction.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection, types::Json};

use super::dialects::{order_url, parse};
use super::event::Event;
use crate::parties::endpoint::EndpointSettings;
use crate::values::{Dialect, EndpointId, EventId};

/// After so many attempts over some three days a person looks at it.
const MOST_ATTEMPTS: i32 = 20;

/// An order to fetch.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub event_id: EventId,
    pub endpoint_id: EndpointId,
    pub received_at: DateTime<Utc>,
    pub attempts: i32,
    /// The order and its products; none while the endpoint's settings do not name the store.
    pub urls: Option<[String; 2]>,
}

/// Puts events aside to be fetched.
pub(super) async fn put(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    thin: &[(EventId, EndpointId, DateTime<Utc>)],
) -> Result<(), sqlx::Error> {
    if thin.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into inbox_fetch (event_id, endpoint_id, received_at, next_at)
         select e, p, r, $4 from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) x(e, p, r) on conflict do nothing",
    )
    .bind(thin.iter().map(|t| t.0.0).collect::<Vec<_>>())
    .bind(thin.iter().map(|t| t.1.0).collect::<Vec<_>>())
    .bind(thin.iter().map(|t| t.2).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    event_id: EventId,
    endpoint_id: EndpointId,
    received_at: DateTime<Utc>,
    attempts: i32,
    #[sqlx(try_from = "String")]
    dialect: Dialect,
    settings: Json<EndpointSettings>,
    body: Vec<u8>,
}

/// Orders whose turn it is, at most twenty.
pub async fn due(db: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Fetch>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select event_id, endpoint_id, received_at, attempts, dialect, settings, body
         from inbox_fetch join endpoint using (endpoint_id) join inbox_body using (event_id, received_at)
         where next_at <= $1 order by next_at limit 20",
    )
    .bind(now)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let order = match parse(r.dialect, &r.settings, None, &r.body) {
                Ok(Event::Thin { order }) => Some(order),
                _ => None,
            };
            let urls = order.and_then(|o| order_url(&r.settings, &o));
            Fetch {
                event_id: r.event_id,
                endpoint_id: r.endpoint_id,
                received_at: r.received_at,
                attempts: r.attempts,
                urls,
            }
        })
        .collect())
}

/// Tries again later: after a second, two, four, up to six hours.
pub async fn postpone(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    fetch: &Fetch,
) -> Result<(), sqlx::Error> {
    let wait = TimeDelta::seconds(1_i64 << fetch.attempts.clamp(0, 14)).min(TimeDelta::hours(6));
    sqlx::query("update inbox_fetch set attempts = attempts + 1, next_at = $2 where event_id = $1")
        .bind(fetch.event_id)
        .bind(now + wait)
        .execute(db)
        .await?;
    Ok(())
}

impl Fetch {
    /// Whether it was tried often enough.
    #[must_use]
    pub const fn is_hopeless(&self) -> bool {
        self.attempts >= MOST_ATTEMPTS
    }
}

/// Sets an event aside for a person, who can redrive it.
pub async fn give_up(
    db: &mut PgConnection,
    fetch: &Fetch,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with done as (delete from inbox_fetch where event_id = $1 returning event_id, endpoint_id, received_at, attempts)
         insert into inbox_problem (event_id, endpoint_id, delivery_key, state, reason, attempts, received_at)
         select event_id, endpoint_id, coalesce((select delivery_key from inbox_event i where i.event_id = done.event_id), ''),
           'dead', $2, attempts + 1, received_at from done",
    )
    .bind(fetch.event_id)
    .bind(reason)
    .execute(db)
    .await?;
    Ok(())
}

/// Takes what was fetched into the inbox as an event of its own, for the poster. The same document twice is one event.
pub async fn bring(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    fetch: &Fetch,
    body: &[u8],
) -> Result<(), sqlx::Error> {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(body).to_vec();
    let id = EventId::new();
    sqlx::query(
        "with fresh as (
           insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
           values ($1, $2, $3, $4, $5) on conflict do nothing returning event_id),
         kept as (insert into inbox_body (event_id, received_at, body, headers) select event_id, $5, $6, '{}' from fresh),
         queued as (insert into inbox_queue (event_id, endpoint_id, received_at) select event_id, $1, $5 from fresh)
         delete from inbox_fetch where event_id = $7",
    )
    .bind(fetch.endpoint_id)
    .bind(format!("fetched:{}", hex::encode(&hash)))
    .bind(id)
    .bind(hash)
    .bind(now)
    .bind(body)
    .bind(fetch.event_id)
    .execute(tx)
    .await?;
    Ok(())
}
