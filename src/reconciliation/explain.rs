//! What a person explains of a statement: a gap, or an entry that is not read.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit::{self, Act, Actor};
use crate::cases::{self, CaseKind, Decision};
use crate::values::CaseId;

/// Why nothing was explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error("there is no such open case about a statement; see `obole cases --open`")]
    Unknown,
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// Closes a case about a statement with what a person found.
pub async fn explain(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    case: CaseId,
    actor: &Actor,
    why: &str,
) -> Result<(), ExplainError> {
    let found: Option<(String, Uuid)> =
        sqlx::query_as("select kind, subject from open_case where case_id = $1")
            .bind(case)
            .fetch_optional(&mut *tx)
            .await?;
    let (kind, subject) = found.ok_or(ExplainError::Unknown)?;
    let kinds = [CaseKind::StatementGap, CaseKind::EntryUnread];
    let kind = kinds.into_iter().find(|k| k.word() == kind);
    let kind = kind.ok_or(ExplainError::Unknown)?;
    let decision = Decision {
        decision: "explain",
        by: &actor.who,
        why,
    };
    cases::close(tx, now, kind, &[subject], decision).await?;
    let act = Act {
        act: "bank.explain",
        subject: &case.to_string(),
        before: None,
        after: None,
        why: Some(why),
    };
    audit::record(tx, now, actor, &act).await?;
    Ok(())
}
