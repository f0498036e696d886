//! The states of a payout, and which may follow which.

use crate::rails::Rail;

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
}

impl PayoutState {
    /// Every state, in the order in which a payout usually meets them.
    pub const ALL: [Self; 6] = [
        Self::Prepared,
        Self::TakenBack,
        Self::Submitted,
        Self::Settled,
        Self::Refused,
        Self::Returned,
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
        }
    }

    /// The states that may follow. A refused or returned payout frees its donations, which a new
    /// payout carries, or is paid again.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Prepared => &[Self::Submitted, Self::TakenBack],
            Self::Submitted => &[Self::Settled, Self::Refused],
            Self::Settled => &[Self::Returned],
            Self::Refused | Self::Returned => &[Self::Submitted],
            Self::TakenBack => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_taken_back_has_a_way_out() {
        for state in PayoutState::ALL {
            assert_eq!(
                state.next().is_empty(),
                state == PayoutState::TakenBack,
                "{state:?}"
            );
        }
    }
}
