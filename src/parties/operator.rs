//! Operators: the people of the team. A payout needs two of them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::AddError;
use crate::values::{Email, OperatorId};

/// Adds an operator.
pub async fn add(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    email: &Email,
) -> Result<OperatorId, AddError> {
    let id = OperatorId::new();
    sqlx::query("insert into operator (operator_id, email, created_at) values ($1, $2, $3)")
        .bind(id)
        .bind(email.as_str())
        .bind(now)
        .execute(db)
        .await
        .map_err(AddError::taken(email.as_str()))?;
    Ok(id)
}

/// The operator of an address, if there is one.
pub async fn find(db: &mut PgConnection, email: &Email) -> Result<Option<OperatorId>, sqlx::Error> {
    sqlx::query_scalar("select operator_id from operator where email = $1")
        .bind(email.as_str())
        .fetch_optional(db)
        .await
}
