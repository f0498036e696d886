//! Matches bank lines with what they settle: a collection that a merchant paid, a payout that left
//! or came back.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ledger::PostError;
use crate::payouts::SettleOutcome;
use crate::values::{BankLine, BankSide, CollectionId, PayoutId};
use crate::{collections, payouts};

/// What a line was matched with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    CollectionSettled(CollectionId),
    CollectionReturned(CollectionId),
    PayoutSettled(PayoutId),
    PayoutReturned(PayoutId),
    Unknown,
}

impl Outcome {
    /// The outcome as the column `outcome` holds it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CollectionSettled(_) => "collection_settled",
            Self::CollectionReturned(_) => "collection_returned",
            Self::PayoutSettled(_) => "payout_settled",
            Self::PayoutReturned(_) => "payout_returned",
            Self::Unknown => "unknown",
        }
    }

    /// The collection that the line settled or took back.
    pub const fn collection(self) -> Option<Uuid> {
        match self {
            Self::CollectionSettled(id) | Self::CollectionReturned(id) => Some(id.0),
            Self::PayoutSettled(_) | Self::PayoutReturned(_) | Self::Unknown => None,
        }
    }

    /// The payout that the line settled or returned.
    pub const fn payout(self) -> Option<Uuid> {
        match self {
            Self::PayoutSettled(id) | Self::PayoutReturned(id) => Some(id.0),
            Self::CollectionSettled(_) | Self::CollectionReturned(_) | Self::Unknown => None,
        }
    }
}

/// A line that no earlier import stored, with the id derived from its identity. Its outcome is
/// unknown until it is matched.
pub(super) struct NewLine<'l> {
    pub line_id: Uuid,
    pub line: &'l BankLine,
    pub outcome: Outcome,
}

/// Matches new lines and settles what they match: credits with collections that were asked for,
/// debits with collections whose money is taken back, then all other lines with payouts.
pub(super) async fn match_lines(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &mut [NewLine<'_>],
) -> Result<(), PostError> {
    let credits: Vec<_> = lines
        .iter_mut()
        .filter(|l| l.line.side == BankSide::Credit)
        .collect();
    let settled = collections::settle(tx, now, &bank_lines(&credits)).await?;
    for (new, collection) in credits.into_iter().zip(settled) {
        new.outcome = collection.map_or(Outcome::Unknown, Outcome::CollectionSettled);
    }
    let debits: Vec<_> = lines
        .iter_mut()
        .filter(|l| l.line.side == BankSide::Debit)
        .collect();
    let returned = collections::return_settled(tx, now, &bank_lines(&debits)).await?;
    let taken_back: Vec<CollectionId> = returned.iter().flatten().copied().collect();
    payouts::take_back_of_collections(tx, now, &taken_back).await?;
    for (new, collection) in debits.into_iter().zip(returned) {
        new.outcome = collection.map_or(Outcome::Unknown, Outcome::CollectionReturned);
    }
    let unmatched: Vec<_> = lines
        .iter_mut()
        .filter(|l| l.outcome == Outcome::Unknown)
        .collect();
    let settled = payouts::settle(tx, now, &bank_lines(&unmatched)).await?;
    for (new, payout) in unmatched.into_iter().zip(settled) {
        new.outcome = match payout {
            SettleOutcome::Paid(id) => Outcome::PayoutSettled(id),
            SettleOutcome::Returned(id) => Outcome::PayoutReturned(id),
            SettleOutcome::NotAPayout => Outcome::Unknown,
        };
    }
    Ok(())
}

fn bank_lines<'l>(lines: &[&mut NewLine<'l>]) -> Vec<&'l BankLine> {
    lines.iter().map(|l| l.line).collect()
}
