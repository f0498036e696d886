//! Duplicates: the same receipt again, for a donor who lost it.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::content::{self, Receipt};
use super::issue::IssueError;
use super::standing::ReceiptStanding;
use super::state::{DecisionError, ReceiptDecision, lock_standing};
use crate::audit::{self, Act};
use crate::values::Reader;

/// A valid receipt with the same number, day and words, marked as a duplicata. Who asked for it and
/// why is recorded.
///
/// The message that brought the receipt and the donor's page give the original, the same bytes each
/// time: it is one document in two places. Whatever the team makes besides is a duplicata.
pub async fn duplicate(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    decision: ReceiptDecision<'_>,
) -> Result<Receipt, DecisionError> {
    let standing = lock_standing(tx, decision).await?;
    if standing.standing != ReceiptStanding::Valid {
        return Err(DecisionError::InQuestion);
    }
    let found = content::find(tx, key, Reader::System, &standing.number).await;
    let mut receipt = found
        .map_err(IssueError::from)?
        .ok_or(DecisionError::Destroyed)?;
    receipt.content.mark = Some("DUPLICATA".to_owned());
    let record = Act {
        act: "receipt.duplicate",
        subject: &standing.number,
        before: Some(standing.facts()),
        after: Some(json!({"state": standing.standing.word(), "document": "duplicata"})),
        why: Some(decision.why),
    };
    audit::record(tx, now, decision.actor, &record).await?;
    Ok(receipt)
}
