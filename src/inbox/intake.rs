//! The way in for authentic deliveries: a bounded channel to the committer, and the wait until a
//! delivery is durable.
//!
//! The channel is bounded in rows and in bytes, and each endpoint in its share of it. What finds no
//! room is refused at once, so that the sender tries again later and no queue forms inside
//! PostgreSQL.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::event::Event;
use crate::values::{EndpointId, EventId};

/// Deliveries that may wait for the committer.
const MAX_PENDING: usize = 10_000;
/// Bytes of body that may wait for the committer.
const MAX_PENDING_BYTES: usize = 64 << 20;
/// Deliveries of one endpoint that may wait, so that one busy merchant leaves room for the others.
const MAX_PENDING_PER_ENDPOINT: usize = MAX_PENDING / 4;
/// Counted for each delivery besides its body, in bytes.
const OVERHEAD_BYTES: usize = 1024;
/// The sender hears by then whether its delivery is durable: Shopify gives up after 5 s.
const DEADLINE: Duration = Duration::from_secs(3);

/// Where an authentic delivery goes once it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// To the queue, to be processed.
    Queue,
    /// Nowhere, it is kept and shown only: a test endpoint's.
    Keep,
    /// To the dead letters, with the reason.
    DeadLetter(String),
}

/// The headers stored for whoever looks at a delivery later.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Headers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// What the event is about, in the dialects that say so in a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The address of the shop, in the dialects that say so in a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// An authentic delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub endpoint_id: EndpointId,
    pub delivery_key: String,
    pub body: Bytes,
    pub headers: Headers,
    pub received_at: DateTime<Utc>,
    pub disposition: Disposition,
    /// The body, parsed, for a processor in the same process.
    pub event: Option<Event>,
}

/// What the database now holds of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveOutcome {
    Accepted(EventId),
    /// Same key and body as an event already kept: that one's id.
    Duplicate(EventId),
    /// Same key, another body: kept aside for a person.
    Conflict(EventId),
}

/// Why nothing was accepted; the sender should try again.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveError {
    #[error("too many events are waiting")]
    Busy,
    #[error("the database is away")]
    Away,
}

/// A delivery on its way to the database, and who waits for its outcome.
pub(super) struct PendingDelivery {
    pub(super) event_id: EventId,
    pub(super) body_hash: Vec<u8>,
    pub(super) delivery: Delivery,
    pub(super) reply: oneshot::Sender<Result<ReceiveOutcome, ReceiveError>>,
    _bytes: OwnedSemaphorePermit,
    _slot: EndpointSlot,
}

/// The sending end of the channel to the committer; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    sender: mpsc::Sender<PendingDelivery>,
    bytes: Arc<Semaphore>,
    shares: Arc<EndpointShares>,
}

/// How many deliveries of each endpoint are pending.
#[derive(Default)]
struct EndpointShares(Mutex<HashMap<EndpointId, usize>>);

/// One pending delivery counted in its endpoint's share, until it is dropped.
struct EndpointSlot {
    shares: Arc<EndpointShares>,
    endpoint: EndpointId,
}

impl EndpointSlot {
    /// A slot; none when the endpoint's share is full.
    fn take(shares: &Arc<EndpointShares>, endpoint: EndpointId) -> Option<Self> {
        let mut pending = shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = pending.entry(endpoint).or_default();
        if *count >= MAX_PENDING_PER_ENDPOINT {
            return None;
        }
        *count += 1;
        Some(Self {
            shares: shares.clone(),
            endpoint,
        })
    }
}

impl Drop for EndpointSlot {
    fn drop(&mut self) {
        let mut pending = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = pending.get_mut(&self.endpoint) {
            *count -= 1;
            if *count == 0 {
                pending.remove(&self.endpoint);
            }
        }
    }
}

impl Intake {
    /// A way in, and the receiving end for the committer.
    pub(super) fn new() -> (Self, mpsc::Receiver<PendingDelivery>) {
        let (sender, receiver) = mpsc::channel(MAX_PENDING);
        let intake = Self {
            sender,
            bytes: Arc::new(Semaphore::new(MAX_PENDING_BYTES)),
            shares: Arc::default(),
        };
        (intake, receiver)
    }

    /// Hands a delivery to the committer and waits until it is durable.
    pub async fn receive(&self, delivery: Delivery) -> Result<ReceiveOutcome, ReceiveError> {
        let size = u32::try_from(delivery.body.len() + OVERHEAD_BYTES);
        let bytes = self
            .bytes
            .clone()
            .try_acquire_many_owned(size.map_err(|_| ReceiveError::Busy)?)
            .map_err(|_| ReceiveError::Busy)?;
        let slot =
            EndpointSlot::take(&self.shares, delivery.endpoint_id).ok_or(ReceiveError::Busy)?;
        let (reply, outcome) = oneshot::channel();
        let pending = PendingDelivery {
            event_id: EventId::new(),
            body_hash: Sha256::digest(&delivery.body).to_vec(),
            delivery,
            reply,
            _bytes: bytes,
            _slot: slot,
        };
        // Continues in committer.rs, at the other end of this channel.
        self.sender
            .try_send(pending)
            .map_err(|_| ReceiveError::Busy)?;
        match tokio::time::timeout(DEADLINE, outcome).await {
            Ok(Ok(outcome)) => outcome,
            // Late or lost. If the delivery was written all the same, the sender's retry is a
            // duplicate of it.
            Ok(Err(_)) | Err(_) => Err(ReceiveError::Away),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_endpoint_fills_its_share_and_no_more() {
        let (shares, endpoint) = (Arc::default(), EndpointId::new());
        let mut slots: Vec<_> = (0..MAX_PENDING_PER_ENDPOINT)
            .map(|_| EndpointSlot::take(&shares, endpoint).unwrap())
            .collect();
        assert!(EndpointSlot::take(&shares, endpoint).is_none());
        assert!(EndpointSlot::take(&shares, EndpointId::new()).is_some());
        slots.pop();
        assert!(EndpointSlot::take(&shares, endpoint).is_some());
        slots.clear();
        assert!(shares.0.lock().unwrap().is_empty());
    }
}
