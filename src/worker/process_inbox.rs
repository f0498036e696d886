//! The loop that processes the inbox: batches as large as what waits, woken by the committer of the
//! same process, with a poll for everything else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use futures_util::FutureExt as _;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::app::App;
use crate::db::{Breaker, DedicatedConnection};
use crate::inbox::{
    self, Existing, ParsedEvents, ProcessError, ProcessOptions, QueuedEvent, WhenLocked,
};
use crate::values::{Amount, EventId};

/// Events in one batch. The larger a batch, the more of its rows share a page of an index.
const MAX_BATCH: i64 = 5000;
/// Batches processed at a time while more waits than one takes.
const CONCURRENT_BATCHES: usize = 3;
/// Batches that each begin after the one before, until the queue is read from its beginning again.
const BATCHES_BEFORE_RESTART: usize = 32;
/// How often a batch is tried again because another processor recorded something of it meanwhile.
const MAX_MEETINGS: usize = 10;
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
    app: App,
    parsed_events: Arc<ParsedEvents>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connection = DedicatedConnection::new(app.db.clone());
    let processor = Processor::new(&app, parsed_events, WhenLocked::Park);
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

/// Processes everything that waits now. Where a run holds up refunds, the rest is processed first,
/// and then the end of the run is waited for.
pub async fn process_all(app: &App) -> Result<(), ProcessError> {
    let mut processor = Processor::new(app, Arc::default(), WhenLocked::Park);
    let mut connection = DedicatedConnection::new(app.db.clone());
    loop {
        while processor
            .process_from(&mut connection, BEGINNING)
            .await?
            .is_some()
        {}
        if requeue_parked(&mut connection).await? == 0 {
            return Ok(());
        }
        processor = Processor::new(app, Arc::default(), WhenLocked::Wait);
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
    ceiling: Amount,
    when_locked: WhenLocked,
}

/// The end of a batch.
struct BatchEnd {
    last: EventId,
    /// It took as many events as a batch may.
    more_may_wait: bool,
}

impl Processor {
    fn new(app: &App, parsed_events: Arc<ParsedEvents>, when_locked: WhenLocked) -> Arc<Self> {
        Arc::new(Self {
            db: app.db.clone(),
            parsed_events,
            breaker: Breaker::default(),
            ceiling: app.settings.donation_ceiling,
            when_locked,
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

    /// Processes one batch. When an event of it is at fault, that event alone is set aside.
    async fn process_batch(
        &self,
        connection: &mut DedicatedConnection,
        after: EventId,
    ) -> Result<Option<BatchEnd>, ProcessError> {
        let mut existing = if self.breaker.allows() {
            Existing::AssumeNone
        } else {
            Existing::Check
        };
        for _ in 0..MAX_MEETINGS {
            let mut taken = Vec::new();
            let tried = self
                .try_batch(connection, after, existing, &mut taken)
                .await;
            let end = taken.last().map(|last| BatchEnd {
                last: *last,
                more_may_wait: i64::try_from(taken.len()) == Ok(MAX_BATCH),
            });
            match tried {
                Ok(()) => return Ok(end),
                Err(error) if error.met_another() => {
                    if existing == Existing::AssumeNone {
                        self.breaker.trip();
                    }
                    existing = Existing::Check;
                }
                Err(error) if error.is_event_at_fault() => {
                    after_panic(&error, connection).await;
                    self.isolate(connection, taken).await?;
                    return Ok(end);
                }
                Err(error) => return Err(error),
            }
        }
        Err(ProcessError::MayBeRecorded)
    }

    /// Tries one batch in one database transaction; `taken` then names its events, which are in the
    /// queue again if it failed.
    async fn try_batch(
        &self,
        connection: &mut DedicatedConnection,
        after: EventId,
        existing: Existing,
        taken: &mut Vec<EventId>,
    ) -> Result<(), ProcessError> {
        let mut tx = connection.get().await?.begin().await?;
        let events = inbox::take_batch(&mut tx, after, MAX_BATCH).await?;
        if events.is_empty() {
            return Ok(());
        }
        taken.extend(events.iter().map(|e| e.event_id));
        self.process(&mut tx, &events, existing).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Processes events among which some are at fault: halved, and each half that fails halved
    /// again, until each of those is alone. They are named, so that whatever else comes to the
    /// queue or leaves it meanwhile, none but they are set aside; and each half that holds none of
    /// them is posted at once, so that a few among thousands cost a few dozen small transactions.
    async fn isolate(
        &self,
        connection: &mut DedicatedConnection,
        events: Vec<EventId>,
    ) -> Result<(), ProcessError> {
        // The last one is tried first. The whole has failed already.
        let mut parts = halves(events);
        while let Some(part) = parts.pop() {
            match self.try_these(connection, &part).await {
                Ok(()) => {}
                Err(error) if part.len() > 1 && error.is_event_at_fault() => {
                    after_panic(&error, connection).await;
                    parts.extend(halves(part));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Tries some events in a database transaction of their own, those that nobody else has taken
    /// meanwhile.
    async fn try_these(
        &self,
        connection: &mut DedicatedConnection,
        ids: &[EventId],
    ) -> Result<(), ProcessError> {
        for _ in 0..MAX_MEETINGS {
            let mut tx = connection.get().await?.begin().await?;
            let events = inbox::take_these(&mut tx, ids).await?;
            let tried = match events.as_slice() {
                [] => Ok(()),
                [alone] if ids.len() == 1 => self.process_alone(&mut tx, *alone).await,
                _ => self.process(&mut tx, &events, Existing::Check).await,
            };
            match tried {
                Ok(()) => return Ok(tx.commit().await?),
                // Another processor recorded one of them meanwhile, or was in each other's way.
                Err(error) if error.met_another() => tx.rollback().await?,
                Err(error) => return Err(error),
            }
        }
        Err(ProcessError::MayBeRecorded)
    }

    /// Processes one event, which becomes a dead letter when it is at fault. A savepoint keeps it
    /// taken meanwhile, so that nobody else tries it between the two.
    async fn process_alone(
        &self,
        tx: &mut PgConnection,
        event: QueuedEvent,
    ) -> Result<(), ProcessError> {
        let mut savepoint = tx.begin().await?;
        let processed = self
            .process(&mut savepoint, &[event], Existing::Check)
            .await;
        match processed {
            Ok(()) => savepoint.commit().await?,
            Err(error) if error.is_event_at_fault() => {
                savepoint.rollback().await?;
                let (event_id, error) = (event.event_id, innermost(&error).to_string());
                tracing::error!(%event_id, %error, "an event could not be recorded");
                let reason = "it could not be recorded; the service's log says why";
                inbox::dead_letter(tx, &[event], reason).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Processes events that were taken. A panic counts as an event's fault: otherwise the first
    /// event that brings a mistake of ours to light would stop all that come after it.
    async fn process(
        &self,
        tx: &mut PgConnection,
        events: &[QueuedEvent],
        existing: Existing,
    ) -> Result<(), ProcessError> {
        let options = ProcessOptions {
            ceiling: self.ceiling,
            existing,
            when_locked: self.when_locked,
        };
        let parsed_events = &self.parsed_events;
        let batch = inbox::process_batch(tx, Utc::now(), parsed_events, events, options);
        match AssertUnwindSafe(batch).catch_unwind().await {
            Ok(processed) => processed,
            Err(panicked) => Err(ProcessError::Panicked(words_of(panicked.as_ref()))),
        }
    }
}

/// Two halves of some events, the second first; one event is its own half.
fn halves(mut events: Vec<EventId>) -> Vec<Vec<EventId>> {
    let second = events.split_off(events.len() / 2);
    [second, events]
        .into_iter()
        .filter(|half| !half.is_empty())
        .collect()
}

/// A panic may have left the connection in the midst of a statement: another one is made.
async fn after_panic(error: &ProcessError, connection: &mut DedicatedConnection) {
    if let ProcessError::Panicked(words) = error {
        tracing::error!(%words, "processing panicked");
        connection.abandon();
    }
}

/// What a panic said.
fn words_of(panicked: &(dyn Any + Send)) -> String {
    panicked
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panicked.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_default()
}

/// The database's own words, which the errors around them leave out.
fn innermost<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e dyn std::error::Error {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_hold_each_event_once_and_end_with_one() {
        let ids: Vec<EventId> = (0..7).map(|_| EventId::new()).collect();
        let [second, first] = halves(ids.clone()).try_into().unwrap();
        assert_eq!([first.as_slice(), second.as_slice()].concat(), ids);
        assert_eq!((first.len(), second.len()), (3, 4));
        assert_eq!(halves(vec![ids[0]]), [[ids[0]]]);
    }

    #[tokio::test]
    async fn a_panic_is_an_events_fault_and_its_words_are_kept() {
        async fn panics(said: &str) -> Result<(), ProcessError> {
            panic!("cause {said} has no name")
        }
        let caught = AssertUnwindSafe(panics("abri")).catch_unwind().await;
        let words = words_of(caught.unwrap_err().as_ref());
        assert_eq!(words, "cause abri has no name");
        assert!(ProcessError::Panicked(words).is_event_at_fault());
    }
}
