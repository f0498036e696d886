//! Inserting a batch of deliveries. New ones go where their disposition says; a known delivery key
//! is either a repetition or, with another body, a conflict.

use std::collections::HashMap;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, Postgres, Row as _};
use uuid::Uuid;

use super::intake::{Disposition, PendingDelivery, ReceiveOutcome};
use super::problem::storable;
use crate::db::Breaker;
use crate::values::{EndpointId, EventId, derived_id};

/// For a batch that all goes to the queue and of which nothing is known, as most do: no delivery
/// key is looked for before its row is inserted. A key that was known after all, or is in the batch
/// twice, refuses the whole batch. One statement is one database transaction.
const INSERT_NEW: &str = "with input as (
       select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[],
           $6::jsonb[], $7::timestamptz[])
         x(endpoint_id, delivery_key, event_id, body_hash, body, headers, received_at)),
     event as (
       insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
       select endpoint_id, delivery_key, event_id, body_hash, received_at from input),
     body as (
       insert into inbox_body (event_id, received_at, body, headers)
       select event_id, received_at, body, headers from input)
     insert into inbox_queue (event_id, endpoint_id, received_at)
     select event_id, endpoint_id, received_at from input";

/// For any batch; returns the ids that were new. Of two deliveries with one key, the first is
/// inserted.
const INSERT_ANY: &str = "with input as (
       select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[],
           $6::jsonb[], $7::timestamptz[], $8::boolean[], $9::text[])
         x(endpoint_id, delivery_key, event_id, body_hash, body, headers, received_at, queued,
           reason)),
     new as (
       insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
       select endpoint_id, delivery_key, event_id, body_hash, received_at from input
       on conflict do nothing returning event_id),
     body as (
       insert into inbox_body (event_id, received_at, body, headers)
       select event_id, received_at, body, headers from input join new using (event_id)),
     queue as (
       insert into inbox_queue (event_id, endpoint_id, received_at)
       select event_id, endpoint_id, received_at from input join new using (event_id)
       where queued),
     dead as (
       insert into inbox_problem
         (event_id, endpoint_id, delivery_key, state, reason, received_at)
       select event_id, endpoint_id, delivery_key, 'dead', reason, received_at
       from input join new using (event_id) where reason is not null)
     select event_id from new";

/// A statement with a batch's rows as its first seven parameters.
fn bind_batch<'b>(
    statement: &'static str,
    batch: &'b [PendingDelivery],
) -> Query<'b, Postgres, PgArguments> {
    let deliveries = || batch.iter().map(|p| &p.delivery);
    sqlx::query(statement)
        .bind(deliveries().map(|d| d.endpoint_id.0).collect::<Vec<_>>())
        .bind(
            deliveries()
                .map(|d| d.delivery_key.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(batch.iter().map(|p| p.event_id.0).collect::<Vec<_>>())
        .bind(
            batch
                .iter()
                .map(|p| p.body_hash.as_slice())
                .collect::<Vec<_>>(),
        )
        .bind(deliveries().map(|d| d.body.as_ref()).collect::<Vec<_>>())
        .bind(deliveries().map(|d| Json(&d.headers)).collect::<Vec<_>>())
        .bind(deliveries().map(|d| d.received_at).collect::<Vec<_>>())
}

/// Inserts a batch and returns what the database then holds of each delivery, in order; none where
/// that is unknown.
pub(super) async fn insert_batch(
    db: &mut PgConnection,
    breaker: &Breaker,
    batch: &[PendingDelivery],
) -> Result<Vec<Option<ReceiveOutcome>>, sqlx::Error> {
    let all_queued = batch
        .iter()
        .all(|p| p.delivery.disposition == Disposition::Queue);
    if all_queued && breaker.allows() {
        match bind_batch(INSERT_NEW, batch).execute(&mut *db).await {
            Ok(_) => {
                let accepted = |p: &PendingDelivery| Some(ReceiveOutcome::Accepted(p.event_id));
                return Ok(batch.iter().map(accepted).collect());
            }
            Err(sqlx::Error::Database(e)) if e.is_unique_violation() => breaker.trip(),
            Err(other) => return Err(other),
        }
    }
    let new = insert_any(db, batch).await?;
    let mut outcomes: HashMap<EventId, ReceiveOutcome> = new
        .into_iter()
        .map(|id| (id, ReceiveOutcome::Accepted(id)))
        .collect();
    let duplicates: Vec<&PendingDelivery> = batch
        .iter()
        .filter(|p| !outcomes.contains_key(&p.event_id))
        .collect();
    if !duplicates.is_empty() {
        classify_duplicates(db, &duplicates, &mut outcomes).await?;
    }
    Ok(batch.iter().map(|p| outcomes.remove(&p.event_id)).collect())
}

async fn insert_any(
    db: &mut PgConnection,
    batch: &[PendingDelivery],
) -> Result<Vec<EventId>, sqlx::Error> {
    let queued = |p: &PendingDelivery| p.delivery.disposition == Disposition::Queue;
    let reason = |p: &PendingDelivery| match &p.delivery.disposition {
        Disposition::DeadLetter(reason) => Some(storable(reason)),
        Disposition::Queue | Disposition::Keep => None,
    };
    bind_batch(INSERT_ANY, batch)
        .bind(batch.iter().map(queued).collect::<Vec<_>>())
        .bind(batch.iter().map(reason).collect::<Vec<_>>())
        .try_map(|row: PgRow| row.try_get(0))
        .fetch_all(db)
        .await
}

/// The event that came first under a delivery key.
#[derive(FromRow)]
struct KnownEvent {
    endpoint_id: EndpointId,
    delivery_key: String,
    event_id: EventId,
    body_hash: Vec<u8>,
}

/// A delivery with the key of another and another body. Its id is derived, so that the same
/// conflict is kept once.
struct ConflictingDelivery<'b> {
    event_id: Uuid,
    pending: &'b PendingDelivery,
}

impl<'b> ConflictingDelivery<'b> {
    fn new(pending: &'b PendingDelivery) -> Self {
        let event_id = derived_id(&format!(
            "conflict:{}:{}:{}",
            pending.delivery.endpoint_id,
            pending.delivery.delivery_key,
            hex::encode(&pending.body_hash)
        ));
        Self { event_id, pending }
    }
}

/// Finds which duplicates are repetitions and which are conflicts, and stores the conflicts.
async fn classify_duplicates(
    db: &mut PgConnection,
    duplicates: &[&PendingDelivery],
    outcomes: &mut HashMap<EventId, ReceiveOutcome>,
) -> Result<(), sqlx::Error> {
    let deliveries = || duplicates.iter().map(|p| &p.delivery);
    let rows: Vec<KnownEvent> = sqlx::query_as(
        "select endpoint_id, delivery_key, e.event_id, e.body_hash
         from inbox_event e
         join unnest($1::uuid[], $2::text[]) x(endpoint_id, delivery_key)
           using (endpoint_id, delivery_key)",
    )
    .bind(deliveries().map(|d| d.endpoint_id.0).collect::<Vec<_>>())
    .bind(
        deliveries()
            .map(|d| d.delivery_key.as_str())
            .collect::<Vec<_>>(),
    )
    .fetch_all(&mut *db)
    .await?;
    let known: HashMap<(EndpointId, &str), &KnownEvent> = rows
        .iter()
        .map(|e| ((e.endpoint_id, e.delivery_key.as_str()), e))
        .collect();
    let mut conflicts = Vec::new();
    for pending in duplicates {
        let key = (
            pending.delivery.endpoint_id,
            pending.delivery.delivery_key.as_str(),
        );
        let Some(first) = known.get(&key) else {
            continue;
        };
        let outcome = if first.event_id == pending.event_id {
            // Our own row, from an attempt whose reply was lost.
            ReceiveOutcome::Accepted(first.event_id)
        } else if first.body_hash == pending.body_hash {
            ReceiveOutcome::Duplicate(first.event_id)
        } else {
            let conflict = ConflictingDelivery::new(pending);
            let outcome = ReceiveOutcome::Conflict(EventId(conflict.event_id));
            conflicts.push(conflict);
            outcome
        };
        outcomes.insert(pending.event_id, outcome);
    }
    insert_conflicts(db, &conflicts).await
}

async fn insert_conflicts(
    db: &mut PgConnection,
    conflicts: &[ConflictingDelivery<'_>],
) -> Result<(), sqlx::Error> {
    if conflicts.is_empty() {
        return Ok(());
    }
    let deliveries = || conflicts.iter().map(|c| &c.pending.delivery);
    sqlx::query(
        "with input as (
           select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::jsonb[],
               $6::timestamptz[])
             x(event_id, endpoint_id, delivery_key, body, headers, received_at)),
         new as (
           insert into inbox_problem
             (event_id, endpoint_id, delivery_key, state, reason, received_at)
           select event_id, endpoint_id, delivery_key, 'conflict', $7, received_at
           from input on conflict do nothing returning event_id, received_at)
         insert into inbox_body (event_id, received_at, body, headers)
         select event_id, received_at, body, headers
         from input join new using (event_id, received_at) on conflict do nothing",
    )
    .bind(conflicts.iter().map(|c| c.event_id).collect::<Vec<_>>())
    .bind(deliveries().map(|d| d.endpoint_id.0).collect::<Vec<_>>())
    .bind(
        deliveries()
            .map(|d| d.delivery_key.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(deliveries().map(|d| d.body.as_ref()).collect::<Vec<_>>())
    .bind(deliveries().map(|d| Json(&d.headers)).collect::<Vec<_>>())
    .bind(deliveries().map(|d| d.received_at).collect::<Vec<_>>())
    .bind(
        "the same webhook-id came before with another body: compare the two, then ask the merchant \
         which is true",
    )
    .execute(db)
    .await?;
    Ok(())
}
