//! Who was told of which case: each is told of once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::list::{Case, CaseFilter, list};
use crate::values::{CaseId, Reader};

/// Marks the open cases that nobody was told of as told, and returns them, oldest first. Until the
/// database transaction ends, another process that asks for them waits.
pub async fn claim_alerts(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<Case>, sqlx::Error> {
    let claimed: Vec<Uuid> = sqlx::query_scalar(
        "insert into case_alert (case_id, alerted_at)
         select case_id, $1 from open_case order by case_id
         on conflict do nothing returning case_id",
    )
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let claimed: HashSet<CaseId> = claimed.into_iter().map(CaseId).collect();
    let filter = CaseFilter {
        open_only: true,
        ..CaseFilter::default()
    };
    let open = list(tx, Reader::System, filter).await?;
    Ok(open
        .into_iter()
        .filter(|c| claimed.contains(&c.case_id))
        .collect())
}
