//! Orders that were set aside: the ruling is written down, and the event is processed again.

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::decision::CaseDecision;
use crate::cases::{Case, CaseKind};
use crate::donations;
use crate::inbox::{self, Redrive, Ruling};
use crate::values::{EventId, Reader};

/// Rules on the event of a case and puts it back in the queue.
pub(super) async fn decide(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<String> {
    let ruling = match d.decision {
        "accept" => Ruling::Accept,
        "correct" => Ruling::Correct(
            d.amount
                .context("say what the donation was, with --amount")?,
        ),
        _ => Ruling::Dismiss,
    };
    if case.kind == CaseKind::DonationRaised
        && let (Ruling::Accept, Some(donation)) = (ruling, case.donation)
    {
        let orders = donations::recorded_orders(tx, &[donation]).await?;
        let is_back = orders.values().any(|order| order.left_cents() == 0);
        ensure!(
            !is_back,
            "all of this order was given back since: nothing more of it was charged; decide dismiss"
        );
    }
    let event = EventId(case.subject);
    inbox::rule(tx, now, event, ruling, d.recorded()).await?;
    let redriven = inbox::redrive(tx, Reader::System, &Redrive::These(vec![event])).await?;
    ensure!(
        !redriven.is_empty(),
        "event {event} does not wait for a decision any more; see `obole inbox show {event}`"
    );
    Ok(match ruling {
        Ruling::Accept => format!("event {event} is processed again and counts as it says"),
        Ruling::Correct(amount) => {
            format!("event {event} is processed again and counts with {amount} euros")
        }
        Ruling::Dismiss => format!("event {event} does not count"),
    })
}
