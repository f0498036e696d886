//! Closing a case, in the database transaction of what was decided.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::CaseKind;

/// What ends a case.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// One of the kind's decisions, or the fact that settled it.
    pub decision: &'a str,
    /// The operator's e-mail address, or `obole` where a fact settled it.
    pub by: &'a str,
    pub why: &'a str,
}

/// Closes the open cases of a kind that are about these subjects. Returns how many.
pub async fn close(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    kind: CaseKind,
    subjects: &[Uuid],
    decision: Decision<'_>,
) -> Result<u64, sqlx::Error> {
    if subjects.is_empty() {
        return Ok(0);
    }
    let closed = sqlx::query(
        "insert into case_decision (case_id, decision, decided_by, why, decided_at)
         select case_id, $3, $4, $5, $6 from open_case where kind = $1 and subject = any($2)
         on conflict do nothing",
    )
    .bind(kind.word())
    .bind(subjects)
    .bind(decision.decision)
    .bind(decision.by)
    .bind(decision.why)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(closed.rows_affected())
}
