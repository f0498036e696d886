//! Reading the log.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::values::{AuditId, PayoutId, Reader, derived_id, euros};

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

#[derive(FromRow)]
struct ApprovalRow {
    payout_id: PayoutId,
    round: i16,
    operator: String,
    amount_cents: i64,
    at: DateTime<Utc>,
}

impl From<ApprovalRow> for AuditEntry {
    fn from(r: ApprovalRow) -> Self {
        let (payout, by, round) = (r.payout_id, &r.operator, r.round);
        Self {
            audit_id: AuditId(derived_id(&format!("approval:{payout}:{by}:{round}"))),
            at: r.at,
            // Approvals are rows of their own, which say who and when.
            source: "not kept".into(),
            act: "payout.approve".into(),
            subject: payout.to_string(),
            before: None,
            after: Some(json!({"amount": euros(r.amount_cents), "round": round})),
            why: None,
            actor: r.operator,
        }
    }
}

/// The log, oldest first, for the team: all of it, or what was done on one subject. Approvals of
/// payouts are among it.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
    subject: Option<&str>,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    if !reader.sees_everything() {
        return Ok(Vec::new());
    }
    let mut entries: Vec<AuditEntry> = sqlx::query_as(
        "select audit_id, at, actor, source, act, subject, before, after, why from audit_entry
         where $1::text is null or subject = $1 order by audit_id",
    )
    .bind(subject)
    .fetch_all(&mut *db)
    .await?;
    let payout = subject.map(|s| s.parse::<PayoutId>().map_or(Uuid::nil(), |id| id.0));
    let approvals: Vec<ApprovalRow> = sqlx::query_as(
        "select v.payout_id, v.round, o.email as operator, v.amount_cents, v.approved_at as at
         from payout_approval v join operator o using (operator_id)
         where $1::uuid is null or v.payout_id = $1",
    )
    .bind(payout)
    .fetch_all(db)
    .await?;
    entries.extend(approvals.into_iter().map(AuditEntry::from));
    entries.sort_by_key(|e| (e.at, e.audit_id));
    Ok(entries)
}
