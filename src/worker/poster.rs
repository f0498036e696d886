//! The poster's loop: sets as large as what waits, woken by the committer, with a poll as the net.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use sqlx::PgPool;
use tokio::sync::{Notify, watch};

use crate::donations::RecordError;
use crate::inbox::{self, HandleError};

const MOST: i64 = 1000;
const POLL: Duration = Duration::from_secs(1);

/// Posts until told to stop, then finishes the set it holds.
pub async fn poster(db: PgPool, written: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = drain(&db).await {
            tracing::warn!(%error, "posting waits");
        }
        tokio::select! {
            () = written.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Posts everything that waits now, two sets at a time: while one waits for the database, the other is decided.
pub async fn drain(db: &PgPool) -> Result<(), HandleError> {
    let (one, other) = tokio::join!(drain_sets(db), drain_sets(db));
    one.and(other)
}

async fn drain_sets(db: &PgPool) -> Result<(), HandleError> {
    let mut limit = MOST;
    loop {
        match set(db, limit).await {
            Ok(0) => {
                if inbox::unpark(&mut *db.acquire().await?).await? == 0 {
                    return Ok(());
                }
            }
            Ok(_) => limit = MOST,
            // Someone else recorded one of these orders: now it is known, and the set can be decided again.
            Err(HandleError::Record(RecordError::Raced)) => {}
            Err(error) if !at_fault(&error) => return Err(error),
            Err(_) if limit > 1 => limit = 1,
            Err(error) => {
                tracing::error!(%error, "an event could not be handled");
                inbox::bury(&mut *db.acquire().await?, "it could not be posted; the service's log says why").await?;
            }
        }
    }
}

async fn set(db: &PgPool, limit: i64) -> Result<usize, HandleError> {
    let mut tx = db.begin().await?;
    let taken = inbox::handle(&mut tx, Utc::now(), limit).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Whether an event of the set is at fault, rather than the database being away or busy (SQLSTATE 22, 23 or our own limits).
fn at_fault(error: &HandleError) -> bool {
    let sql = match error {
        HandleError::Database(e) | HandleError::Record(RecordError::Database(e)) => e,
        HandleError::Record(RecordError::Post(crate::ledger::PostError::Database(e))) => e,
        HandleError::Record(_) => return true,
    };
    match sql {
        sqlx::Error::Database(e) => e.code().is_some_and(|c| c.starts_with("22") || c.starts_with("23")),
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => true,
        _ => false,
    }
}
