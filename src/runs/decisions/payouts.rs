//! Payouts that were refused or came back: they are paid again, or held with a reason.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::decision::CaseDecision;
use crate::cases::Case;
use crate::payouts;
use crate::values::PayoutId;

/// Decides about a payout that failed.
///
/// The caller holds the settlement lock whole.
pub(super) async fn decide(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<String> {
    let id = PayoutId(case.subject);
    if d.decision == "hold" {
        return Ok(format!(
            "payout {id} is held; `obole payouts pay-again` pays it again"
        ));
    }
    let again = payouts::pay_again(tx, now, on, id, d.recorded()).await?;
    Ok(match again {
        Some(again) => format!("payout {again} pays it again; two operators approve it"),
        None => "nothing of it is left to pay now".into(),
    })
}
