//! Refunds that a copy of a store tells of its own order, which has the number of another: they
//! give nothing back, and a person is shown both.

use sqlx::PgConnection;

use super::order_identity::is_another_of_all;
use super::outcome::Outcome;
use super::problem::ProblemState;
use super::ruling::{self, Ruling};
use super::tasks::{RefundTask, Tasks};
use crate::cases::{CaseKind, NewCase};
use crate::donations;
use crate::values::{DonationId, EventId};

/// Sets aside the refunds of a batch that are of another order than the one recorded. Returns the
/// others.
pub(super) async fn set_aside<'b>(
    tx: &mut PgConnection,
    tasks: &mut Tasks<'b>,
    refunds: Vec<RefundTask<'b>>,
) -> Result<Vec<RefundTask<'b>>, sqlx::Error> {
    let with_identity = || refunds.iter().filter(|t| t.identity.is_some());
    let ids: Vec<DonationId> = with_identity().map(|t| t.refund.donation_id).collect();
    if ids.is_empty() {
        return Ok(refunds);
    }
    let events: Vec<EventId> = with_identity().map(|t| t.refund.event_id).collect();
    let recorded = donations::recorded_orders(tx, &ids).await?;
    let rulings = ruling::load(tx, &events).await?;
    let mut kept = Vec::with_capacity(refunds.len());
    for task in refunds {
        let order = recorded.get(&task.refund.donation_id);
        let is_another = task.identity.zip(order).is_some_and(|(identity, order)| {
            is_another_of_all(&order.content_hashes, &identity.as_hash())
        });
        if !is_another {
            kept.push(task);
            continue;
        }
        if rulings.get(&task.refund.event_id) == Some(&Ruling::Dismiss) {
            tasks.outcomes.push(task.source.outcome(Outcome::Dismissed));
            continue;
        }
        let what = "a refund was told of another order that has the number of one recorded: \
                    another address, key, payer or day of payment; it is not posted";
        tasks.cases.push(NewCase {
            merchant: Some(task.source.merchant_id),
            donation: Some(task.refund.donation_id),
            ..NewCase::new(CaseKind::OrderDiffers, task.refund.event_id.0, what)
        });
        let reason = "this refund is of another order that has the same number, and is not \
                      posted: ask the merchant whether a copy of the store sent it, and decide \
                      its case";
        tasks
            .problems
            .push(task.source.problem(ProblemState::Conflict, reason));
    }
    Ok(kept)
}
