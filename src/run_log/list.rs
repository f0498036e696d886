//! Runs as people and programs see them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};

use super::RunKind;
use crate::db::AdvisoryLock;
use crate::values::{Reader, RunId};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    UnderWay,
    /// It came to its end.
    Done,
    /// It stopped, and said why.
    Failed,
    /// Its process ended before it did.
    CutShort,
}

/// A run, and how it ended if it did.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct LoggedRun {
    #[serde(serialize_with = "crate::values::as_text")]
    pub run_id: RunId,
    pub kind: String,
    pub arguments: Value,
    #[sqlx(rename = "business_on")]
    pub on: NaiveDate,
    pub started_by: String,
    pub source: String,
    pub began_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub state: RunState,
    /// Its sums and counts.
    pub result: Option<Value>,
    pub error: Option<String>,
    /// The later run that did what this one left undone.
    #[serde(serialize_with = "id_or_none")]
    pub completed_by: Option<RunId>,
}

impl LoggedRun {
    /// Whether something is being done, or was left undone and not completed since.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != RunState::Done && self.completed_by.is_none()
    }
}

fn id_or_none<S: serde::Serializer>(id: &Option<RunId>, to: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => to.collect_str(id),
        None => to.serialize_none(),
    }
}

/// The runs, oldest first, for the team: all, or those that are open.
///
/// A run that has not ended is under way as long as the lock of its kind is held; of those of one
/// kind, only the last can hold it.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
    open_only: bool,
) -> Result<Vec<LoggedRun>, sqlx::Error> {
    if !reader.sees_everything() {
        return Ok(Vec::new());
    }
    let locks = RunKind::ALL.map(|kind| AdvisoryLock::number(&kind.lock()));
    let mut runs: Vec<LoggedRun> = sqlx::query_as(
        "with held as materialized (
           select k.kind from unnest($1::text[], $2::bigint[]) k(kind, lock)
           where exists (select 1 from pg_locks l join pg_database d on d.oid = l.database
             where l.locktype = 'advisory' and l.granted and l.objsubid = 1
               and d.datname = current_database()
               and (l.classid::bigint << 32 | l.objid::bigint) = k.lock)),
         logged as (
           select r.run_id, r.kind, r.n, r.arguments, r.business_on, r.started_by, r.source,
             r.began_at, e.ended_at, e.result, e.error,
             case when e.error is not null then 'failed' when e.run_id is not null then 'done'
               when r.kind in (select kind from held)
                 and r.n = (select max(l.n) from run l where l.kind = r.kind) then 'under-way'
               else 'cut-short' end as state
           from run r left join run_end e using (run_id))
         select run_id, kind, arguments, business_on, started_by, source, began_at, ended_at,
           result, error, state,
           case when state in ('failed', 'cut-short') then (
             select l.run_id from logged l
             where l.kind = r.kind and l.arguments = r.arguments and l.n > r.n
               and l.state = 'done' order by l.n limit 1) end as completed_by
         from logged r order by began_at, run_id",
    )
    .bind(RunKind::ALL.map(RunKind::word))
    .bind(locks)
    .fetch_all(db)
    .await?;
    if open_only {
        runs.retain(LoggedRun::is_open);
    }
    Ok(runs)
}
