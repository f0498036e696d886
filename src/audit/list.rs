//! Reading the log.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};

use crate::values::{AuditId, Reader};

/// An act as it was written down.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct AuditEntry {
    #[serde(serialize_with = "crate::values::as_text")]
    pub audit_id: AuditId,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub source: String,
    pub act: String,
    pub subject: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub why: Option<String>,
}

/// The log, oldest first, for the team: all of it, or what was done on one subject.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
    subject: Option<&str>,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    if !reader.sees_everything() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "select audit_id, at, actor, source, act, subject, before, after, why from audit_entry
         where $1::text is null or subject = $1 order by audit_id",
    )
    .bind(subject)
    .fetch_all(db)
    .await
}
