//! Events with a problem: dead letters, conflicts, and what is parked: refunds until their order
//! comes or a run ends, and what was received after another event of its order that waits.
//!
//! The committer stores the problems of deliveries itself, in the one statement that accepts them
//! (insert_batch.rs).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::queue::{QueuedEvent, Turn};
use crate::values::{DonationId, EndpointId, EventId};

/// Why an event stands aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemState {
    /// A person must act.
    Dead,
    /// Two contents under one name.
    Conflict,
    /// A refund, or a repeated order, that waits for this donation or for a run.
    Parked(DonationId),
}

impl ProblemState {
    const fn word(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Conflict => "conflict",
            Self::Parked(_) => "parked",
        }
    }

    const fn donation_id(self) -> Option<DonationId> {
        match self {
            Self::Parked(donation_id) => Some(donation_id),
            Self::Dead | Self::Conflict => None,
        }
    }
}

/// An event that leaves the queue, or the fetches, without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    event_id: EventId,
    endpoint_id: EndpointId,
    received_at: DateTime<Utc>,
    attempts: i32,
    state: ProblemState,
    reason: String,
}

impl Problem {
    /// The problem of an event that was just tried once more.
    pub fn new(event: &QueuedEvent, state: ProblemState, reason: String) -> Self {
        Self {
            event_id: event.event_id,
            endpoint_id: event.endpoint_id,
            received_at: event.received_at,
            attempts: event.attempts.saturating_add(1),
            state,
            reason,
        }
    }

    /// The problem of an event that was not tried, because something else must come first.
    pub fn waiting(event: &QueuedEvent, state: ProblemState, reason: String) -> Self {
        Self {
            attempts: event.attempts,
            ..Self::new(event, state, reason)
        }
    }

    /// The donation that it is parked for, and its turn among the events of that order.
    pub fn waits_for(&self) -> Option<(DonationId, Turn)> {
        let turn = (self.received_at, self.event_id);
        Some((self.state.donation_id()?, turn))
    }
}

/// The first event that is parked for each of these donations that are recorded.
pub(super) async fn first_parked(
    db: &mut PgConnection,
    ids: &[DonationId],
) -> Result<HashMap<DonationId, Turn>, sqlx::Error> {
    let parked: Vec<(DonationId, DateTime<Utc>, EventId)> = sqlx::query_as(
        "select distinct on (p.donation_id) p.donation_id, p.received_at, p.event_id
         from inbox_problem p join endpoint e using (endpoint_id)
         where p.state = 'parked' and p.donation_id = any($1) and not e.test
           and exists (select 1 from donation d where d.donation_id = p.donation_id)
         order by p.donation_id, p.received_at, p.event_id",
    )
    .bind(ids.iter().map(|d| d.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    Ok(parked
        .into_iter()
        .map(|(donation, received_at, event)| (donation, (received_at, event)))
        .collect())
}

/// Stores problems of events that have none.
pub(super) async fn record(tx: &mut PgConnection, problems: &[Problem]) -> Result<(), sqlx::Error> {
    if problems.is_empty() {
        return Ok(());
    }
    sqlx::query(
        // A conflict is no event of its own under a delivery key: redriven, it is found by its id
        // alone, without a key.
        "insert into inbox_problem (event_id, endpoint_id, delivery_key, state, reason,
           donation_id, attempts, received_at)
         select x.event_id, x.endpoint_id, coalesce(
             (select delivery_key from inbox_event i where i.event_id = x.event_id), ''),
           x.state, x.reason, x.donation_id, x.attempts, x.received_at
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::int[],
             $7::timestamptz[])
           x(event_id, endpoint_id, state, reason, donation_id, attempts, received_at)
         -- An order of several parts may have several; it is processed again whole.
         on conflict do nothing",
    )
    .bind(problems.iter().map(|p| p.event_id.0).collect::<Vec<_>>())
    .bind(problems.iter().map(|p| p.endpoint_id.0).collect::<Vec<_>>())
    .bind(problems.iter().map(|p| p.state.word()).collect::<Vec<_>>())
    .bind(
        problems
            .iter()
            .map(|p| storable(&p.reason))
            .collect::<Vec<_>>(),
    )
    .bind(
        problems
            .iter()
            .map(|p| p.state.donation_id().map(|d| d.0))
            .collect::<Vec<_>>(),
    )
    .bind(problems.iter().map(|p| p.attempts).collect::<Vec<_>>())
    .bind(problems.iter().map(|p| p.received_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes events that were taken dead letters, because they could not be recorded.
pub async fn dead_letter(
    tx: &mut PgConnection,
    events: &[QueuedEvent],
    reason: &str,
) -> Result<(), sqlx::Error> {
    let problems: Vec<Problem> = events
        .iter()
        .map(|e| Problem::new(e, ProblemState::Dead, reason.to_owned()))
        .collect();
    record(tx, &problems).await
}

/// A reason as PostgreSQL stores it. It may quote what the sender wrote, and a text column refuses
/// NUL.
pub(super) fn storable(reason: &str) -> String {
    reason.replace('\0', "\u{fffd}")
}
