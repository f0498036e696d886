//! Refunds: the merchant gave the donation back. Before its collection nobody owes it any more;
//! after, the merchant is credited; once it is with the association, a person decides.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::record::{RecordError, uuids};
use crate::ledger::{self, Fact, Parties, PostError, Transfer};
use crate::values::{Amount, DonationId, EventId, derived_id};

/// A refund that an event reports.
#[derive(Clone, Debug)]
pub struct NewRefund {
    pub donation_id: DonationId,
    /// The merchant's own name for the refund.
    pub refund_id: String,
    /// How much was given back; none for all that is left.
    pub amount: Option<Amount>,
    pub event_id: EventId,
    pub occurred_at: DateTime<Utc>,
}

impl NewRefund {
    /// Names the refund in the ledger.
    fn fact_id(&self) -> Uuid {
        derived_id(&format!("refund:{}:{}", self.donation_id, self.refund_id))
    }
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    Done,
    /// The donation was already given back; once is enough.
    Already,
    /// Its donation is not here yet.
    Unknown,
    /// The donation is already with the association, or on its way.
    PaidOut,
}

/// A donation as a refund finds it.
#[derive(FromRow)]
struct RefundedDonation {
    donation_id: DonationId,
    merchant: String,
    association: String,
    amount_cents: i64,
    refunded: bool,
    collected: bool,
    paid_out: bool,
}

/// A refund about to be written.
struct RefundRow<'a> {
    refund: &'a NewRefund,
    amount: Amount,
    after_collection: bool,
}

/// Records a batch of refunds and posts them. Returns what became of each, in order.
///
/// The caller holds the settlement lock shared: a run that prepares collections or payouts waits
/// for it, or it for the run, so that no donation is refunded and collected in the same moment.
///
/// # Errors
/// `RecordError::Known` when another transaction refunded one of these donations meanwhile.
pub async fn refund(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewRefund],
) -> Result<Vec<RefundOutcome>, RecordError> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let mut donations = load(db, new).await?;
    let mut outcomes = Vec::with_capacity(new.len());
    let (mut rows, mut transfers) = (Vec::new(), Vec::new());
    for refund in new {
        outcomes.push(match donations.get_mut(&refund.donation_id) {
            None => RefundOutcome::Unknown,
            Some(d) if d.refunded => RefundOutcome::Already,
            Some(d) if d.paid_out => RefundOutcome::PaidOut,
            Some(d) => {
                d.refunded = true;
                let amount = Amount::from_cents(d.amount_cents).map_err(|_| PostError::Overflow)?;
                transfers.push(transfer(refund, d, amount));
                rows.push(RefundRow {
                    refund,
                    amount,
                    after_collection: d.collected,
                });
                RefundOutcome::Done
            }
        });
    }
    // In one order everywhere, because writing a refund locks its donation.
    rows.sort_unstable_by_key(|r| r.refund.donation_id);
    insert(db, now, &rows).await?;
    ledger::post(db, now, &transfers).await?;
    Ok(outcomes)
}

async fn load(
    db: &mut PgConnection,
    new: &[NewRefund],
) -> Result<BTreeMap<DonationId, RefundedDonation>, sqlx::Error> {
    let found: Vec<RefundedDonation> = sqlx::query_as(
        "select donation_id, m.slug as merchant, a.slug as association, amount_cents,
           exists (select 1 from donation_refund r where r.donation_id = d.donation_id) as refunded,
           exists (select 1 from collection_donation c
                   where c.donation_id = d.donation_id and c.live) as collected,
           exists (select 1 from payout_donation p
                   where p.donation_id = d.donation_id and p.live) as paid_out
         from donation d join merchant m using (merchant_id)
           join association a using (association_id)
         where donation_id = any($1)",
    )
    .bind(uuids(new.iter().map(|r| r.donation_id)))
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().map(|d| (d.donation_id, d)).collect())
}

fn transfer(refund: &NewRefund, d: &RefundedDonation, amount: Amount) -> Transfer {
    let fact = Fact {
        id: refund.fact_id(),
        occurred_at: refund.occurred_at,
    };
    let of = Parties {
        merchant: &d.merchant,
        association: &d.association,
    };
    if d.collected {
        ledger::donation_refunded_late(fact, of, amount)
    } else {
        ledger::donation_refunded(fact, of, amount)
    }
}

async fn insert(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    rows: &[RefundRow<'_>],
) -> Result<(), RecordError> {
    sqlx::query(
        "insert into donation_refund
           (donation_id, refund_id, fact_id, amount_cents, event_id, after_collection,
             occurred_at, recorded_at)
         select n.donation_id, n.refund_id, n.fact_id, n.amount_cents, n.event_id, n.late,
           n.occurred_at, $8
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::uuid[], $6::boolean[],
           $7::timestamptz[])
           n(donation_id, refund_id, fact_id, amount_cents, event_id, late, occurred_at)",
    )
    .bind(
        rows.iter()
            .map(|r| r.refund.donation_id.0)
            .collect::<Vec<_>>(),
    )
    .bind(
        rows.iter()
            .map(|r| r.refund.refund_id.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(rows.iter().map(|r| r.refund.fact_id()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.amount.cents()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.refund.event_id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.after_collection).collect::<Vec<_>>())
    .bind(
        rows.iter()
            .map(|r| r.refund.occurred_at)
            .collect::<Vec<_>>(),
    )
    .bind(now)
    .execute(db)
    .await
    .map_err(|error| match &error {
        sqlx::Error::Database(e)
            if e.is_unique_violation()
                || e.constraint() == Some("donation_refund_within_donation") =>
        {
            RecordError::Known
        }
        _ => RecordError::Database(error),
    })?;
    Ok(())
}
