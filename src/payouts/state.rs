//! The states of a payout, which may follow which, and writing the next.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use super::payee::Payee;
use crate::ledger::PostError;
use crate::rails::Rail;
use crate::values::PayoutId;

/// How payouts leave: by credit transfer from the ring-fenced account.
pub(super) const RAIL: Rail = Rail::Transfer;

/// Where a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PayoutState {
    /// Waits for two approvals.
    Prepared,
    /// Given up before it left; its donations are free again.
    TakenBack,
    /// Approved by two people; the order left for the bank.
    Submitted,
    /// Debited from the ring-fenced account.
    Settled,
    /// The bank refused the order.
    Refused,
    /// The money came back.
    Returned,
    /// What was refused or came back goes with another payout.
    PaidAgain,
}

impl PayoutState {
    /// Every state, in the order in which a payout usually meets them.
    pub const ALL: [Self; 7] = [
        Self::Prepared,
        Self::TakenBack,
        Self::Submitted,
        Self::Settled,
        Self::Refused,
        Self::Returned,
        Self::PaidAgain,
    ];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::TakenBack => "taken_back",
            Self::Submitted => "submitted",
            Self::Settled => "settled",
            Self::Refused => "refused",
            Self::Returned => "returned",
            Self::PaidAgain => "paid_again",
        }
    }

    /// The states that may follow. A refused or returned payout holds its donations until it is
    /// paid again, by a payout of its own.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Prepared => &[Self::Submitted, Self::TakenBack],
            Self::Submitted => &[Self::Settled, Self::Refused],
            Self::Settled => &[Self::Returned],
            Self::Refused | Self::Returned => &[Self::PaidAgain],
            Self::TakenBack | Self::PaidAgain => &[],
        }
    }

    /// Whether its money is back with us.
    #[must_use]
    pub const fn is_unmade(self) -> bool {
        matches!(self, Self::Refused | Self::Returned | Self::PaidAgain)
    }

    /// The state in words, and what can be done about it.
    #[must_use]
    pub const fn way(self) -> &'static str {
        match self {
            Self::Prepared => {
                "waits for its approvals: `obole payouts approve` approves it, `obole payouts \
                 take-back` gives it up"
            }
            Self::TakenBack => {
                "was taken back: `obole payouts run` prepares what remains of it anew"
            }
            Self::Submitted => {
                "has left for the bank: it settles with the bank's statement, unless `obole \
                 payouts refused` says that the bank refused it"
            }
            Self::Settled => {
                "is paid: a statement that shows the money coming back is what returns it"
            }
            Self::Refused => "was refused by the bank: `obole payouts pay-again` pays it again",
            Self::Returned => "came back from its bank: `obole payouts pay-again` pays it again",
            Self::PaidAgain => "was paid again, by another payout: `obole payouts run` lists it",
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

/// Why a payout does not go to another state; nothing of it then is written.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error("there is no such payout; see `obole payouts run`")]
    Unknown,
    #[error("this payout {}", .0.way())]
    Refused(PayoutState),
    #[error("{0} is suspended: `obole association lift` lifts that first")]
    Suspended(String),
    #[error(
        "the bank shows a debit of {0} euros that names this payout (`obole bank lines --open`): \
         it left after all, and paying it again would pay twice; wait until it comes back, or \
         let the bank call it back"
    )]
    LeftAfterAll(String),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// A payout as a move finds it.
#[derive(FromRow)]
pub(super) struct Standing {
    #[sqlx(flatten)]
    pub payee: Payee,
    pub amount_cents: i64,
    pub state: PayoutState,
    /// Whether the association is suspended: nothing is prepared for it.
    pub is_suspended: bool,
}

impl Standing {
    /// The payout of this id, where it stands now.
    pub async fn load(tx: &mut PgConnection, id: PayoutId) -> Result<Self, MoveError> {
        let found: Option<Self> = sqlx::query_as(
            "select p.association_id, a.slug as association, p.line_id, p.merchant_id,
               m.slug as merchant, amount_cents, s.state,
               coalesce(a.state = 'suspended', false) as is_suspended
             from payout p left join association a using (association_id)
             left join merchant m on m.merchant_id = p.merchant_id
             cross join lateral (select state from payout_state s
               where s.payout_id = p.payout_id order by s.n desc limit 1) s
             where payout_id = $1",
        )
        .bind(id)
        .fetch_optional(tx)
        .await?;
        found.ok_or(MoveError::Unknown)
    }
}

/// Writes the next state of a payout, reached on a day.
pub(super) async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: PayoutId,
    state: PayoutState,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
         select $1, max(n) + 1, $2, $3, $4 from payout_state where payout_id = $1",
    )
    .bind(id)
    .bind(state)
    .bind(on)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_the_two_ends_has_a_way_out() {
        for state in PayoutState::ALL {
            let ends = matches!(state, PayoutState::TakenBack | PayoutState::PaidAgain);
            assert_eq!(state.next().is_empty(), ends, "{state:?}");
        }
    }
}
