//! Events that do not say all of their order: it is fetched from its platform by a worker, outside
//! any database transaction, and enters the inbox as an event of its own.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgConnection, types::Json};

use super::dialects::{OrderUrls, Sender, order_urls, parse};
use super::endpoint::EndpointSettings;
use super::event::{Event, Refund, RefundProof};
use super::problem::{self, Problem, ProblemState};
use super::queue::QueuedEvent;
use super::unproven;
use crate::values::{Dialect, EndpointId, EventId, MerchantId};

/// Attempts, over a day and a half, before the event is a dead letter.
const MAX_ATTEMPTS: i32 = 20;
/// The longest wait between two attempts.
const MAX_WAIT: TimeDelta = TimeDelta::hours(6);
/// Orders fetched in one round.
const MAX_DUE: i64 = 20;

/// An order to fetch.
#[derive(Clone, Debug)]
pub struct OrderFetch {
    pub event_id: EventId,
    pub endpoint_id: EndpointId,
    pub received_at: DateTime<Utc>,
    /// How often it was tried before.
    pub attempts: i32,
    /// None while the endpoint's settings do not name the store.
    pub urls: Option<OrderUrls>,
    merchant_id: Option<MerchantId>,
    /// What a person is asked about when the order cannot be fetched.
    unproven: Vec<Refund>,
}

impl OrderFetch {
    /// Whether this attempt was the last.
    #[must_use]
    pub const fn is_last_attempt(&self) -> bool {
        self.attempts + 1 >= MAX_ATTEMPTS
    }

    /// The wait after this attempt: a second, two, four, up to six hours.
    fn wait(&self) -> TimeDelta {
        TimeDelta::seconds(1_i64 << self.attempts.clamp(0, 15)).min(MAX_WAIT)
    }
}

/// Stores that the orders of these events are to be fetched.
pub(super) async fn enqueue_fetches(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    events: &[&QueuedEvent],
) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into inbox_fetch (event_id, endpoint_id, received_at, next_at)
         select x.event_id, x.endpoint_id, x.received_at, $4
         from unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
           x(event_id, endpoint_id, received_at)
         on conflict do nothing",
    )
    .bind(events.iter().map(|e| e.event_id.0).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.endpoint_id.0).collect::<Vec<_>>())
    .bind(events.iter().map(|e| e.received_at).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct FetchRow {
    event_id: EventId,
    endpoint_id: EndpointId,
    received_at: DateTime<Utc>,
    attempts: i32,
    merchant_id: Option<MerchantId>,
    #[sqlx(try_from = "String")]
    dialect: Dialect,
    settings: Json<EndpointSettings>,
    topic: Option<String>,
    body: Vec<u8>,
}

impl FetchRow {
    /// What the event says, read with these settings.
    fn parts(&self, settings: &EndpointSettings) -> Vec<Event> {
        let sender = Sender {
            dialect: self.dialect,
            settings,
            test: false,
            topic: self.topic.as_deref(),
            source: None,
        };
        let event = parse(&sender, &self.body);
        event.map_or_else(|_| Vec::new(), |event| event.parts().to_vec())
    }
}

impl From<FetchRow> for OrderFetch {
    fn from(r: FetchRow) -> Self {
        let urls = r.parts(&r.settings).iter().find_map(|part| match part {
            Event::OrderReference { order_id } => order_urls(r.dialect, &r.settings, order_id),
            _ => None,
        });
        // As it would have been read if nothing could be fetched.
        let asked = EndpointSettings {
            fetch_refunds: false,
            ..r.settings.0.clone()
        };
        let unproven = r.parts(&asked).into_iter().filter_map(|part| match part {
            Event::Refund(refund) if refund.proof != RefundProof::Proven => Some(refund),
            _ => None,
        });
        Self {
            unproven: unproven.collect(),
            event_id: r.event_id,
            endpoint_id: r.endpoint_id,
            received_at: r.received_at,
            attempts: r.attempts,
            merchant_id: r.merchant_id,
            urls,
        }
    }
}

/// Orders that are due to be fetched, longest due first, at most twenty.
pub async fn due_fetches(
    db: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<OrderFetch>, sqlx::Error> {
    let rows: Vec<FetchRow> = sqlx::query_as(
        "select event_id, endpoint_id, received_at, attempts, merchant_id, dialect, settings,
           headers->>'topic' as topic, body
         from inbox_fetch join endpoint using (endpoint_id)
         join inbox_body using (event_id, received_at)
         where next_at <= $1 and not test order by next_at limit $2",
    )
    .bind(now)
    .bind(MAX_DUE)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(OrderFetch::from).collect())
}

/// Notes a failed attempt; the wait before the next one doubles each time.
pub async fn postpone_fetch(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    fetch: &OrderFetch,
) -> Result<(), sqlx::Error> {
    sqlx::query("update inbox_fetch set attempts = attempts + 1, next_at = $2 where event_id = $1")
        .bind(fetch.event_id)
        .bind(now + fetch.wait())
        .execute(db)
        .await?;
    Ok(())
}

/// Makes an event a dead letter whose order cannot be fetched. A person mends the cause and
/// redrives it; or decides about its refunds without that.
pub async fn dead_letter_fetch(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    fetch: &OrderFetch,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let events: Vec<QueuedEvent> = sqlx::query_as(
        "delete from inbox_fetch where event_id = $1
         returning event_id, endpoint_id, received_at, attempts",
    )
    .bind(fetch.event_id)
    .fetch_all(&mut *tx)
    .await?;
    let problems: Vec<Problem> = events
        .iter()
        .map(|e| Problem::new(e, ProblemState::Dead, reason.to_owned()))
        .collect();
    problem::record(tx, &problems).await?;
    let Some(merchant) = fetch.merchant_id else {
        return Ok(());
    };
    unproven::ask(tx, now, merchant, &fetch.unproven).await
}

/// Queues the document that was fetched as an event of its own and ends the fetch. The same
/// document twice is one event.
pub async fn store_fetched(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    fetch: &OrderFetch,
    document: &[u8],
) -> Result<(), sqlx::Error> {
    let hash = Sha256::digest(document).to_vec();
    sqlx::query(
        "with new as (
           insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
           values ($1, $2, $3, $4, $5) on conflict do nothing returning event_id),
         body as (
           insert into inbox_body (event_id, received_at, body, headers)
           select event_id, $5, $6, '{}' from new),
         queue as (
           insert into inbox_queue (event_id, endpoint_id, received_at)
           select event_id, $1, $5 from new),
         done as (delete from inbox_fetch where event_id = $7 returning event_id)
         insert into inbox_outcome (event_id, outcome)
         select event_id, 'fetched' from done on conflict do nothing",
    )
    .bind(fetch.endpoint_id)
    .bind(format!("fetched:{}", hex::encode(&hash)))
    .bind(EventId::new())
    .bind(hash)
    .bind(now)
    .bind(document)
    .bind(fetch.event_id)
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_double_up_to_six_hours_and_twenty_attempts_take_a_day_and_a_half() {
        let attempt = |attempts| OrderFetch {
            event_id: EventId::new(),
            endpoint_id: EndpointId::new(),
            received_at: DateTime::UNIX_EPOCH,
            attempts,
            urls: None,
            merchant_id: None,
            unproven: Vec::new(),
        };
        assert_eq!(attempt(0).wait(), TimeDelta::seconds(1));
        assert_eq!(attempt(3).wait(), TimeDelta::seconds(8));
        assert_eq!(attempt(19).wait(), MAX_WAIT);
        assert!(!attempt(18).is_last_attempt() && attempt(19).is_last_attempt());
        let waits: TimeDelta = (0..MAX_ATTEMPTS - 1).map(|n| attempt(n).wait()).sum();
        assert_eq!(waits.num_hours(), 33);
    }
}
