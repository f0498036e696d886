//! The poster's loop: sets as large as what waits, woken by the committer, with a poll as the net.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use sqlx::PgPool;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::donations::RecordError;
use crate::inbox::{self, HandleError};
use crate::values::EventId;

const MOST: i64 = 2000;
const SETS_AT_ONCE: usize = 3;
/// So many sets go on from the last one before the queue is looked at from its beginning again.
const SETS_IN_A_ROW: usize = 32;
/// Before every event.
const FIRST: EventId = EventId(Uuid::nil());
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

/// Posts everything that waits now, several sets at a time: while one waits for the database or the disk, others are decided.
pub async fn drain(db: &PgPool) -> Result<(), HandleError> {
    let mut sets: JoinSet<_> = (0..SETS_AT_ONCE).map(|_| drain_sets(db.clone())).collect();
    let mut whole = Ok(());
    while let Some(ended) = sets.join_next().await {
        whole = whole.and(ended.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic())));
    }
    whole
}

async fn drain_sets(db: PgPool) -> Result<(), HandleError> {
    let (mut limit, mut after, mut sets) = (MOST, FIRST, 0);
    loop {
        match set(&db, after, limit).await {
            Ok(None) if after != FIRST => after = FIRST,
            Ok(None) => {
                if inbox::unpark(&mut *db.acquire().await?).await? == 0 {
                    return Ok(());
                }
            }
            Ok(Some(last)) => {
                // What is put back in the queue has an old id: it must not wait until nothing new comes.
                sets += 1;
                (limit, after) = (MOST, if sets % SETS_IN_A_ROW == 0 { FIRST } else { last });
            }
            // Someone else recorded one of these orders: now it is known, and the set can be decided again.
            Err(HandleError::Record(RecordError::Raced)) => {}
            Err(error) if !at_fault(&error) => return Err(error),
            Err(_) if limit > 1 => limit = 1,
            Err(error) => {
                tracing::error!(%error, "an event could not be handled");
                inbox::bury(&mut *db.acquire().await?, after, "it could not be posted; the service's log says why").await?;
            }
        }
    }
}

async fn set(db: &PgPool, after: EventId, limit: i64) -> Result<Option<EventId>, HandleError> {
    let mut tx = db.begin().await?;
    let last = inbox::handle(&mut tx, Utc::now(), after, limit).await?;
    tx.commit().await?;
    Ok(last)
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
