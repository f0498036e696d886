//! Receiving: the committer writes whatever waits as one set, and answers nobody before the disk has it.
//!
//! Batches grow by themselves under load; there is no timer. The channel is bounded in rows and in bytes: when it is
//! full, the shop hears so at once and tries again later; the queue never forms inside PostgreSQL.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::event::Event;
use super::insert_batch::insert_batch;
use super::parsed::ParsedEvents;
use crate::db::Breaker;
use crate::db::DedicatedConnection;
use crate::values::{EndpointId, EventId};

const MOST_ROWS: usize = 1000;
const MOST_BYTES: usize = 4 << 20;
const MOST_WAITING: usize = 10_000;
const MOST_WAITING_BYTES: usize = 64 << 20;
/// One endpoint may hold so much of the way in, so that a noisy shop leaves room for the others.
const MOST_OF_ONE: usize = MOST_WAITING / 4;
/// A shop gives up soon after; an answer must come before.
const DEADLINE: Duration = Duration::from_secs(3);

/// Where an authentic delivery goes once it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// To the poster.
    Queue,
    /// Kept and shown only: a test endpoint.
    Keep,
    /// To the dead letters, with the reason.
    Dead(String),
}

/// The headers that matter to whoever looks at a delivery later.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Headers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

/// An authentic delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub endpoint_id: EndpointId,
    pub delivery_key: String,
    pub body: Bytes,
    pub headers: Headers,
    pub received_at: DateTime<Utc>,
    pub fate: Disposition,
    /// What was understood of the body, for a poster in the same process.
    pub event: Option<Event>,
}

/// What the disk now holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    Accepted(EventId),
    /// Same key and body as an event already kept: that one's id.
    Duplicate(EventId),
    /// Same key, other body: kept aside for a person.
    Conflict(EventId),
}

/// Nothing was accepted; the sender should try again.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveError {
    #[error("too many events are waiting")]
    Busy,
    #[error("the database is away")]
    Away,
}

/// A delivery on its way to the disk, and who waits for the answer.
pub(super) struct PendingDelivery {
    pub(super) event_id: EventId,
    pub(super) body_hash: Vec<u8>,
    pub(super) delivery: Delivery,
    answer: oneshot::Sender<Result<Received, ReceiveError>>,
    _room: OwnedSemaphorePermit,
    _place: Place,
}

/// The way in to the committer; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    sender: mpsc::Sender<PendingDelivery>,
    room: Arc<Semaphore>,
    shares: Arc<Shares>,
}

/// How many deliveries of each endpoint wait.
#[derive(Default)]
struct Shares(Mutex<HashMap<EndpointId, usize>>);

/// One delivery's place in its endpoint's share, given back when it ends.
struct Place {
    shares: Arc<Shares>,
    endpoint: EndpointId,
}

impl Place {
    fn take(shares: &Arc<Shares>, endpoint: EndpointId) -> Option<Self> {
        let mut held = shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(endpoint).or_default();
        if *count >= MOST_OF_ONE {
            return None;
        }
        *count += 1;
        Some(Self {
            shares: shares.clone(),
            endpoint,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.endpoint) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.endpoint);
            }
        }
    }
}

impl Intake {
    /// Hands a delivery over and waits until it is durable.
    pub async fn receive(&self, delivery: Delivery) -> Result<Received, ReceiveError> {
        let bytes = u32::try_from(delivery.body.len() + 1024).map_err(|_| ReceiveError::Busy)?;
        let room = self
            .room
            .clone()
            .try_acquire_many_owned(bytes)
            .map_err(|_| ReceiveError::Busy)?;
        let place = Place::take(&self.shares, delivery.endpoint_id).ok_or(ReceiveError::Busy)?;
        let (answer, answered) = oneshot::channel();
        let body_hash = Sha256::digest(&delivery.body).to_vec();
        let waiting = PendingDelivery {
            event_id: EventId::new(),
            body_hash,
            delivery,
            answer,
            _room: room,
            _place: place,
        };
        self.sender
            .try_send(waiting)
            .map_err(|_| ReceiveError::Busy)?;
        match tokio::time::timeout(DEADLINE, answered).await {
            Ok(Ok(received)) => received,
            // Late or lost: what was written all the same is found as a duplicate when the shop tries again.
            Ok(Err(_)) | Err(_) => Err(ReceiveError::Away),
        }
    }
}

/// The way in, and the committer to run; it ends when the last way in is dropped. What is written is handed over to a poster
/// in the same process, if there is one.
pub fn committer(
    db: PgPool,
    parsed_events: Option<Arc<ParsedEvents>>,
) -> (Intake, impl Future<Output = ()> + Send) {
    let (sender, mut receiver) = mpsc::channel::<PendingDelivery>(MOST_WAITING);
    let run = async move {
        let (mut kept, breaker) = (DedicatedConnection::new(db), Breaker::default());
        while let Some(first) = receiver.recv().await {
            let mut bytes = first.delivery.body.len();
            let mut batch = vec![first];
            while batch.len() < MOST_ROWS
                && bytes < MOST_BYTES
                && let Ok(next) = receiver.try_recv()
            {
                bytes += next.delivery.body.len();
                batch.push(next);
            }
            // Whose sender has given up was told that nothing was accepted.
            batch.retain(|w| !w.answer.is_closed());
            if let Some(parsed_events) = &parsed_events {
                parsed_events.insert(
                    batch
                        .iter_mut()
                        .filter_map(|w| Some((w.event_id, w.delivery.event.take()?))),
                );
            }
            commit(&mut kept, &breaker, batch).await;
            if let Some(parsed_events) = &parsed_events {
                parsed_events.notify();
            }
        }
    };
    (
        Intake {
            sender,
            room: Arc::new(Semaphore::new(MOST_WAITING_BYTES)),
            shares: Arc::default(),
        },
        run,
    )
}

/// Writes and answers a batch. A row the database refuses is found by halving, and hurts only itself.
async fn commit(kept: &mut DedicatedConnection, breaker: &Breaker, batch: Vec<PendingDelivery>) {
    let mut work = vec![(batch, false)];
    while let Some((mut batch, again)) = work.pop() {
        if batch.is_empty() {
            continue;
        }
        match write_over(kept, breaker, &batch).await {
            Ok(received) => {
                for (w, held) in batch.into_iter().zip(received) {
                    w.answer
                        .send(held.ok_or(ReceiveError::Away))
                        .unwrap_or_else(gone);
                }
            }
            Err(error) if refused(&error) && batch.len() > 1 => {
                let rest = batch.split_off(batch.len() / 2);
                work.push((rest, false));
                work.push((batch, false));
            }
            // Whether the commit happened is unknown: the same rows again, on another connection, tell.
            Err(error) if !refused(&error) && !again => work.push((batch, true)),
            Err(error) => {
                tracing::error!(%error, rows = batch.len(), "webhooks were not written");
                for w in batch {
                    w.answer.send(Err(ReceiveError::Away)).unwrap_or_else(gone);
                }
            }
        }
    }
}

/// A sender that has left meanwhile finds a duplicate next time.
fn gone(answer: Result<Received, ReceiveError>) {
    tracing::debug!(?answer, "the sender has left");
}

/// Whether the database looked at the rows and refused them, rather than being away (SQLSTATE classes 22 and 23).
fn refused(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(e) if e.code().is_some_and(|c| c.starts_with("22") || c.starts_with("23")))
        || matches!(error, sqlx::Error::Encode(_))
}

/// Writes over the kept connection; one that failed is not kept.
async fn write_over(
    kept: &mut DedicatedConnection,
    breaker: &Breaker,
    batch: &[PendingDelivery],
) -> Result<Vec<Option<Received>>, sqlx::Error> {
    let written = insert_batch(kept.get().await?, breaker, batch).await;
    if written.as_ref().is_err_and(|e| !refused(e)) {
        kept.close().await;
    }
    written
}
