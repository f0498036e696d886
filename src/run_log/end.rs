//! The end of a run.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::values::RunId;

/// How a run ended.
#[derive(Clone, Debug)]
pub enum RunEnd {
    /// It came to its end; its sums and counts, as an object.
    Result(Value),
    /// It stopped; why.
    Error(String),
}

/// Writes down how a run ended.
pub async fn end(
    db: &mut PgConnection,
    at: DateTime<Utc>,
    run: RunId,
    end: RunEnd,
) -> Result<(), sqlx::Error> {
    let (result, error) = match end {
        RunEnd::Result(result) => (Some(result), None),
        // A text column refuses NUL, which an error may quote.
        RunEnd::Error(error) => (None, Some(error.replace('\0', "\u{fffd}"))),
    };
    sqlx::query("insert into run_end (run_id, ended_at, result, error) values ($1, $2, $3, $4)")
        .bind(run)
        .bind(at)
        .bind(result)
        .bind(error)
        .execute(db)
        .await?;
    Ok(())
}
