//! The loop that processes the inbox: batches as large as what waits, woken by the committer of the
//! same process, with a poll for everything else.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::db::{Breaker, DedicatedConnection};
use crate::inbox::{self, Existing, ParsedEvents, ProcessError, QueuedEvent};
use crate::values::EventId;

/// Events in one batch. The larger a batch, the more of its rows share a page of an index.
const MAX_BATCH: i64 = 5000;
/// Batches processed at a time while more waits than one takes.
const CONCURRENT_BATCHES: usize = 3;
/// Batches that each begin after the one before, until the queue is read from its beginning again.
const BATCHES_BEFORE_RESTART: usize = 32;
/// Smaller than the id of every event.
const BEGINNING: EventId = EventId(Uuid::nil());
/// How often the queue is read from its beginning, for what other processes wrote and what was put
/// back with an old id.
const POLL: Duration = Duration::from_secs(1);
/// The least time between the beginnings of two rounds. A batch costs some dozen statements,
/// however small it is: under load, events gather meanwhile.
const MIN_ROUND: Duration = Duration::from_millis(20);

/// Processes until it must stop, then finishes the batch it holds.
pub async fn process_inbox(
    db: PgPool,
    parsed_events: Arc<ParsedEvents>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connection = DedicatedConnection::new(db.clone());
    let processor = Processor::new(db, parsed_events);
    let (mut after, mut restarted_at) = (BEGINNING, None::<Instant>);
    while !*stop.borrow() {
        let began = Instant::now();
        if restarted_at.is_none_or(|at| at.elapsed() >= POLL) {
            (after, restarted_at) = (BEGINNING, Some(began));
            if let Err(error) = requeue_parked(&mut connection).await {
                tracing::debug!(%error, "parked refunds were not looked at");
            }
        }
        match processor.process_from(&mut connection, after).await {
            Ok(Some(last)) => after = last.a_second_before(),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error = %innermost(&error), "the inbox is processed later");
                connection.close().await;
            }
        }
        tokio::select! {
            () = async {
                tokio::select! {
                    () = processor.parsed_events.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
                tokio::time::sleep_until((began + MIN_ROUND).into()).await;
            } => {}
            _ = stop.changed() => {}
        }
    }
}

/// Processes everything that waits now.
pub async fn process_all(db: &PgPool) -> Result<(), ProcessError> {
    let processor = Processor::new(db.clone(), Arc::default());
    let mut connection = DedicatedConnection::new(db.clone());
    loop {
        while processor
            .process_from(&mut connection, BEGINNING)
            .await?
            .is_some()
        {}
        if requeue_parked(&mut connection).await? == 0 {
            return Ok(());
        }
    }
}

async fn requeue_parked(connection: &mut DedicatedConnection) -> Result<usize, sqlx::Error> {
    inbox::requeue_parked(connection.get().await?).await
}

/// What all batches of one process share.
struct Processor {
    db: PgPool,
    parsed_events: Arc<ParsedEvents>,
    /// Allows `Existing::AssumeNone`.
    breaker: Breaker,
}

/// The end of a batch.
struct BatchEnd {
    last: EventId,
    /// It took as many events as a batch may.
    more_may_wait: bool,
}

impl Processor {
    fn new(db: PgPool, parsed_events: Arc<ParsedEvents>) -> Arc<Self> {
        Arc::new(Self {
            db,
            parsed_events,
            breaker: Breaker::default(),
        })
    }

    /// Processes what waits after an event, and returns the last event that was taken.
    ///
    /// Most often one batch takes it all. Otherwise several go on at a time: while one waits for
    /// the database or the disk, another is decided.
    async fn process_from(
        self: &Arc<Self>,
        connection: &mut DedicatedConnection,
        after: EventId,
    ) -> Result<Option<EventId>, ProcessError> {
        let Some(first) = self.process_batch(connection, after).await? else {
            return Ok(None);
        };
        let mut last = first.last;
        if first.more_may_wait {
            let mut lanes: JoinSet<_> = (0..CONCURRENT_BATCHES)
                .map(|_| self.clone().process_batches(last))
                .collect();
            let mut result = Ok(());
            while let Some(ended) = lanes.join_next().await {
                match ended.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic())) {
                    Ok(reached) => last = last.max(reached),
                    Err(error) => result = Err(error),
                }
            }
            result?;
        }
        Ok(Some(last))
    }

    /// Processes one batch after another, over a connection of its own, until one is not full.
    /// Returns the last event taken.
    async fn process_batches(self: Arc<Self>, from: EventId) -> Result<EventId, ProcessError> {
        let mut connection = DedicatedConnection::new(self.db.clone());
        let (mut after, mut last) = (from, from);
        for nth in 1.. {
            let Some(batch) = self.process_batch(&mut connection, after).await? else {
                break;
            };
            last = last.max(batch.last);
            if !batch.more_may_wait {
                break;
            }
            after = if nth % BATCHES_BEFORE_RESTART == 0 {
                BEGINNING
            } else {
                batch.last
            };
        }
        connection.close().await;
        Ok(last)
    }

    /// Processes one batch. While the database refuses an event of it, half as many are tried,
    /// until that event is alone and becomes a dead letter: only it fails.
    async fn process_batch(
        &self,
        connection: &mut DedicatedConnection,
        after: EventId,
    ) -> Result<Option<BatchEnd>, ProcessError> {
        let mut limit = MAX_BATCH;
        let mut existing = if self.breaker.allows() {
            Existing::AssumeNone
        } else {
            Existing::Check
        };
        loop {
            match self.try_batch(connection, after, limit, existing).await {
                Ok(end) => return Ok(end),
                Err(ProcessError::MayBeRecorded) => {
                    if existing == Existing::AssumeNone {
                        self.breaker.trip();
                    }
                    existing = Existing::Check;
                }
                Err(error) if limit > 1 && error.is_event_at_fault() => limit /= 2,
                Err(error) => return Err(error),
            }
        }
    }

    /// Tries one batch in one database transaction.
    async fn try_batch(
        &self,
        connection: &mut DedicatedConnection,
        after: EventId,
        limit: i64,
        existing: Existing,
    ) -> Result<Option<BatchEnd>, ProcessError> {
        let mut tx = connection.get().await?.begin().await?;
        let events = inbox::take_batch(&mut tx, after, limit).await?;
        let Some(last) = events.last() else {
            return Ok(None);
        };
        if limit == 1 {
            self.process_alone(&mut tx, &events, existing).await?;
        } else {
            inbox::process_batch(&mut tx, Utc::now(), &self.parsed_events, &events, existing)
                .await?;
        }
        let end = BatchEnd {
            last: last.event_id,
            more_may_wait: i64::try_from(events.len()) == Ok(limit),
        };
        tx.commit().await?;
        Ok(Some(end))
    }

    /// Processes one event, which becomes a dead letter when it is at fault. A savepoint keeps it
    /// taken meanwhile, so that nobody else tries it between the two.
    async fn process_alone(
        &self,
        tx: &mut PgConnection,
        event: &[QueuedEvent],
        existing: Existing,
    ) -> Result<(), ProcessError> {
        let mut savepoint = tx.begin().await?;
        let processed = inbox::process_batch(
            &mut savepoint,
            Utc::now(),
            &self.parsed_events,
            event,
            existing,
        )
        .await;
        match processed {
            Ok(()) => savepoint.commit().await?,
            Err(error) if error.is_event_at_fault() => {
                savepoint.rollback().await?;
                let event_id = event.first().map(|e| e.event_id.to_string());
                let error = innermost(&error).to_string();
                tracing::error!(event_id, %error, "an event could not be recorded");
                let reason = "it could not be recorded; the service's log says why";
                inbox::dead_letter(tx, event, reason).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The database's own words, which the errors around them leave out.
fn innermost<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e dyn std::error::Error {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}
