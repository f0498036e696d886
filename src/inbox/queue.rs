//! The queue of events to process: taking a batch, putting events back, and how much waits.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgConnection};

use crate::values::{DonationId, EndpointId, EventId, MerchantId, Reader};

/// The order of receipt, in which events about one order are applied.
pub(super) type Turn = (DateTime<Utc>, EventId);

/// An event out of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct QueuedEvent {
    pub event_id: EventId,
    pub endpoint_id: EndpointId,
    pub received_at: DateTime<Utc>,
    /// How often it was tried before.
    pub attempts: i32,
}

impl QueuedEvent {
    pub(super) const fn turn(&self) -> Turn {
        (self.received_at, self.event_id)
    }
}

/// The first event of each of these merchants that is in the queue or that another database
/// transaction has taken and not ended, of those received by `until`.
pub(super) async fn first_waiting(
    tx: &mut PgConnection,
    merchants: &[MerchantId],
    until: Turn,
) -> Result<HashMap<MerchantId, Turn>, sqlx::Error> {
    let waiting: Vec<(MerchantId, DateTime<Utc>, EventId)> = sqlx::query_as(
        "select distinct on (e.merchant_id) e.merchant_id, q.received_at, q.event_id
         from inbox_queue q join endpoint e using (endpoint_id)
         where q.event_id < $2 and (q.received_at, q.event_id) < ($3, $2)
           and e.merchant_id = any($1) and not e.test
         order by e.merchant_id, q.received_at, q.event_id",
    )
    .bind(merchants.iter().map(|m| m.0).collect::<Vec<_>>())
    .bind(until.1)
    .bind(until.0)
    .fetch_all(tx)
    .await?;
    Ok(waiting
        .into_iter()
        .map(|(merchant, received_at, event)| (merchant, (received_at, event)))
        .collect())
}

/// Takes up to `limit` events after one, oldest first. Until the database transaction ends nobody
/// else can take them; those that others hold are skipped.
///
/// Beginning after the last event taken spares reading the index entries of all that left the queue
/// before it.
pub async fn take_batch(
    tx: &mut PgConnection,
    after: EventId,
    limit: i64,
) -> Result<Vec<QueuedEvent>, sqlx::Error> {
    let mut events: Vec<QueuedEvent> = sqlx::query_as(
        "delete from inbox_queue where ctid = any(array(
           select ctid from inbox_queue where event_id > $2
           order by event_id for update skip locked limit $1))
         returning event_id, endpoint_id, received_at, attempts",
    )
    .bind(limit)
    .bind(after)
    .fetch_all(tx)
    .await?;
    events.sort_unstable_by_key(|e| e.event_id);
    Ok(events)
}

/// Takes those of some events that are still in the queue and that nobody else has taken.
pub async fn take_these(
    tx: &mut PgConnection,
    ids: &[EventId],
) -> Result<Vec<QueuedEvent>, sqlx::Error> {
    let mut events: Vec<QueuedEvent> = sqlx::query_as(
        "delete from inbox_queue where ctid = any(array(
           select ctid from inbox_queue where event_id = any($1)
           order by event_id for update skip locked))
         returning event_id, endpoint_id, received_at, attempts",
    )
    .bind(ids.iter().map(|e| e.0).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    events.sort_unstable_by_key(|e| e.event_id);
    Ok(events)
}

/// Why a refund waits while a run holds the settlement lock; its order may have none to wait for.
pub(super) const WAITS_FOR_A_RUN: &str =
    "waits until a run has ended that collects, pays out or issues receipts";

/// Which events with a problem go back to the queue.
pub(super) enum Requeue<'a> {
    /// These, as far as the reader may see them.
    Events(&'a [EventId], Reader),
    /// All dead letters, as far as the reader may see them.
    AllDead(Reader),
    /// Refunds parked for these donations.
    ParkedFor(&'a [DonationId]),
    /// Parked refunds whose donation is recorded.
    ParkedWithDonation,
}

/// Puts events with a problem back in the queue and returns their ids; those of test endpoints stay
/// where they are.
pub(super) async fn requeue(
    tx: &mut PgConnection,
    which: Requeue<'_>,
) -> Result<Vec<EventId>, sqlx::Error> {
    let events: &[EventId] = if let Requeue::Events(ids, _) = which {
        ids
    } else {
        &[]
    };
    let donations: &[DonationId] = if let Requeue::ParkedFor(ids) = which {
        ids
    } else {
        &[]
    };
    // Whose events may be put back; the system itself asks for parked refunds.
    let merchants = match which {
        Requeue::Events(_, reader) | Requeue::AllDead(reader) => reader.merchants(),
        Requeue::ParkedFor(_) | Requeue::ParkedWithDonation => Reader::System.merchants(),
    };
    sqlx::query_scalar(
        // Each way to choose has a branch of its own, which reads nothing unless it is asked for.
        "with chosen as (
           select event_id from inbox_problem where event_id = any($1)
           union all select event_id from inbox_problem where $2 and state = 'dead'
           union all select event_id from inbox_problem
             where state = 'parked' and donation_id = any($3)
           union all select event_id from inbox_problem p
             -- One look-up by key for each: a join could choose to read every donation.
             cross join lateral (
               select 1 from donation d where d.donation_id = p.donation_id limit 1) d
             where $4 and state = 'parked'
           union all select event_id from inbox_problem
             where $4 and state = 'parked' and reason = $7),
         back as (
           delete from inbox_problem where event_id = any(array(select event_id from chosen))
             and endpoint_id in (select endpoint_id from endpoint
               where not test and ($5 or merchant_id = $6))
           returning event_id, endpoint_id, received_at, attempts)
         insert into inbox_queue (event_id, endpoint_id, received_at, attempts)
         select event_id, endpoint_id, received_at, attempts from back returning event_id",
    )
    .bind(events.iter().map(|e| e.0).collect::<Vec<_>>())
    .bind(matches!(which, Requeue::AllDead(_)))
    .bind(donations.iter().map(|d| d.0).collect::<Vec<_>>())
    .bind(matches!(which, Requeue::ParkedWithDonation))
    .bind(merchants.sees_all())
    .bind(merchants.only())
    .bind(WAITS_FOR_A_RUN)
    .fetch_all(tx)
    .await
}

/// Puts refunds back in the queue whose donation was recorded while they were being parked, and
/// those that waited for a run. Returns how many.
///
/// Recording a donation puts back the refunds that are parked for it; this finds those that were
/// parked at that moment.
pub async fn requeue_parked(tx: &mut PgConnection) -> Result<usize, sqlx::Error> {
    Ok(requeue(tx, Requeue::ParkedWithDonation).await?.len())
}

/// Which events are to be processed again.
#[derive(Clone, Debug)]
pub enum Redrive {
    These(Vec<EventId>),
    AllDead,
}

/// Puts dead, parked, conflicting or lost events back in the queue, as far as the reader may see
/// them. Returns their ids; events in another state and events of others are left out.
pub async fn redrive(
    tx: &mut PgConnection,
    reader: Reader,
    which: &Redrive,
) -> Result<Vec<EventId>, sqlx::Error> {
    match which {
        Redrive::AllDead => requeue(tx, Requeue::AllDead(reader)).await,
        Redrive::These(ids) => {
            let mut redriven = requeue(tx, Requeue::Events(ids, reader)).await?;
            if redriven.len() < ids.len() {
                redriven.extend(requeue_lost(tx, reader, ids).await?);
            }
            Ok(redriven)
        }
    }
}

/// Puts those of some events back in the queue that wait for nothing and have no outcome, while
/// their bodies are kept.
async fn requeue_lost(
    tx: &mut PgConnection,
    reader: Reader,
    events: &[EventId],
) -> Result<Vec<EventId>, sqlx::Error> {
    let merchants = reader.merchants();
    sqlx::query_scalar(
        "insert into inbox_queue (event_id, endpoint_id, received_at)
         select i.event_id, i.endpoint_id, i.received_at
         from inbox_event i join endpoint e using (endpoint_id)
           join inbox_body using (event_id, received_at)
         where event_id = any($1) and not e.test and ($2 or e.merchant_id = $3)
           and not exists (select 1 from inbox_queue o where o.event_id = i.event_id)
           and not exists (select 1 from inbox_problem o where o.event_id = i.event_id)
           and not exists (select 1 from inbox_fetch o where o.event_id = i.event_id)
           and not exists (select 1 from inbox_outcome o where o.event_id = i.event_id)
           and not exists (select 1 from donation_refund o where o.event_id = i.event_id)
           and not exists (select 1 from donation o
             where o.merchant_id = e.merchant_id and o.event_id = i.event_id)
         returning event_id",
    )
    .bind(events.iter().map(|e| e.0).collect::<Vec<_>>())
    .bind(merchants.sees_all())
    .bind(merchants.only())
    .fetch_all(tx)
    .await
}

/// How many events wait or have a problem, by state.
pub async fn depths(db: &mut PgConnection) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select 'queued', count(*) from inbox_queue
         union all select 'fetching', count(*) from inbox_fetch
         union all select s, (select count(*)
           from inbox_problem join endpoint using (endpoint_id) where state = s and not test)
           from unnest(array['dead', 'conflict', 'parked']) s",
    )
    .fetch_all(db)
    .await
}

/// How long an event may wait before processing counts as behind. What is parked while a run goes
/// on does not count: the run may take minutes, and another process would not be faster.
const MAX_LAG: TimeDelta = TimeDelta::minutes(1);

/// Whether an event has waited in the queue for more than a minute.
pub async fn is_behind(db: &mut PgConnection, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from inbox_queue where received_at < $1)")
        .bind(now - MAX_LAG)
        .fetch_one(db)
        .await
}
