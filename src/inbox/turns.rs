//! Events about one order take turns, so that what becomes of them does not depend on the batches
//! they come in.
//!
//! The rule: an order told again and the refunds of an order are applied in the order of their
//! receipt (time of receipt, then event id), each to what those before it left. An order told again
//! with less says what is left of its donation once the refunds received before it are given back;
//! a refund received after it gives back more. Whoever comes before its turn waits: while an
//! earlier event of its order is parked, or one of its merchant is queued or with another batch.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::problem::{self, Problem};
use super::queue::{self, Turn};
use super::tasks::{RefundTask, Repetition, Source, Tasks};
use crate::values::{DonationId, MerchantId};

const WAITS_FOR_ITS_TURN: &str = "waits for the events of its order that were received before it";

/// Parks the refunds and the orders told again whose turn has not come.
pub(super) async fn wait_for_turns(
    tx: &mut PgConnection,
    tasks: &mut Tasks<'_>,
) -> Result<(), sqlx::Error> {
    let turns = || tasks.sources().map(|(source, _)| source.event.turn());
    let Some(last) = turns().max() else {
        return Ok(());
    };
    let merchants: Vec<MerchantId> = tasks.sources().map(|(s, _)| s.merchant_id).collect();
    let orders: Vec<DonationId> = tasks.sources().map(|(_, order)| order).collect();
    let first_queued = queue::first_waiting(tx, &merchants, last).await?;
    let mut first_parked = problem::first_parked(tx, &orders).await?;
    let waiting = tasks.problems.iter().filter_map(Problem::waits_for);
    for (order, turn) in waiting {
        let first = first_parked.entry(order).or_insert(turn);
        *first = turn.min(*first);
    }
    let too_early = |source: Source<'_>, order: DonationId| {
        let before = |first: Option<&Turn>| first.is_some_and(|t| *t < source.event.turn());
        before(first_queued.get(&source.merchant_id)) || before(first_parked.get(&order))
    };
    let refunds = std::mem::take(&mut tasks.refunds);
    let (early, refunds): (Vec<_>, Vec<_>) = refunds
        .into_iter()
        .partition(|r| too_early(r.source, r.refund.donation_id));
    let repetitions = std::mem::take(&mut tasks.repetitions);
    let (early_again, repetitions): (Vec<_>, Vec<_>) = repetitions
        .into_iter()
        .partition(|r| too_early(r.task.source, r.task.donation_id));
    (tasks.refunds, tasks.repetitions) = (refunds, repetitions);
    for r in early {
        tasks.park(r.source, r.refund.donation_id, WAITS_FOR_ITS_TURN);
    }
    for r in early_again {
        tasks.park(r.task.source, r.task.donation_id, WAITS_FOR_ITS_TURN);
    }
    Ok(())
}

impl<'b> Tasks<'b> {
    /// The refunds and the orders told again, each with the first donation of its order.
    fn sources(&self) -> impl Iterator<Item = (Source<'b>, DonationId)> {
        let refunds = self.refunds.iter();
        let repetitions = self.repetitions.iter();
        refunds
            .map(|r| (r.source, r.refund.donation_id))
            .chain(repetitions.map(|r| (r.task.source, r.task.donation_id)))
    }

    /// Whether any refund or order told again is still to be applied.
    pub fn has_turns(&self) -> bool {
        !self.refunds.is_empty() || !self.repetitions.is_empty()
    }

    /// Takes the refunds whose turn it is: those before which no order was told again. An order
    /// told again with its refunds says what is left after them.
    pub fn take_refunds(&mut self) -> Vec<RefundTask<'b>> {
        let again = self.repetitions.iter();
        let again = again.map(|r| (r.task.donation_id, r.task.source.event.turn()));
        let first = first_of_each(again);
        let all = std::mem::take(&mut self.refunds);
        let (taken, left) = all.into_iter().partition(|r| {
            let first = first.get(&r.refund.donation_id);
            first.is_none_or(|t| r.source.event.turn() <= *t)
        });
        self.refunds = left;
        taken
    }

    /// Takes the orders told again whose turn it is: those before which nothing was given back.
    pub fn take_repetitions(&mut self) -> Vec<Repetition<'b>> {
        let refunds = self.refunds.iter();
        let refunds = refunds.map(|r| (r.refund.donation_id, r.source.event.turn()));
        let first = first_of_each(refunds);
        let all = std::mem::take(&mut self.repetitions);
        let (mut taken, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|r| {
            let first = first.get(&r.task.donation_id);
            first.is_none_or(|t| r.task.source.event.turn() < *t)
        });
        self.repetitions = left;
        taken.sort_by_key(|r| r.task.source.event.turn());
        taken
    }
}

/// The first turn of each order.
fn first_of_each(turns: impl Iterator<Item = (DonationId, Turn)>) -> HashMap<DonationId, Turn> {
    let mut first = HashMap::new();
    for (order, turn) in turns {
        let known = first.entry(order).or_insert(turn);
        *known = turn.min(*known);
    }
    first
}
