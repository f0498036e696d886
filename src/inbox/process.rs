//! Processing: a batch of events that was taken from the queue is understood and recorded, all in
//! one database transaction. A crash anywhere leaves nothing or everything.
//!
//! Every event ends as a donation or refund that names it, as a stored outcome, as an order to
//! fetch, or as a problem. Those of test endpoints end as they are: kept and shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::accepted::apply_rulings;
use super::another_order::set_aside;
use super::decide::{Facts, decide, not_as_charged};
use super::endpoint;
use super::order_fetch::enqueue_fetches;
use super::order_identity::{is_another_order, same_content};
use super::outcome::{self, Outcome};
use super::parsed::ParsedEvents;
use super::problem::{self, ProblemState};
use super::queue::{self, QueuedEvent, Requeue};
use super::repetition::decide_repetitions;
use super::tasks::{CheckoutTask, RefundTask, Repetition, Tasks, understand};
use super::turns::wait_for_turns;
use super::unproven;
use crate::cases::{self, CaseKind, Decision};
use crate::db;
use crate::donations::{self, NewDonation, NewRefund, RecordError, RefundOutcome};
use crate::ledger::PostError;
use crate::parties::{cause, choice, donor, merchant};
use crate::values::{Amount, DonationId, DonorId, MerchantId};
use crate::{payouts, receipts};

/// Why a batch was not processed; all of it is still in the queue.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// To be processed again with `Existing::Check`.
    #[error("a donation or refund of the batch may be recorded already")]
    MayBeRecorded,
    /// One of our own mistakes, which an event of the batch brought to light.
    #[error("processing panicked: {0}")]
    Panicked(String),
    #[error(transparent)]
    Record(RecordError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

impl ProcessError {
    /// Whether an event of the batch is at fault, rather than the database being away or busy
    /// (SQLSTATE classes 22 and 23, or limits of our own).
    #[must_use]
    pub fn is_event_at_fault(&self) -> bool {
        match self.database() {
            Some(sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }) => true,
            Some(error) => db::is_data_error(error),
            None => !matches!(self, Self::MayBeRecorded),
        }
    }

    /// Whether the batch met another of the same moment, and is to be tried again.
    #[must_use]
    pub fn met_another(&self) -> bool {
        matches!(self, Self::MayBeRecorded) || self.database().is_some_and(db::gave_way)
    }

    /// What the database said, if it is the cause.
    const fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(e) | Self::Record(RecordError::Database(e)) => Some(e),
            Self::Record(RecordError::Post(PostError::Database(e))) => Some(e),
            Self::MayBeRecorded | Self::Panicked(_) | Self::Record(_) => None,
        }
    }
}

impl From<RecordError> for ProcessError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Known => Self::MayBeRecorded,
            other => Self::Record(other),
        }
    }
}

/// Whether donations that are recorded already are looked for before a batch is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Check,
    /// Most orders come once. One that is recorded already refuses the batch with
    /// `ProcessError::MayBeRecorded`.
    AssumeNone,
}

/// What refunds do while a run holds the settlement lock, for minutes perhaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenLocked {
    /// All of the batch waits until the run has ended.
    Wait,
    /// They are parked, and the rest of the batch goes on.
    Park,
}

/// How a batch is processed.
#[derive(Clone, Copy, Debug)]
pub struct ProcessOptions {
    /// A donation of more than this is not posted.
    pub ceiling: Amount,
    pub existing: Existing,
    pub when_locked: WhenLocked,
}

/// Processes events that were taken from the queue in this database transaction.
///
/// # Errors
/// The caller rolls back, so that the events are in the queue again.
pub async fn process_batch(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    parsed_events: &ParsedEvents,
    events: &[QueuedEvent],
    options: ProcessOptions,
) -> Result<(), ProcessError> {
    let contexts = endpoint::load_contexts(tx, events.iter().map(|e| e.endpoint_id)).await?;
    let mut tasks = understand(tx, parsed_events, events, &contexts).await?;
    // An order that came again may give back a part.
    let may_give_back = !tasks.refunds.is_empty() || !tasks.unproven.is_empty();
    if may_give_back || options.existing == Existing::Check {
        // Before any balance is locked, as runs do: two that lock in the same order cannot
        // deadlock.
        tasks.may_refund = may_refund(tx, options.when_locked).await?;
    }
    if !tasks.may_refund {
        tasks.park_refunds();
    }
    let recorded = record_checkouts(tx, now, options, &mut tasks).await?;
    let proven = unproven::decide(tx, now, &mut tasks).await?;
    tasks.refunds.extend(proven);
    let refunds = std::mem::take(&mut tasks.refunds);
    tasks.refunds = set_aside(tx, &mut tasks, refunds).await?;
    wait_for_turns(tx, &mut tasks).await?;
    while tasks.has_turns() {
        let refunds = tasks.take_refunds();
        record_refunds(tx, now, &mut tasks, refunds).await?;
        let repetitions = tasks.take_repetitions();
        let lowered = decide_repetitions(tx, &mut tasks, repetitions).await?;
        record_refunds(tx, now, &mut tasks, lowered).await?;
    }
    enqueue_fetches(tx, now, &tasks.fetches).await?;
    outcome::record(tx, &tasks.outcomes).await?;
    problem::record(tx, &tasks.problems).await?;
    settle_cases(tx, now, &tasks).await?;
    if !recorded.is_empty() {
        // After the problems: a refund of this very batch may wait for one of its donations.
        queue::requeue(tx, Requeue::ParkedFor(&recorded)).await?;
    }
    Ok(())
}

/// Shares the settlement lock, which refunds need.
async fn may_refund(tx: &mut PgConnection, when_locked: WhenLocked) -> Result<bool, sqlx::Error> {
    match when_locked {
        WhenLocked::Wait => db::settlement_lock::lock_shared(tx).await.map(|()| true),
        WhenLocked::Park => db::settlement_lock::try_lock_shared(tx).await,
    }
}

/// Decides each checkout and records the donations; returns those that are new. Orders that came
/// again are left for `decide_repetitions`, and checkouts without a donation become problems.
async fn record_checkouts(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    options: ProcessOptions,
    tasks: &mut Tasks<'_>,
) -> Result<Vec<DonationId>, ProcessError> {
    let checkouts = std::mem::take(&mut tasks.checkouts);
    let checkouts = apply_rulings(tx, tasks, checkouts).await?;
    if checkouts.is_empty() {
        return Ok(Vec::new());
    }
    let mut recorded = match options.existing {
        Existing::AssumeNone => BTreeMap::new(),
        Existing::Check => {
            let ids: Vec<DonationId> = checkouts.iter().map(|c| c.donation_id).collect();
            donations::known(tx, &ids).await?
        }
    };
    let mut facts = load_facts(tx, now, options.ceiling, &checkouts, &recorded).await?;
    let mut new: Vec<NewDonation> = Vec::new();
    for task in checkouts {
        let content_hash = task.checkout.content_hash();
        if let Some(first) = recorded.get(&task.donation_id) {
            let same_content = same_content(first, &content_hash);
            let is_another = is_another_order(first, &content_hash);
            if !same_content && options.existing == Existing::AssumeNone {
                // It may give back a part, which needs the settlement lock.
                return Err(ProcessError::MayBeRecorded);
            }
            tasks.repetitions.push(Repetition {
                task,
                same_content,
                is_another,
            });
            continue;
        }
        match decide(&task.received(&content_hash), &mut facts) {
            Ok(donation) => {
                tasks.cases.extend(not_as_charged(&donation));
                recorded.insert(task.donation_id, content_hash);
                new.push(donation);
            }
            Err(refusal) if options.existing == Existing::Check => {
                let problem = task.source.problem(ProblemState::Dead, refusal.reason);
                tasks.problems.push(problem);
                tasks.cases.extend(refusal.case);
            }
            // If its order is recorded already, this is a repetition and needs no decision.
            Err(_) => return Err(ProcessError::MayBeRecorded),
        }
    }
    choice::save_choices(tx, &facts.choices).await?;
    // In the order of the index: neighbours are written together, and two batches cannot deadlock.
    new.sort_unstable_by_key(|d| d.donation_id);
    donations::record(tx, now, &new).await?;
    Ok(new.into_iter().map(|d| d.donation_id).collect())
}

/// Loads what the checkouts are decided with. Donors that are not known are created.
async fn load_facts(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    ceiling: Amount,
    checkouts: &[CheckoutTask<'_>],
    recorded: &BTreeMap<DonationId, Vec<u8>>,
) -> Result<Facts, sqlx::Error> {
    let details = checkouts.iter().filter_map(|c| c.checkout.donor.as_ref());
    let donors = donor::find_or_create(tx, now, details).await?;
    // Neither a repetition nor an order that names its cause advances the donor's rotation.
    let choosing: Vec<DonorId> = checkouts
        .iter()
        .filter(|c| c.checkout.cause.is_none() && !recorded.contains_key(&c.donation_id))
        .filter_map(|c| {
            donors
                .get(c.checkout.donor.as_ref()?.email.as_str())
                .copied()
        })
        .collect();
    let merchant_ids: Vec<MerchantId> = checkouts.iter().map(|c| c.source.merchant_id).collect();
    let causes = cause::list(tx).await?;
    Ok(Facts {
        ceiling,
        merchants: merchant::of_ids(tx, &merchant_ids).await?,
        cause_ids: causes
            .iter()
            .map(|c| (c.slug.clone(), c.cause_id))
            .collect(),
        causes: causes.into_iter().map(|c| (c.cause_id, c)).collect(),
        choices: choice::lock_choices(tx, &choosing).await?,
        donors,
    })
}

/// Records the refunds: payouts that have not left lose their donations, and receipts that say
/// more than is left are questioned. One whose donation is not recorded is parked until it is.
async fn record_refunds<'b>(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    tasks: &mut Tasks<'b>,
    refunds: Vec<RefundTask<'b>>,
) -> Result<(), ProcessError> {
    let new: Vec<NewRefund> = refunds.iter().map(|r| r.refund.clone()).collect();
    let refunded = donations::refund(tx, now, &new).await?;
    payouts::take_back_prepared(tx, now, &refunded.donations).await?;
    receipts::question_refunded(tx, now, &refunded.donations).await?;
    for (task, outcome) in refunds.iter().zip(refunded.outcomes) {
        match outcome {
            RefundOutcome::Done => {}
            RefundOutcome::Already => tasks
                .outcomes
                .push(task.source.outcome(Outcome::AlreadyRefunded)),
            // The platform told all of its order, and it gave nothing.
            RefundOutcome::Unknown if !task.waits => tasks
                .outcomes
                .push(task.source.outcome(Outcome::NothingRefunded)),
            RefundOutcome::Unknown => tasks.problems.push(task.source.problem(
                ProblemState::Parked(task.refund.donation_id),
                "waits for its checkout.completed",
            )),
        }
    }
    Ok(())
}

/// Opens the cases of the batch, and closes those of events that were processed again and that
/// leave nothing to decide.
async fn settle_cases(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    tasks: &Tasks<'_>,
) -> Result<(), sqlx::Error> {
    for kind in [
        CaseKind::DonationAboveCeiling,
        CaseKind::SecondOrder,
        CaseKind::DonationRaised,
        CaseKind::OrderDiffers,
    ] {
        let is_open = |id| {
            tasks
                .cases
                .iter()
                .any(|c| c.kind == kind && c.subject == id)
        };
        let settled: Vec<Uuid> = tasks
            .redriven
            .iter()
            .map(|event_id| event_id.0)
            .filter(|id| !is_open(*id))
            .collect();
        let decision = Decision {
            decision: "redriven",
            by: "obole",
            why: "the event was processed again, and nothing of this is left to decide",
        };
        cases::close(tx, now, kind, &settled, decision).await?;
    }
    cases::open(tx, now, &tasks.cases).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_at_fault_for_what_it_says_and_not_for_a_database_that_is_away() {
        let overflow = ProcessError::from(RecordError::Post(PostError::Overflow));
        assert!(overflow.is_event_at_fault());
        let decode = sqlx::Error::Decode("a year of six digits".into());
        assert!(ProcessError::Database(decode).is_event_at_fault());
        for away in [
            sqlx::Error::PoolTimedOut,
            sqlx::Error::WorkerCrashed,
            sqlx::Error::RowNotFound,
        ] {
            assert!(!ProcessError::Database(away).is_event_at_fault());
        }
        let known = ProcessError::from(RecordError::Known);
        assert!(matches!(known, ProcessError::MayBeRecorded) && !known.is_event_at_fault());
    }
}
