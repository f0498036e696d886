//! Refunds that say how much of an order went back, and not what of it: proven where that is the
//! whole order, else a person is asked, and the donation's receipt waits.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::event::{Refund, RefundProof};
use super::outcome::Outcome;
use super::tasks::{RefundTask, Tasks, UnprovenTask};
use crate::cases::{self, CaseKind, NewCase};
use crate::donations::{self, RecordedOrder};
use crate::values::{Amount, DonationId, MerchantId, derived_id, euros};

/// What is to be done about such a refund.
enum Verdict {
    /// The whole order went back.
    Proven,
    Ask(NewCase),
    /// The order gave nothing, or has nothing left.
    Nothing,
}

/// Decides about the refunds of a batch that prove nothing by themselves. Those that are proven
/// beside what is recorded join the others.
pub(super) async fn decide<'b>(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    tasks: &mut Tasks<'b>,
) -> Result<Vec<RefundTask<'b>>, sqlx::Error> {
    let unproven = std::mem::take(&mut tasks.unproven);
    if unproven.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<DonationId> = unproven.iter().map(UnprovenTask::donation_id).collect();
    let recorded = donations::recorded_orders(tx, &ids).await?;
    let (mut proven, mut asked) = (Vec::new(), Vec::new());
    for task in unproven {
        let merchant = task.source.merchant_id;
        match judge(merchant, &task.refund, recorded.get(&task.donation_id())) {
            Verdict::Proven => proven.push(RefundTask::new(
                task.source,
                Refund {
                    amount: None,
                    ..task.refund
                },
            )),
            Verdict::Ask(case) => {
                asked.push(case);
                tasks
                    .outcomes
                    .push(task.source.outcome(Outcome::NothingRefunded));
            }
            Verdict::Nothing => {
                tasks
                    .outcomes
                    .push(task.source.outcome(Outcome::NothingRefunded));
            }
        }
    }
    cases::open_once(tx, now, &asked).await?;
    Ok(proven)
}

/// Asks a person about refunds that could not be fetched.
pub(super) async fn ask(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    merchant: MerchantId,
    refunds: &[Refund],
) -> Result<(), sqlx::Error> {
    let id = |r: &Refund| DonationId::of_order(merchant, &r.order_id);
    let ids: Vec<DonationId> = refunds.iter().map(id).collect();
    let recorded = donations::recorded_orders(tx, &ids).await?;
    let asked = refunds.iter().filter_map(|refund| {
        match judge(merchant, refund, recorded.get(&id(refund))) {
            Verdict::Ask(case) => Some(case),
            Verdict::Proven | Verdict::Nothing => None,
        }
    });
    cases::open_once(tx, now, &asked.collect::<Vec<_>>()).await
}

fn judge(merchant: MerchantId, refund: &Refund, order: Option<&RecordedOrder>) -> Verdict {
    let Some(order) = order else {
        return Verdict::Nothing;
    };
    let told = refund.amount.map(Amount::cents);
    let what = match refund.proof {
        RefundProof::Failed if order.refunded_cents > 0 => format!(
            "a refund of order {:?} did not reach the customer, and {} euros of its donation are \
             posted as given back",
            refund.order_id,
            euros(order.refunded_cents)
        ),
        RefundProof::Failed => return Verdict::Nothing,
        _ if order.left_cents() == 0 => return Verdict::Nothing,
        _ if told.is_some_and(|told| told >= order.total_cents()) => return Verdict::Proven,
        _ => format!(
            "{} euros of order {:?} were given back, and the platform does not say of what: its \
             donation was {} euros",
            told.map_or_else(|| "some".to_owned(), euros),
            refund.order_id,
            euros(order.amount_cents)
        ),
    };
    let subject = format!("unproven:{}:{}", order.donation_id, refund.refund_id);
    Verdict::Ask(NewCase {
        merchant: Some(merchant),
        donation: Some(order.donation_id),
        ..NewCase::new(CaseKind::RefundUnproven, derived_id(&subject), what)
    })
}
