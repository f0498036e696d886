//! Recording what is due, in the database transaction of what caused it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::values::{AssociationId, DonationId, MerchantId, derived_id};

/// Why something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A refund of a donation that the association has; the merchant's credit waits.
    Refund {
        merchant: MerchantId,
        donation: DonationId,
    },
    /// The association gave back more than it still held.
    Shortfall,
}

/// A refund due about to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewRefundDue {
    /// For a refund, its fact; for a shortfall, `shortfall_id`.
    pub refund_due_id: Uuid,
    pub origin: Origin,
    pub association: AssociationId,
    pub amount_cents: i64,
    pub occurred_at: DateTime<Utc>,
}

/// The id of the shortfall that a fact causes for an association.
#[must_use]
pub fn shortfall_id(fact_id: Uuid, association: AssociationId) -> Uuid {
    derived_id(&format!("shortfall:{fact_id}:{association}"))
}

/// Writes what is due.
pub async fn record(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewRefundDue],
) -> Result<(), sqlx::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let parties = |due: &NewRefundDue| match due.origin {
        Origin::Refund { merchant, donation } => ("refund", Some(merchant.0), Some(donation.0)),
        Origin::Shortfall => ("shortfall", None, None),
    };
    sqlx::query(
        "insert into refund_due (refund_due_id, origin, association_id, merchant_id, donation_id,
           amount_cents, occurred_at, recorded_at)
         select n.refund_due_id, n.origin, n.association_id, n.merchant_id, n.donation_id,
           n.amount_cents, n.occurred_at, $8
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[],
             $7::timestamptz[])
           n(refund_due_id, origin, association_id, merchant_id, donation_id, amount_cents,
             occurred_at)",
    )
    .bind(new.iter().map(|d| d.refund_due_id).collect::<Vec<_>>())
    .bind(new.iter().map(|d| parties(d).0).collect::<Vec<_>>())
    .bind(new.iter().map(|d| d.association.0).collect::<Vec<_>>())
    .bind(new.iter().map(|d| parties(d).1).collect::<Vec<_>>())
    .bind(new.iter().map(|d| parties(d).2).collect::<Vec<_>>())
    .bind(new.iter().map(|d| d.amount_cents).collect::<Vec<_>>())
    .bind(new.iter().map(|d| d.occurred_at).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
