//! Orders that a person ruled on, before they are decided: those dismissed end, and one whose order
//! has a donation already becomes its next.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::order_identity::is_another_of_all;
use super::outcome::Outcome;
use super::problem::ProblemState;
use super::repetition::is_second_order;
use super::ruling::{self, Ruling};
use super::tasks::{CheckoutTask, Tasks};
use crate::donations::{self, LAST_ORDINAL, RecordedOrder};
use crate::parties::merchant;
use crate::values::{Amount, DonationId, MerchantId};

/// Applies rulings to the checkouts of a batch. Returns those that are still to be decided.
pub(super) async fn apply_rulings<'b>(
    tx: &mut PgConnection,
    tasks: &mut Tasks<'b>,
    checkouts: Vec<CheckoutTask<'b>>,
) -> Result<Vec<CheckoutTask<'b>>, sqlx::Error> {
    let rulings = ruling::load(tx, &tasks.redriven).await?;
    if rulings.is_empty() {
        return Ok(checkouts);
    }
    let of = |c: &&CheckoutTask<'_>| rulings.contains_key(&c.source.event.event_id);
    let ruled = || checkouts.iter().filter(of);
    let ids: Vec<DonationId> = ruled().map(|c| c.donation_id).collect();
    let merchants: Vec<MerchantId> = ruled().map(|c| c.source.merchant_id).collect();
    let mut recorded = donations::recorded_orders(tx, &ids).await?;
    let merchants = merchant::of_ids(tx, &merchants).await?;
    let mut kept = Vec::with_capacity(checkouts.len());
    for mut task in checkouts {
        match rulings.get(&task.source.event.event_id) {
            None => kept.push(task),
            Some(Ruling::Dismiss) => tasks.outcomes.push(task.source.outcome(Outcome::Dismissed)),
            Some(ruling) => {
                if let Ruling::Correct(amount) = ruling {
                    task.checkout.amount = Some(*amount);
                }
                task.accepted = true;
                let told = task.told_amount(&merchants);
                match next_donation(&mut task, told, &mut recorded) {
                    Ok(true) => kept.push(task),
                    Ok(false) => tasks.outcomes.push(task.source.outcome(Outcome::Repeated)),
                    Err(reason) => {
                        let problem = task.source.problem(ProblemState::Dead, reason);
                        tasks.problems.push(problem);
                    }
                }
            }
        }
    }
    Ok(kept)
}

/// Makes an accepted checkout the next donation of its order, of what is not recorded yet; whole
/// where it is a second order. Whether anything is left to record.
fn next_donation(
    task: &mut CheckoutTask<'_>,
    told: Option<Amount>,
    recorded: &mut BTreeMap<DonationId, RecordedOrder>,
) -> Result<bool, String> {
    let (Some(order), Some(told)) = (recorded.get_mut(&task.donation_id), told) else {
        return Ok(true);
    };
    let told = told.cents();
    let is_another = is_another_of_all(&order.content_hashes, &task.checkout.content_hash());
    let more = if is_another || is_second_order(task, order) {
        told
    } else {
        told - order.amount_cents
    };
    let Ok(amount) = Amount::from_cents(more) else {
        return Ok(false);
    };
    if order.donations > LAST_ORDINAL {
        return Err(format!(
            "an order has at most {} donations: give this one another number",
            LAST_ORDINAL + 1
        ));
    }
    task.ordinal = order.donations;
    task.donation_id = DonationId::of(
        task.source.merchant_id,
        &task.checkout.order_id,
        task.ordinal,
    );
    task.checkout.amount = Some(amount);
    // Another event of the batch may be accepted for the same order.
    order.donations += 1;
    order.amount_cents += more;
    Ok(true)
}
