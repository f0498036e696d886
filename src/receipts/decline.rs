//! Declining: a donor corrected their name or address, and a person decides that the receipt stays
//! as it is.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::mailing::{MailKind, write_message};
use super::state::{DecisionError, ReceiptDecision, lock_standing};
use crate::audit::{self, Act};
use crate::cases::{self, CaseKind, Decision};
use crate::values::MailId;

/// Declines the correction that the donor of a receipt asked for, and writes the message that tells
/// them why. The receipt stays as it is.
pub async fn decline_correction(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    decision: ReceiptDecision<'_>,
) -> Result<MailId, DecisionError> {
    let receipt = lock_standing(tx, decision).await?;
    let declined = Decision {
        decision: "decline",
        by: &decision.actor.who,
        why: decision.why,
    };
    let kind = CaseKind::ReceiptCorrectionAsked;
    cases::close(tx, now, kind, &[receipt.receipt_id.0], declined).await?;
    let act = Act {
        act: "receipt.decline-correction",
        subject: &receipt.number,
        before: Some(receipt.facts()),
        after: Some(json!({"state": receipt.standing.word()})),
        why: Some(decision.why),
    };
    audit::record(tx, now, decision.actor, &act).await?;
    let (donor, about) = (receipt.donor_id, receipt.receipt_id);
    // Under the same instant as the decision, by which its words are found.
    Ok(write_message(tx, now, MailKind::Declined, donor, about, None).await?)
}
