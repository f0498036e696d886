//! What became of events that leave no donation and no refund of their own. Of the others nothing
//! is stored here: the donation or the refund names its event.

use sqlx::PgConnection;

use crate::values::EventId;

/// How an event ended without a donation or a refund of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its order was recorded before, with the same content.
    Repeated,
    /// Its donation was refunded before.
    AlreadyRefunded,
    /// The order was refunded and its donation kept.
    NothingRefunded,
    /// It says nothing of a donation.
    Ignored,
    /// A person ruled that it does not count.
    Dismissed,
}

impl Outcome {
    /// The stored word. One more, `fetched`, is stored with the order that was fetched
    /// (order_fetch.rs).
    const fn word(self) -> &'static str {
        match self {
            Self::Repeated => "repeated",
            Self::AlreadyRefunded => "already-refunded",
            Self::NothingRefunded => "nothing-refunded",
            Self::Ignored => "ignored",
            Self::Dismissed => "dismissed",
        }
    }
}

/// An event and its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventOutcome {
    pub event_id: EventId,
    pub outcome: Outcome,
}

/// Stores outcomes. An event that is processed again keeps its first.
pub(super) async fn record(
    tx: &mut PgConnection,
    outcomes: &[EventOutcome],
) -> Result<(), sqlx::Error> {
    if outcomes.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into inbox_outcome (event_id, outcome)
         select x.event_id, x.outcome from unnest($1::uuid[], $2::text[]) x(event_id, outcome)
         on conflict do nothing",
    )
    .bind(outcomes.iter().map(|o| o.event_id.0).collect::<Vec<_>>())
    .bind(
        outcomes
            .iter()
            .map(|o| o.outcome.word())
            .collect::<Vec<_>>(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
