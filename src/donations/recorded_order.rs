//! An order's donations as they stand, beside which the order is read when it comes again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use super::record::{FundedBy, uuids};
use crate::values::DonationId;

/// An order's recorded donations together, with what was given back of them.
#[derive(Clone, Debug, FromRow)]
pub struct RecordedOrder {
    /// Its first donation.
    pub donation_id: DonationId,
    /// What was charged in all, in cents.
    pub amount_cents: i64,
    /// The order without them, in cents.
    pub order_total_cents: i64,
    pub funded_by: FundedBy,
    /// The hashes of what was told of each.
    pub content_hashes: Vec<Vec<u8>>,
    /// What was given back in all, in cents.
    pub refunded_cents: i64,
    /// The slug of the first donation's cause.
    pub cause: String,
    /// How many donations it has.
    pub donations: i16,
    /// When its last refund happened, if it has any.
    pub refund_occurred_at: Option<DateTime<Utc>>,
    /// When its last refund was recorded.
    pub refund_recorded_at: Option<DateTime<Utc>>,
}

impl RecordedOrder {
    /// What is left of it, in cents.
    #[must_use]
    pub const fn left_cents(&self) -> i64 {
        self.amount_cents - self.refunded_cents
    }

    /// What the customer paid for the whole order, in cents.
    #[must_use]
    pub const fn total_cents(&self) -> i64 {
        match self.funded_by {
            FundedBy::Donor => self.order_total_cents + self.amount_cents,
            FundedBy::Merchant => self.order_total_cents,
        }
    }
}

/// The recorded orders whose first donations these are.
pub async fn recorded_orders(
    db: &mut PgConnection,
    ids: &[DonationId],
) -> Result<BTreeMap<DonationId, RecordedOrder>, sqlx::Error> {
    let found: Vec<RecordedOrder> = sqlx::query_as(
        "select f.donation_id, c.slug as cause, o.donations, o.amount_cents,
           f.order_total_cents, f.funded_by, o.content_hashes,
           coalesce(r.cents, 0)::bigint as refunded_cents,
           r.occurred_at as refund_occurred_at, r.recorded_at as refund_recorded_at
         from donation f join cause c using (cause_id)
           cross join lateral (
             select array_agg(d.donation_id) as ids, count(*)::smallint as donations,
               sum(d.amount_cents)::bigint as amount_cents,
               array_agg(d.content_hash) as content_hashes
             from order_donation l join donation d using (donation_id)
             where l.first_id = f.donation_id) o
           cross join lateral (
             select sum(amount_cents) as cents, max(occurred_at) as occurred_at,
               max(recorded_at) as recorded_at
             from donation_refund r where r.donation_id = any(o.ids)) r
         where f.donation_id = any($1)",
    )
    .bind(uuids(ids.iter().copied()))
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().map(|d| (d.donation_id, d)).collect())
}
