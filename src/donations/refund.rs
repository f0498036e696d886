//! Refunds: the shop gave the euro back. Before its collection nobody owes it any more; after, the shop is credited;
//! once it is with the association, a person decides.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use super::record::{RecordError, uuids};
use crate::ledger::{self, Fact};
use crate::values::{Amount, DonationId, EventId};

/// A refund that a shop told.
#[derive(Clone, Debug)]
pub struct NewRefund {
    pub donation_id: DonationId,
    pub refund_id: String,
    pub event_id: EventId,
    pub occurred_at: DateTime<Utc>,
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    Done,
    /// The euro was already given back; once is enough.
    Already,
    /// Its donation is not here yet.
    Unknown,
    /// The euro is already with the association, or on its way.
    PaidOut,
}

#[derive(FromRow)]
struct State {
    donation_id: DonationId,
    merchant: String,
    association: String,
    amount_cents: i64,
    refunded: bool,
    collected: bool,
    paid_out: bool,
}

/// Records a batch of refunds and posts them, while the caller holds the settlement gate open: a run that prepares collections or
/// payouts waits for us, or we for it, so that no euro is refunded and collected in the same moment. Answers what became of each,
/// in order.
pub async fn refund(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewRefund],
) -> Result<Vec<RefundOutcome>, RecordError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let states: Vec<State> = sqlx::query_as(
        "select donation_id, m.slug as merchant, a.slug as association, amount_cents,
           exists (select from donation_refund r where r.donation_id = d.donation_id) as refunded,
           exists (select from collection_donation c where c.donation_id = d.donation_id and c.live) as collected,
           exists (select from payout_donation p where p.donation_id = d.donation_id and p.live) as paid_out
         from donation d join merchant m using (merchant_id) join association a using (association_id)
         where donation_id = any($1)",
    )
    .bind(uuids(new.iter().map(|r| r.donation_id)))
    .fetch_all(&mut *db)
    .await?;
    let mut states: BTreeMap<DonationId, State> =
        states.into_iter().map(|s| (s.donation_id, s)).collect();
    let mut outcomes = Vec::with_capacity(new.len());
    let (mut rows, mut transfers) = (Vec::new(), Vec::new());
    for r in new {
        outcomes.push(match states.get_mut(&r.donation_id) {
            None => RefundOutcome::Unknown,
            Some(s) if s.refunded => RefundOutcome::Already,
            Some(s) if s.paid_out => RefundOutcome::PaidOut,
            Some(s) => {
                s.refunded = true;
                let fact = Fact {
                    id: r.donation_id.0,
                    occurred_at: r.occurred_at,
                };
                let amount =
                    Amount::from_cents(s.amount_cents).map_err(|_| ledger::PostError::Overflow)?;
                transfers.push(if s.collected {
                    ledger::donation_refunded_late(fact, &s.merchant, &s.association, amount)
                } else {
                    ledger::donation_refunded(fact, &s.merchant, &s.association, amount)
                });
                rows.push((r, s.collected));
                RefundOutcome::Done
            }
        });
    }
    let inserted = sqlx::query(
        "insert into donation_refund (donation_id, refund_id, event_id, after_collection, occurred_at, recorded_at)
         select *, $6 from unnest($1::uuid[], $2::text[], $3::uuid[], $4::boolean[], $5::timestamptz[]) on conflict do nothing",
    )
    .bind(rows.iter().map(|(r, _)| r.donation_id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(r, _)| r.refund_id.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|(r, _)| r.event_id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, late)| *late).collect::<Vec<_>>())
    .bind(rows.iter().map(|(r, _)| r.occurred_at).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *db)
    .await?;
    if inserted.rows_affected() != rows.len() as u64 {
        return Err(RecordError::Known);
    }
    ledger::post(db, now, &transfers).await?;
    Ok(outcomes)
}
