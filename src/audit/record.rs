//! Writing the log.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::values::AuditId;

/// Who acts, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// An e-mail address of the team, or `obole`.
    pub who: String,
    /// The command line with the system's user, or an address.
    pub source: String,
}

impl Actor {
    /// Obole itself, where a fact or the calendar acts.
    #[must_use]
    pub fn system() -> Self {
        Self {
            who: "obole".into(),
            source: "obole".into(),
        }
    }
}

/// An act to write down. `before` and `after` hold no personal data.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    /// What is done, such as `receipt.cancel`.
    pub act: &'static str,
    /// On what, as it is printed: a number, an id.
    pub subject: &'a str,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub why: Option<&'a str>,
}

/// Writes an act down.
pub async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    actor: &Actor,
    act: &Act<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into audit_entry (audit_id, at, actor, source, act, subject, before, after, why)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(AuditId::new())
    .bind(now)
    .bind(&actor.who)
    .bind(&actor.source)
    .bind(act.act)
    .bind(act.subject)
    .bind(&act.before)
    .bind(&act.after)
    .bind(act.why)
    .execute(tx)
    .await?;
    Ok(())
}
