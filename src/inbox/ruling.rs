//! What a person ruled about an event that was set aside: it counts as it says, with another
//! amount, or not at all. Processing obeys when the event is back in the queue.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::cases::Decision;
use crate::values::{Amount, EventId};

/// A person's ruling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The order counts: as a further donation where it has one already.
    Accept,
    /// It counts with this amount.
    Correct(Amount),
    /// It does not count.
    Dismiss,
}

impl Ruling {
    const fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Correct(_) => "correct",
            Self::Dismiss => "dismiss",
        }
    }

    const fn amount(self) -> Option<Amount> {
        match self {
            Self::Correct(amount) => Some(amount),
            Self::Accept | Self::Dismiss => None,
        }
    }
}

/// Writes a ruling down; the event is then to be redriven. A later ruling replaces an earlier one.
pub async fn rule(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    event: EventId,
    ruling: Ruling,
    decision: Decision<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into event_ruling (event_id, n, ruling, amount_cents, ruled_by, why, ruled_at)
         select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6
         from event_ruling where event_id = $1",
    )
    .bind(event)
    .bind(ruling.word())
    .bind(ruling.amount().map(Amount::cents))
    .bind(decision.by)
    .bind(decision.why)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// The last ruling about each of these events that has one.
pub(super) async fn load(
    tx: &mut PgConnection,
    events: &[EventId],
) -> Result<HashMap<EventId, Ruling>, sqlx::Error> {
    if events.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(EventId, String, Option<i64>)> = sqlx::query_as(
        "select distinct on (event_id) event_id, ruling, amount_cents from event_ruling
         where event_id = any($1) order by event_id, n desc",
    )
    .bind(events.iter().map(|e| e.0).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let ruling = |word: &str, cents: Option<i64>| match word {
        "accept" => Ruling::Accept,
        "dismiss" => Ruling::Dismiss,
        // The schema lets only a correction have an amount, and it has one.
        _ => cents
            .and_then(|c| Amount::from_cents(c).ok())
            .map_or(Ruling::Dismiss, Ruling::Correct),
    };
    Ok(rows
        .into_iter()
        .map(|(event, word, cents)| (event, ruling(&word, cents)))
        .collect())
}
