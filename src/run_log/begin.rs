//! The beginning of a run, written down before it does anything.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgConnection};

use super::RunKind;
use crate::audit::Actor;
use crate::values::RunId;

/// The advisory lock under which runs begin: a number of our own, which no other lock has.
const BEGINNINGS: i64 = 0x6f62_6f6c_6500_0001;

/// A run about to begin.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    pub kind: RunKind,
    /// What was asked, such as the month, as an object.
    pub arguments: Value,
    /// The day that it counts as.
    pub on: NaiveDate,
    pub starter: &'a Actor,
}

/// A run as another one of its kind finds it.
#[derive(Clone, Debug, FromRow)]
pub struct BegunRun {
    pub run_id: RunId,
    pub arguments: Value,
    pub business_on: NaiveDate,
    pub began_at: DateTime<Utc>,
}

/// Keeps others from beginning a run until the end of the database transaction, so that whoever
/// finds the lock of a kind held also finds the row of the run that holds it.
pub async fn lock_beginnings(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(BEGINNINGS)
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes a run down.
///
/// The caller has locked the beginnings, and holds the lock of the run's kind.
pub async fn begin(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &NewRun<'_>,
) -> Result<RunId, sqlx::Error> {
    let id = RunId::new();
    sqlx::query(
        "insert into run (run_id, kind, n, arguments, business_on, started_by, source, began_at)
         select $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6, $7 from run where kind = $2",
    )
    .bind(id)
    .bind(new.kind.word())
    .bind(&new.arguments)
    .bind(new.on)
    .bind(&new.starter.who)
    .bind(&new.starter.source)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(id)
}

/// The last run of a kind.
pub async fn last(tx: &mut PgConnection, kind: RunKind) -> Result<Option<BegunRun>, sqlx::Error> {
    sqlx::query_as(
        "select run_id, arguments, business_on, began_at from run where kind = $1
         order by n desc limit 1",
    )
    .bind(kind.word())
    .fetch_optional(tx)
    .await
}
