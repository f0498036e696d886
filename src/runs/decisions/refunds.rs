//! Refunds that a person must judge.

use anyhow::{Context as _, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::decision::CaseDecision;
use crate::cases::Case;
use crate::donations::{self, NewRefund};
use crate::values::{Amount, EventId, euros};
use crate::{payouts, receipts, refunds_due};

/// A refund of a donation that its association has: it agrees to give back, or the operator bears
/// it. Returns what was done, and whether the case stays open because a part remains.
///
/// The caller holds the settlement lock whole.
pub(super) async fn decide_due(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<(String, bool)> {
    if d.decision == "association-agrees" {
        let part = refunds_due::settle_agreed(tx, now, on, case.subject, d.recorded()).await?;
        let (settled, remains) = (euros(part.settled_cents), euros(part.remains_cents));
        let done = match part.remains_cents {
            0 => format!("{settled} euros are taken from what the association is owed"),
            _ => format!(
                "{settled} euros are taken from what the association is owed, which is all of it; \
                 {remains} euros remain, and the case stays open: decide again once donations \
                 arrive for it, or decide operator-bears"
            ),
        };
        return Ok((done, part.remains_cents > 0));
    }
    let free = payouts::cover(tx).await?.left_cents();
    refunds_due::bear(tx, now, on, case.subject, free, d.recorded()).await?;
    Ok(("the operator bears it out of its float".into(), false))
}

/// A refund that was told with another amount, or beyond its donation: what the merchant gave back
/// in all is posted as far as it is not yet.
///
/// The caller holds the settlement lock whole.
pub(super) async fn decide_told(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<String> {
    if d.decision != "given-back" {
        return Ok("what is posted stays as it is".into());
    }
    let wanted = d.amount.context(
        "say with --amount how much the merchant gave back of this donation in all, also what is \
         posted already",
    )?;
    let donation = case
        .donation
        .context("the donation of this case is not there")?;
    let recorded = donations::recorded_orders(tx, &[donation]).await?;
    let order = recorded
        .get(&donation)
        .context("the donation of this case is not there")?;
    ensure!(
        wanted.cents() <= order.amount_cents,
        "the donation was {} euros: no more of it can be given back",
        euros(order.amount_cents)
    );
    let more = wanted.cents() - order.refunded_cents;
    ensure!(
        more >= 0,
        "{} euros are posted as given back already: decide not-given-back if no more was",
        euros(order.refunded_cents)
    );
    let Ok(amount) = Amount::from_cents(more) else {
        return Ok("what is posted is what was given back".into());
    };
    let refund = NewRefund {
        donation_id: donation,
        refund_id: format!("decided-{}", case.case_id),
        amount: Some(amount),
        cause: None,
        event_id: EventId(case.subject),
        occurred_at: now,
    };
    let refunded = donations::refund(tx, now, &[refund]).await?;
    payouts::take_back_prepared(tx, now, &refunded.donations).await?;
    receipts::question_refunded(tx, now, &refunded.donations).await?;
    Ok(format!("{amount} euros more are posted as given back"))
}
