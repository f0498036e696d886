//! Cancelling: a receipt that should not be, or of which nothing remains, is worth nothing from
//! then on. It keeps its number.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::state::{DecisionError, EndedReceipt, ReceiptDecision, ReceiptEnd, lock_standing};
use crate::values::EndReason;

/// Cancels a receipt, and writes the message that tells its donor.
///
/// Its donations are free then: the next run issues for what remains of them, if they earn a
/// receipt as things are then. So a receipt that was wrong because everything was given back has no
/// successor, and one that was wrong for a reason that is mended gets one with a new number, which
/// says that it cancels and replaces this one.
pub async fn cancel(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    decision: ReceiptDecision<'_>,
    reason: Option<EndReason>,
) -> Result<EndedReceipt, DecisionError> {
    let receipt = lock_standing(tx, decision).await?;
    receipt.check_day(on)?;
    let reason = receipt.reason(tx, reason).await?;
    receipt.free_donations(tx).await?;
    let end = ReceiptEnd {
        decision,
        reason,
        successor: None,
    };
    receipt.end(tx, now, on, end).await
}
