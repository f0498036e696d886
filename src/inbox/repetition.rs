//! Orders that came again, decided once the refunds received before them are recorded: a repetition
//! changes nothing, a lower amount gives back the difference, and everything else is shown to a
//! person.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;

use super::decide::stated_at;
use super::order_identity::is_another_of_all;
use super::outcome::Outcome;
use super::problem::ProblemState;
use super::queue::WAITS_FOR_A_RUN;
use super::tasks::{CheckoutTask, RefundTask, Repetition, Tasks};
use crate::cases::{CaseKind, NewCase};
use crate::donations::{self, NewRefund, RecordedOrder};
use crate::parties::merchant;
use crate::values::{Amount, DonationId, MerchantId, euros};

/// What an order that came again is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// It says what is recorded.
    Repeated,
    /// Its donation was given back whole, and then it was placed once more.
    SecondOrder,
    /// Less was charged in the end: what to give back.
    Lowered(Amount),
    /// More was charged than is recorded.
    Raised(Amount),
    /// It says something else of the order, such as another cause.
    Differs,
    /// It is another order that has the same number.
    AnotherOrder,
}

/// Decides what the orders are that came again, in the order of their receipt. Returns the refunds
/// of those that say less.
pub(super) async fn decide_repetitions<'b>(
    tx: &mut PgConnection,
    tasks: &mut Tasks<'b>,
    repetitions: Vec<Repetition<'b>>,
) -> Result<Vec<RefundTask<'b>>, sqlx::Error> {
    if repetitions.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<DonationId> = repetitions.iter().map(|r| r.task.donation_id).collect();
    let of: Vec<MerchantId> = repetitions
        .iter()
        .map(|r| r.task.source.merchant_id)
        .collect();
    let merchants = merchant::of_ids(tx, &of).await?;
    let mut recorded = donations::recorded_orders(tx, &ids).await?;
    let mut waiting = BTreeSet::new();
    let mut refunds = Vec::new();
    for repetition in repetitions {
        let task = &repetition.task;
        let told = task.told_amount(&merchants);
        let again = judge(&repetition, told, &recorded);
        let lowers = matches!(again, Again::Lowered(_));
        if waiting.contains(&task.donation_id) || (lowers && !tasks.may_refund) {
            tasks.park(task.source, task.donation_id, WAITS_FOR_A_RUN);
            waiting.insert(task.donation_id);
            continue;
        }
        if let Again::Lowered(by) = again {
            if let Some(order) = recorded.get_mut(&task.donation_id) {
                // Told twice in one batch, it is given back once.
                order.refunded_cents += by.cents();
            }
            refunds.push(refund_of_the_difference(task, by));
        } else {
            tasks.end(&repetition, again);
        }
    }
    Ok(refunds)
}

fn judge(
    repetition: &Repetition<'_>,
    told: Option<Amount>,
    recorded: &BTreeMap<DonationId, RecordedOrder>,
) -> Again {
    let Repetition {
        task,
        same_content,
        is_another,
    } = repetition;
    let Some(order) = recorded.get(&task.donation_id) else {
        return Again::Differs;
    };
    if *is_another {
        // A person may have accepted it before.
        return match is_another_of_all(&order.content_hashes, &task.checkout.content_hash()) {
            true => Again::AnotherOrder,
            false => Again::Repeated,
        };
    }
    if is_second_order(task, order) {
        return Again::SecondOrder;
    }
    if *same_content {
        return Again::Repeated;
    }
    if task.checkout.is_one_of_several {
        return Again::Differs;
    }
    if task.checkout.cause.is_some() && task.checkout.cause.as_ref() != Some(&order.cause) {
        return Again::Differs;
    }
    let told = told.map_or(order.amount_cents, Amount::cents);
    let told_left = task.checkout.left_cents.unwrap_or(told);
    if let Ok(by) = Amount::from_cents(order.left_cents() - told_left) {
        return Again::Lowered(by);
    }
    if let Ok(by) = Amount::from_cents(told - order.amount_cents) {
        return Again::Raised(by);
    }
    // The order as it stands after a refund, or with a donation that a person accepted, says the
    // same.
    if told < order.amount_cents || order.donations > 1 || task.checkout.restated {
        return Again::Repeated;
    }
    Again::Differs
}

/// Whether an order was placed once more after its donation was given back whole, or stands once
/// more as it was charged.
pub(super) fn is_second_order(task: &CheckoutTask<'_>, order: &RecordedOrder) -> bool {
    order.left_cents() == 0 && (came_after(task, order) || stands_again(task, order))
}

/// Whether a platform states an order again as charged, of which nothing went back, after its
/// donation was given back: it was cancelled, and is not any more.
fn stands_again(task: &CheckoutTask<'_>, order: &RecordedOrder) -> bool {
    let received_at = task.source.event.received_at;
    let after = order
        .refund_occurred_at
        .is_some_and(|back| received_at > back);
    task.checkout.stands_whole && after
}

/// Whether an order was placed after its donation was given back. Where it does not say when, its
/// receipt tells: a late repetition comes before the refund is recorded, or says so.
fn came_after(task: &CheckoutTask<'_>, order: &RecordedOrder) -> bool {
    let received_at = task.source.event.received_at;
    match stated_at(task.checkout.at, received_at) {
        Some(at) => order.refund_occurred_at.is_some_and(|back| at > back),
        None => order
            .refund_recorded_at
            .is_some_and(|back| received_at > back),
    }
}

/// The refund that brings a donation to the lower amount that its order says now. It happened when
/// it was told: the order's own time is that of the purchase.
fn refund_of_the_difference<'b>(task: &CheckoutTask<'b>, by: Amount) -> RefundTask<'b> {
    let event = task.source.event;
    RefundTask {
        source: task.source,
        waits: true,
        identity: None,
        refund: NewRefund {
            donation_id: task.donation_id,
            refund_id: format!("order-lowered-{}", event.event_id.0),
            amount: Some(by),
            cause: None,
            event_id: event.event_id,
            occurred_at: event.received_at,
        },
    }
}

impl Tasks<'_> {
    /// Ends a repetition that gives nothing back.
    fn end(&mut self, repetition: &Repetition<'_>, again: Again) {
        let task = &repetition.task;
        let order_id = &task.checkout.order_id;
        let (kind, what, reason) = match again {
            Again::Repeated | Again::Lowered(_) => {
                self.outcomes.push(task.source.outcome(Outcome::Repeated));
                return;
            }
            Again::SecondOrder => (
                CaseKind::SecondOrder,
                format!(
                    "order {order_id:?} came again after its donation was given back; it is not \
                     posted"
                ),
                "this order came again after its donation was given back, and is not posted: ask \
                 the merchant whether its customer was charged again, and decide its case",
            ),
            Again::AnotherOrder => (
                CaseKind::SecondOrder,
                format!(
                    "another order has the number {order_id:?}: another address, key, payer or \
                     day of payment; it is not posted"
                ),
                "another order has this number, and is not posted: ask the merchant whether a \
                 copy of the store sent one of the two, and decide its case",
            ),
            Again::Raised(by) => (
                CaseKind::DonationRaised,
                format!(
                    "order {order_id:?} was told again with {} euros more; they are not posted",
                    euros(by.cents())
                ),
                "this order was counted with a lower amount, and the difference is not posted: \
                 ask the merchant what was charged, and decide its case",
            ),
            Again::Differs => (
                CaseKind::OrderDiffers,
                format!("order {order_id:?} was told again with another content; it is not posted"),
                "this order was already counted with another content: compare the two, then ask \
                 the merchant which is true, and decide its case",
            ),
        };
        self.cases.push(NewCase {
            merchant: Some(task.source.merchant_id),
            donation: Some(task.donation_id),
            ..NewCase::new(kind, task.source.event.event_id.0, what)
        });
        let problem = task.source.problem(ProblemState::Conflict, reason);
        self.problems.push(problem);
    }
}
