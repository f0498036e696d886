//! The states of a collection, which may follow which, and writing the next.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ledger::PostError;
use crate::rails::Rail;

/// Where a collection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum CollectionState {
    /// Written down; nothing left yet.
    Prepared,
    /// Given up before it left; its donations are free again.
    TakenBack,
    /// The merchant or the bank was asked.
    Submitted,
    /// The money arrived.
    Settled,
    /// Refused before any money moved.
    Rejected,
    /// The money came and was taken back.
    Returned,
    /// The money will not come.
    WrittenOff,
}

impl CollectionState {
    /// Every state, in the order in which a collection usually meets them.
    pub const ALL: [Self; 7] = [
        Self::Prepared,
        Self::TakenBack,
        Self::Submitted,
        Self::Settled,
        Self::Rejected,
        Self::Returned,
        Self::WrittenOff,
    ];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::TakenBack => "taken_back",
            Self::Submitted => "submitted",
            Self::Settled => "settled",
            Self::Rejected => "rejected",
            Self::Returned => "returned",
            Self::WrittenOff => "written_off",
        }
    }

    /// The states that may follow. A rejected or returned collection is asked for again by a new
    /// attempt, or written off; one that was written off can still be paid, by a new attempt.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Prepared => &[Self::Submitted, Self::TakenBack],
            Self::Submitted => &[Self::Settled, Self::Rejected],
            Self::Settled => &[Self::Returned],
            Self::Rejected | Self::Returned => &[Self::Submitted, Self::WrittenOff],
            Self::WrittenOff => &[Self::Submitted],
            Self::TakenBack => &[],
        }
    }

    /// The state in words, and what can be done about it.
    #[must_use]
    pub const fn way(self) -> &'static str {
        match self {
            Self::Prepared => "is not asked for yet: `obole collections run` asks for it",
            Self::TakenBack => "was given up: its donations go with the next collection",
            Self::Submitted => {
                "is asked for: it settles with the bank's statement, unless `obole collections \
                 reject` says that it was refused"
            }
            Self::Settled => {
                "is paid: `obole collections return` says that its money was taken back"
            }
            Self::Rejected => {
                "was refused: `obole collections retry` asks for it again, `obole collections \
                 write-off` gives it up"
            }
            Self::Returned => {
                "was taken back after it was paid: `obole collections retry` asks for it again, \
                 `obole collections write-off` gives it up, `obole collections return --withdraw` \
                 says that it did not happen"
            }
            Self::WrittenOff => {
                "is written off: `obole collections retry` asks again for what associations do \
                 not have of it, should it be paid after all"
            }
        }
    }

    /// Refuses a state that may not follow.
    pub(super) fn ensure(self, to: Self) -> Result<(), MoveError> {
        if self.next().contains(&to) {
            Ok(())
        } else {
            Err(MoveError::Refused(self))
        }
    }
}

/// Why a collection does not go to another state; nothing of it then is written.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error("there is no such collection; give its id or its reference")]
    Unknown,
    #[error("this collection {}", .0.way())]
    Refused(CollectionState),
    #[error("nothing was asked for, and nothing came that could be taken back")]
    NothingCame,
    #[error(
        "associations have all of it, which the operator bears: what comes for it is the \
         operator's (`obole bank match LINE --top-up`)"
    )]
    NothingPromised,
    #[error(
        "the bank has shown that its money went, or nobody said that it did: \
         `obole collections retry` asks for it again"
    )]
    NotTold,
    #[error("by {}, collections are not paid yet: only by transfer", .0.word())]
    RailNotBuilt(Rail),
    #[error(
        "the operator is to bear {wanted} euros that associations have, and its float is {missing} \
         euros short of that: it must be topped up first"
    )]
    NoFloat { wanted: String, missing: String },
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// Writes the next state of each of these collections, reached on its day.
pub(super) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    collections: &[Uuid],
    days: &[NaiveDate],
    state: CollectionState,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into collection_state (collection_id, n, state, occurred_on, recorded_at)
         select collection_id, (select max(n) + 1 from collection_state o
           where o.collection_id = s.collection_id), $3, day, $4
         from unnest($1::uuid[], $2::date[]) s(collection_id, day)",
    )
    .bind(collections)
    .bind(days)
    .bind(state)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_way_out_but_what_was_given_up_before_it_left() {
        for state in CollectionState::ALL {
            let ends = state == CollectionState::TakenBack;
            assert_eq!(state.next().is_empty(), ends, "{state:?}");
        }
    }

    #[test]
    fn money_moves_only_after_it_was_asked_for() {
        for state in CollectionState::ALL {
            let settles = state.next().contains(&CollectionState::Settled);
            assert_eq!(settles, state == CollectionState::Submitted, "{state:?}");
        }
    }
}
