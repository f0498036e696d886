//! The poster's loop: sets as large as what waits, woken by the committer, with a poll as the net.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use sqlx::{Connection as _, PgPool};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::db::{Breaker, DedicatedConnection};
use crate::donations::RecordError;
use crate::inbox::{self, ParsedEvents, ProcessError, ProcessedBatch};
use crate::values::EventId;

/// The more in one set, the more of them fall on one page of an index.
const MOST: i64 = 5000;
/// So many sets are posted at a time while more waits than one takes.
const SETS_AT_ONCE: usize = 3;
/// So many sets go on from the last one before the queue is looked at from its beginning again.
const SETS_IN_A_ROW: usize = 32;
/// Before every event.
const FIRST: EventId = EventId(Uuid::nil());
/// How often the whole queue is looked at, for what the bell did not tell and for what was put back with an old id.
const POLL: Duration = Duration::from_secs(1);
/// A set costs some dozen statements, however small it is: under load, events gather for so long between two.
const GATHER: Duration = Duration::from_millis(20);

/// Posts until told to stop, then finishes the set it holds.
pub async fn process_inbox(
    db: PgPool,
    parsed_events: Arc<ParsedEvents>,
    mut stop: watch::Receiver<bool>,
) {
    let (mut kept, processor) = (
        DedicatedConnection::new(db.clone()),
        Arc::new(Processor {
            db,
            parsed_events,
            breaker: Breaker::default(),
        }),
    );
    let (mut after, mut looked_at) = (FIRST, None::<Instant>);
    while !*stop.borrow() {
        let began = Instant::now();
        if looked_at.is_none_or(|at| at.elapsed() >= POLL) {
            (after, looked_at) = (FIRST, Some(began));
            if let Err(error) = async { inbox::unpark(kept.get().await?).await }.await {
                tracing::debug!(%error, "parked refunds were not looked at");
            }
        }
        match processor.drain_from(&mut kept, after).await {
            Ok(Some(last)) => after = last.a_second_before(),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "posting waits");
                kept.close().await;
            }
        }
        tokio::select! {
            () = async {
                tokio::select! {
                    () = processor.parsed_events.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
                tokio::time::sleep_until((began + GATHER).into()).await;
            } => {}
            _ = stop.changed() => {}
        }
    }
}

/// Posts everything that waits now.
pub async fn process_all(db: &PgPool) -> Result<(), ProcessError> {
    let processor = Arc::new(Processor {
        db: db.clone(),
        parsed_events: Arc::default(),
        breaker: Breaker::default(),
    });
    let mut kept = DedicatedConnection::new(db.clone());
    loop {
        while processor.drain_from(&mut kept, FIRST).await?.is_some() {}
        if inbox::unpark(kept.get().await?).await? == 0 {
            return Ok(());
        }
    }
}

/// What all sets of one processor share.
struct Processor {
    db: PgPool,
    parsed_events: Arc<ParsedEvents>,
    /// That no order of a set is recorded yet.
    breaker: Breaker,
}

impl Processor {
    /// Posts what waits after an event. Most often one set takes it all; else several at a time: while one waits for the database
    /// or the disk, others are decided. Answers the last event that was taken.
    async fn drain_from(
        self: &Arc<Self>,
        kept: &mut DedicatedConnection,
        after: EventId,
    ) -> Result<Option<EventId>, ProcessError> {
        let Some(first) = self.set(kept, after).await? else {
            return Ok(None);
        };
        let mut last = first.last;
        if first.more_may_wait {
            let mut sets: JoinSet<_> = (0..SETS_AT_ONCE)
                .map(|_| self.clone().drain_sets(last))
                .collect();
            let mut whole = Ok(());
            while let Some(ended) = sets.join_next().await {
                match ended.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic())) {
                    Ok(reached) => last = last.max(reached),
                    Err(error) => whole = Err(error),
                }
            }
            whole?;
        }
        Ok(Some(last))
    }

    async fn drain_sets(self: Arc<Self>, from: EventId) -> Result<EventId, ProcessError> {
        let (mut kept, mut after, mut last) =
            (DedicatedConnection::new(self.db.clone()), from, from);
        for sets in 1.. {
            let Some(taken) = self.set(&mut kept, after).await? else {
                break;
            };
            last = last.max(taken.last);
            if !taken.more_may_wait {
                break;
            }
            after = if sets % SETS_IN_A_ROW == 0 {
                FIRST
            } else {
                taken.last
            };
        }
        kept.close().await;
        Ok(last)
    }

    /// One set, posted whole. An event at fault is found by sets of one, and set aside.
    async fn set(
        &self,
        kept: &mut DedicatedConnection,
        after: EventId,
    ) -> Result<Option<Taken>, ProcessError> {
        let (mut limit, mut look) = (MOST, !self.breaker.allows());
        loop {
            match self.post(kept, after, limit, look).await {
                Ok(handled) => {
                    return Ok(handled.map(|h| Taken {
                        last: h.last,
                        more_may_wait: i64::try_from(h.count) == Ok(limit),
                    }));
                }
                // One of these orders was recorded before, or by someone else meanwhile: the set is decided again, knowing it.
                Err(ProcessError::Record(RecordError::Known)) => {
                    if !look {
                        self.breaker.trip();
                    }
                    look = true;
                }
                Err(error) if !at_fault(&error) => return Err(error),
                Err(_) if limit > 1 => limit = 1,
                Err(error) => {
                    tracing::error!(%error, "an event could not be handled");
                    inbox::dead_letter(
                        kept.get().await?,
                        after,
                        "it could not be posted; the service's log says why",
                    )
                    .await?;
                    limit = MOST;
                }
            }
        }
    }

    async fn post(
        &self,
        kept: &mut DedicatedConnection,
        after: EventId,
        limit: i64,
        look: bool,
    ) -> Result<Option<ProcessedBatch>, ProcessError> {
        let mut tx = kept.get().await?.begin().await?;
        let handled =
            inbox::handle(&mut tx, Utc::now(), &self.parsed_events, after, limit, look).await?;
        tx.commit().await?;
        Ok(handled)
    }
}

/// The end of a set.
struct Taken {
    last: EventId,
    /// It took as much as a set may.
    more_may_wait: bool,
}

/// Whether an event of the set is at fault, rather than the database being away or busy (SQLSTATE 22, 23 or our own limits).
fn at_fault(error: &ProcessError) -> bool {
    let sql = match error {
        ProcessError::Database(e) | ProcessError::Record(RecordError::Database(e)) => e,
        ProcessError::Record(RecordError::Post(crate::ledger::PostError::Database(e))) => e,
        ProcessError::Record(_) => return true,
    };
    match sql {
        sqlx::Error::Database(e) => e
            .code()
            .is_some_and(|c| c.starts_with("22") || c.starts_with("23")),
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => true,
        _ => false,
    }
}
