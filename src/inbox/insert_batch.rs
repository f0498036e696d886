//! Writing a batch: what is fresh, to where it goes; of the rest, repetitions are told from conflicts.

use std::collections::HashMap;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, Row as _};
use uuid::Uuid;

use super::receive::{Disposition, PendingDelivery, Received};
use crate::db::Breaker;
use crate::values::{EndpointId, EventId, derived_id};

/// For a batch that goes to the poster whole and of which nothing is known, as most do: no key is looked for before its row is
/// written. A key that was known after all, or that the batch holds twice, refuses the whole. One statement is one database
/// transaction.
const TAKE_NEW: &str = "with input as (
       select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[], $6::jsonb[], $7::timestamptz[])
         x(endpoint_id, delivery_key, event_id, body_hash, body, headers, received_at)),
     taken as (
       insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
       select endpoint_id, delivery_key, event_id, body_hash, received_at from input),
     kept as (insert into inbox_body select event_id, received_at, body, headers from input)
     insert into inbox_queue (event_id, endpoint_id, received_at) select event_id, endpoint_id, received_at from input";

/// For any batch; answers the ids that were not known. Of two rows with one key, the first stays.
const TAKE: &str = "with input as (
       select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[], $6::jsonb[], $7::timestamptz[], $8::boolean[], $9::text[])
         x(endpoint_id, delivery_key, event_id, body_hash, body, headers, received_at, queued, reason)),
     fresh as (
       insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
       select endpoint_id, delivery_key, event_id, body_hash, received_at from input
       on conflict do nothing returning event_id),
     kept as (insert into inbox_body select event_id, received_at, body, headers from input join fresh using (event_id)),
     queued as (
       insert into inbox_queue (event_id, endpoint_id, received_at)
       select event_id, endpoint_id, received_at from input join fresh using (event_id) where queued),
     dead as (
       insert into inbox_problem (event_id, endpoint_id, delivery_key, state, reason, received_at)
       select event_id, endpoint_id, delivery_key, 'dead', reason, received_at from input join fresh using (event_id) where reason is not null)
     select event_id from fresh";

/// A statement with a batch's rows.
fn rows<'b>(
    statement: &'static str,
    batch: &'b [PendingDelivery],
) -> Query<'b, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(
            batch
                .iter()
                .map(|w| w.delivery.endpoint_id.0)
                .collect::<Vec<_>>(),
        )
        .bind(
            batch
                .iter()
                .map(|w| w.delivery.delivery_key.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(batch.iter().map(|w| w.event_id.0).collect::<Vec<_>>())
        .bind(
            batch
                .iter()
                .map(|w| w.body_hash.as_slice())
                .collect::<Vec<_>>(),
        )
        .bind(
            batch
                .iter()
                .map(|w| w.delivery.body.as_ref())
                .collect::<Vec<_>>(),
        )
        .bind(
            batch
                .iter()
                .map(|w| Json(&w.delivery.headers))
                .collect::<Vec<_>>(),
        )
        .bind(
            batch
                .iter()
                .map(|w| w.delivery.received_at)
                .collect::<Vec<_>>(),
        )
}

/// Writes a batch in one statement; answers what the disk then holds of each, in order.
pub(super) async fn insert_batch(
    db: &mut PgConnection,
    breaker: &Breaker,
    batch: &[PendingDelivery],
) -> Result<Vec<Option<Received>>, sqlx::Error> {
    if batch.iter().all(|w| w.delivery.fate == Disposition::Queue) && breaker.allows() {
        match rows(TAKE_NEW, batch).execute(&mut *db).await {
            Ok(_) => {
                return Ok(batch
                    .iter()
                    .map(|w| Some(Received::Accepted(w.event_id)))
                    .collect());
            }
            Err(sqlx::Error::Database(e)) if e.is_unique_violation() => breaker.trip(),
            Err(other) => return Err(other),
        }
    }
    let reason = |w: &PendingDelivery| {
        if let Disposition::Dead(reason) = &w.delivery.fate {
            Some(reason.clone())
        } else {
            None
        }
    };
    let fresh: Vec<EventId> = rows(TAKE, batch)
        .bind(
            batch
                .iter()
                .map(|w| w.delivery.fate == Disposition::Queue)
                .collect::<Vec<_>>(),
        )
        .bind(batch.iter().map(reason).collect::<Vec<_>>())
        .try_map(|row: PgRow| row.try_get(0))
        .fetch_all(&mut *db)
        .await?;
    let mut received: HashMap<EventId, Received> = fresh
        .into_iter()
        .map(|id| (id, Received::Accepted(id)))
        .collect();
    let met: Vec<&PendingDelivery> = batch
        .iter()
        .filter(|w| !received.contains_key(&w.event_id))
        .collect();
    if !met.is_empty() {
        classify_duplicates(db, &met, &mut received).await?;
    }
    Ok(batch.iter().map(|w| received.remove(&w.event_id)).collect())
}

/// Tells repetitions from conflicts, and keeps the conflicts, each once.
async fn classify_duplicates(
    db: &mut PgConnection,
    met: &[&PendingDelivery],
    received: &mut HashMap<EventId, Received>,
) -> Result<(), sqlx::Error> {
    let known: Vec<(EndpointId, String, EventId, Vec<u8>)> = sqlx::query_as(
        "select e.endpoint_id, e.delivery_key, e.event_id, e.body_hash from inbox_event e
         join unnest($1::uuid[], $2::text[]) x(endpoint_id, delivery_key) using (endpoint_id, delivery_key)",
    )
    .bind(met.iter().map(|w| w.delivery.endpoint_id.0).collect::<Vec<_>>())
    .bind(met.iter().map(|w| w.delivery.delivery_key.as_str()).collect::<Vec<_>>())
    .fetch_all(&mut *db)
    .await?;
    let known: HashMap<(EndpointId, &str), (EventId, &[u8])> = known
        .iter()
        .map(|(e, k, id, hash)| ((*e, k.as_str()), (*id, hash.as_slice())))
        .collect();
    let mut conflicts: Vec<(Uuid, &PendingDelivery)> = Vec::new();
    for w in met {
        let Some((id, hash)) =
            known.get(&(w.delivery.endpoint_id, w.delivery.delivery_key.as_str()))
        else {
            continue;
        };
        let outcome = if *id == w.event_id {
            // Ours, from a first try whose answer was lost.
            Received::Accepted(*id)
        } else if *hash == w.body_hash {
            Received::Duplicate(*id)
        } else {
            let words = format!(
                "conflict:{}:{}:{}",
                w.delivery.endpoint_id,
                w.delivery.delivery_key,
                hex::encode(&w.body_hash)
            );
            conflicts.push((derived_id(&words), w));
            Received::Conflict(EventId(derived_id(&words)))
        };
        received.insert(w.event_id, outcome);
    }
    if conflicts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "with input as (
           select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::jsonb[], $6::timestamptz[])
             x(event_id, endpoint_id, delivery_key, body, headers, received_at)),
         fresh as (
           insert into inbox_problem (event_id, endpoint_id, delivery_key, state, reason, received_at)
           select event_id, endpoint_id, delivery_key, 'conflict',
             'the same webhook-id came before with another body: compare the two, then ask the shop which is true', received_at
           from input on conflict do nothing returning event_id, received_at)
         insert into inbox_body select event_id, received_at, body, headers from input join fresh using (event_id, received_at)
         on conflict do nothing",
    )
    .bind(conflicts.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(conflicts.iter().map(|(_, w)| w.delivery.endpoint_id.0).collect::<Vec<_>>())
    .bind(conflicts.iter().map(|(_, w)| w.delivery.delivery_key.as_str()).collect::<Vec<_>>())
    .bind(conflicts.iter().map(|(_, w)| w.delivery.body.as_ref()).collect::<Vec<_>>())
    .bind(conflicts.iter().map(|(_, w)| Json(&w.delivery.headers)).collect::<Vec<_>>())
    .bind(conflicts.iter().map(|(_, w)| w.delivery.received_at).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}
