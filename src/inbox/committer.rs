//! The committer: writes whatever is pending as one batch, and replies to nobody before the batch
//! is durable.
//!
//! Batches grow by themselves under load, because deliveries gather while the batch before is
//! written; there is no timer. Deliveries come from `Intake::receive`.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::mpsc;

use super::insert_batch::insert_batch;
use super::intake::{Intake, PendingDelivery, ReceiveError, ReceiveOutcome};
use super::parsed::ParsedEvents;
use crate::db::{Breaker, DedicatedConnection, is_data_error};

/// Deliveries in one batch.
const MAX_BATCH: usize = 1000;
/// Bytes of body in one batch; the delivery that passes it is still in.
const MAX_BATCH_BYTES: usize = 4 << 20;

/// The way in, and the committer to run, which ends when the last way in is dropped. Parsed events
/// are kept for a processor in the same process, if there is one.
pub fn committer(
    db: PgPool,
    parsed_events: Option<Arc<ParsedEvents>>,
) -> (Intake, impl Future<Output = ()> + Send) {
    let (intake, mut receiver) = Intake::new();
    let run = async move {
        let mut connection = DedicatedConnection::new(db);
        let breaker = Breaker::default();
        while let Some(first) = receiver.recv().await {
            let mut batch = gather(first, &mut receiver);
            // Nothing was accepted of a request that has ended; its sender tries again.
            batch.retain(|p| !p.reply.is_closed());
            if let Some(parsed_events) = &parsed_events {
                parsed_events.insert(
                    batch
                        .iter_mut()
                        .filter_map(|p| Some((p.event_id, p.delivery.event.take()?))),
                );
            }
            commit(&mut connection, &breaker, batch).await;
            if let Some(parsed_events) = &parsed_events {
                parsed_events.notify();
            }
        }
    };
    (intake, run)
}

/// The first delivery and whatever else is pending, as much as one batch takes.
fn gather(
    first: PendingDelivery,
    receiver: &mut mpsc::Receiver<PendingDelivery>,
) -> Vec<PendingDelivery> {
    let mut bytes = first.delivery.body.len();
    let mut batch = vec![first];
    while batch.len() < MAX_BATCH
        && bytes < MAX_BATCH_BYTES
        && let Ok(next) = receiver.try_recv()
    {
        bytes += next.delivery.body.len();
        batch.push(next);
    }
    batch
}

/// Deliveries to write.
struct Attempt {
    batch: Vec<PendingDelivery>,
    /// Whether it was tried before and the outcome is unknown.
    retried: bool,
}

/// Writes a batch and replies to its senders. A delivery that the database refuses is found by
/// halving the batch, so that only it fails.
async fn commit(
    connection: &mut DedicatedConnection,
    breaker: &Breaker,
    batch: Vec<PendingDelivery>,
) {
    let mut attempts = vec![Attempt {
        batch,
        retried: false,
    }];
    while let Some(Attempt { mut batch, retried }) = attempts.pop() {
        if batch.is_empty() {
            continue;
        }
        match insert(connection, breaker, &batch).await {
            Ok(outcomes) => {
                for (pending, outcome) in batch.into_iter().zip(outcomes) {
                    reply(pending, outcome.ok_or(ReceiveError::Away));
                }
            }
            Err(error) if is_data_error(&error) && batch.len() > 1 => {
                let second = batch.split_off(batch.len() / 2);
                // The last one pushed is tried first.
                for batch in [second, batch] {
                    attempts.push(Attempt {
                        batch,
                        retried: false,
                    });
                }
            }
            // The connection broke: whether the batch was committed is unknown. Writing the same
            // ids again tells.
            Err(error) if !is_data_error(&error) && !retried => attempts.push(Attempt {
                batch,
                retried: true,
            }),
            Err(error) => {
                tracing::error!(%error, deliveries = batch.len(), "webhooks were not written");
                for pending in batch {
                    reply(pending, Err(ReceiveError::Away));
                }
            }
        }
    }
}

/// Reports to a sender what became of its delivery. One that has left finds a duplicate when it
/// tries again.
fn reply(pending: PendingDelivery, outcome: Result<ReceiveOutcome, ReceiveError>) {
    if pending.reply.send(outcome).is_err() {
        tracing::debug!(?outcome, "the sender has left");
    }
}

/// Inserts a batch over the dedicated connection, which is given up when it may be broken.
async fn insert(
    connection: &mut DedicatedConnection,
    breaker: &Breaker,
    batch: &[PendingDelivery],
) -> Result<Vec<Option<ReceiveOutcome>>, sqlx::Error> {
    let inserted = insert_batch(connection.get().await?, breaker, batch).await;
    if inserted.as_ref().is_err_and(|e| !is_data_error(e)) {
        connection.close().await;
    }
    inserted
}
