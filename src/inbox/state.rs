//! Where an event stands. An event that was accepted and waits for nothing is `posted` only if
//! something says so: a stored outcome, or the donation or refund that names it. Otherwise it is
//! `lost`, and one of our invariants is broken.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::dialects::{Sender, parse};
use super::endpoint::{self, EndpointContext};
use super::event::Checkout;
use crate::values::{DonationId, EndpointId, EventId};

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum EventState {
    /// It waits to be processed.
    Queued,
    /// It is in the books, or there is nothing in it for the books.
    Posted,
    /// A person must act.
    Dead,
    /// Two contents came under one name.
    Conflict,
    /// A refund that waits for its order or for a run, or a repeated order that waits for one.
    Parked,
    /// Its order is being fetched from the platform.
    Fetching,
    /// It came in at a test endpoint: kept and shown, with its reason if it is not understood, and
    /// never in the books.
    Test,
    /// It was accepted and nothing became of it, which is never right.
    Lost,
}

impl EventState {
    /// Every state, in the order in which they are documented.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Posted,
        Self::Dead,
        Self::Conflict,
        Self::Parked,
        Self::Fetching,
        Self::Test,
        Self::Lost,
    ];

    /// The contract's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Posted => "posted",
            Self::Dead => "dead",
            Self::Conflict => "conflict",
            Self::Parked => "parked",
            Self::Fetching => "fetching",
            Self::Test => "test",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for EventState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A text that is no state.
#[derive(Debug, thiserror::Error)]
#[error("a state is one of queued, posted, dead, conflict, parked, fetching, test and lost")]
pub struct EventStateError;

impl FromStr for EventState {
    type Err = EventStateError;
    fn from_str(text: &str) -> Result<Self, EventStateError> {
        Self::ALL
            .into_iter()
            .find(|s| s.word() == text)
            .ok_or(EventStateError)
    }
}

/// An event that waits for nothing and has no stored outcome.
pub(super) struct SettledEvent<'r> {
    pub event_id: EventId,
    pub endpoint_id: EndpointId,
    pub topic: Option<&'r str>,
    pub body: &'r [u8],
}

/// Which of these events are posted: those that a donation or a refund names. The others are lost.
///
/// `donation.event_id` has no index, since an index would cost every donation. So the donation is
/// looked up by its id, which follows from the order in the body; only for events not found that
/// way are their merchants' donations read.
pub(super) async fn find_posted(
    db: &mut PgConnection,
    events: &[SettledEvent<'_>],
) -> Result<HashSet<EventId>, sqlx::Error> {
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let contexts = endpoint::load_contexts(db, events.iter().map(|e| e.endpoint_id)).await?;
    let donation_ids: Vec<Uuid> = events
        .iter()
        .filter_map(|e| Some(donation_ids(contexts.get(&e.endpoint_id)?, e)))
        .flatten()
        .map(|d| d.0)
        .collect();
    let named: Vec<EventId> = sqlx::query_scalar(
        "select event_id from donation where donation_id = any($1)
         union all select event_id from donation_refund where event_id = any($2)",
    )
    .bind(donation_ids)
    .bind(events.iter().map(|e| e.event_id.0).collect::<Vec<_>>())
    .fetch_all(&mut *db)
    .await?;
    let mut posted: HashSet<EventId> = named.into_iter().collect();
    let missing: Vec<&SettledEvent<'_>> = events
        .iter()
        .filter(|e| !posted.contains(&e.event_id))
        .collect();
    if !missing.is_empty() {
        // Lost, or read differently today than when it was processed, because its endpoint's
        // settings changed since.
        let merchants: HashSet<_> = missing
            .iter()
            .filter_map(|e| contexts.get(&e.endpoint_id))
            .map(|c| c.merchant_id.0)
            .collect();
        let named: Vec<EventId> = sqlx::query_scalar(
            "select event_id from donation where merchant_id = any($1) and event_id = any($2)",
        )
        .bind(merchants.into_iter().collect::<Vec<_>>())
        .bind(missing.iter().map(|e| e.event_id.0).collect::<Vec<_>>())
        .fetch_all(db)
        .await?;
        posted.extend(named);
    }
    Ok(posted)
}

/// The donations that an event tells of.
fn donation_ids(context: &EndpointContext, event: &SettledEvent<'_>) -> Vec<DonationId> {
    let sender = Sender {
        dialect: context.dialect,
        settings: &context.settings,
        test: context.test,
        topic: event.topic,
        source: None,
    };
    let Ok(event) = parse(&sender, event.body) else {
        return Vec::new();
    };
    let id = |c: &Checkout| DonationId::of(context.merchant_id, &c.order_id, c.ordinal);
    event.checkouts().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_from_its_word_and_no_other() {
        for state in EventState::ALL {
            assert_eq!(state.to_string().parse::<EventState>().unwrap(), state);
            assert!(EventStateError.to_string().contains(state.word()));
        }
        assert!("Posted".parse::<EventState>().is_err() && "".parse::<EventState>().is_err());
    }
}
