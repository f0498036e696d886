//! Accounts that are to change: another operator confirms, or somebody refuses.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::decision::CaseDecision;
use crate::cases::Case;
use crate::parties::account;

/// Decides about another account of an association.
///
/// The caller holds the settlement lock whole, and then tells those concerned.
pub(super) async fn decide(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<String> {
    let change = account::waiting_of_id(tx, case.subject).await?;
    if d.decision == "confirm" {
        account::confirm(tx, now, on, &change, d.recorded()).await?;
        return Ok(format!(
            "{} is paid to the new account, after {} days",
            change.slug,
            account::WAITING_DAYS
        ));
    }
    account::refuse(tx, now, on, &change, d.recorded()).await?;
    Ok(format!("the account of {} stays as it is", change.slug))
}
