//! What every run of the month has in common: it is written down before it does anything, of one
//! kind there is one at a time, and how it ends is written down as well.

use std::time::Instant;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use crate::app::App;
use crate::db::AdvisoryLock;
use crate::run_log::{self, NewRun, RunEnd, RunKind};
use crate::values::RunId;

/// A run of the same kind is under way, so this one did nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "nothing was done: {run_id}, a run of {kind}, is under way since {}; `obole runs --open` shows \
     it{}",
    began_at.format("%Y-%m-%d %H:%M:%S UTC"),
    if *same { ", and it does the same" } else { ". Run this again once it has ended" }
)]
pub struct RunUnderWay {
    pub run_id: RunId,
    pub kind: RunKind,
    pub began_at: DateTime<Utc>,
    /// Whether it was asked for the same, so that nothing is left to do.
    pub same: bool,
}

/// What is asked of a run.
pub(super) struct Asked {
    pub kind: RunKind,
    /// As an object.
    pub arguments: Value,
    pub on: NaiveDate,
}

/// Does the work of a run, unless one of its kind is under way: that is a `RunUnderWay`.
///
/// The lock is the connection's: a process that is killed leaves none, and its run shows as cut
/// short. `sums` tells what is kept of the outcome.
pub(super) async fn recorded<T>(
    app: &App,
    now: DateTime<Utc>,
    asked: Asked,
    work: impl Future<Output = anyhow::Result<T>>,
    sums: impl FnOnce(&T) -> Value,
) -> anyhow::Result<T> {
    let began = Instant::now();
    let (lock, run) = begin(app, now, asked).await?;
    let outcome = work.await;
    let end = match &outcome {
        Ok(done) => RunEnd::Result(sums(done)),
        Err(error) => RunEnd::Error(format!("{error:#}")),
    };
    let ended_at = now + TimeDelta::from_std(began.elapsed()).unwrap_or_default();
    let ended = async {
        run_log::end(&mut *app.db.acquire().await?, ended_at, run, end).await?;
        lock.release().await
    };
    match (ended.await, &outcome) {
        // What stopped the run says more than that its end could not be written.
        (Err(error), Ok(_)) => return Err(error.into()),
        (Err(error), Err(_)) => tracing::warn!(%run, %error, "the end of a run was not written"),
        (Ok(()), _) => {}
    }
    outcome
}

async fn begin(
    app: &App,
    now: DateTime<Utc>,
    asked: Asked,
) -> anyhow::Result<(AdvisoryLock, RunId)> {
    let mut tx = app.db.begin().await?;
    run_log::lock_beginnings(&mut tx).await?;
    let Some(lock) = AdvisoryLock::try_acquire(&app.db, &asked.kind.lock()).await? else {
        let other = run_log::last(&mut tx, asked.kind).await?;
        let other = other.ok_or(sqlx::Error::RowNotFound)?;
        let same = other.arguments == asked.arguments && other.business_on == asked.on;
        return Err(RunUnderWay {
            run_id: other.run_id,
            kind: asked.kind,
            began_at: other.began_at,
            same,
        }
        .into());
    };
    let new = NewRun {
        kind: asked.kind,
        arguments: asked.arguments,
        on: asked.on,
        starter: &app.starter,
    };
    let run = run_log::begin(&mut tx, now, &new).await?;
    tx.commit().await?;
    Ok((lock, run))
}
