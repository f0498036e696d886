//! How far a donation has come, as a refund finds it.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgConnection};

use super::record::uuids;
use crate::values::{AssociationId, DonationId, MerchantId};

/// The stage that decides how a refund is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Promised: not arrived, asked for or not.
    Pending,
    /// Its collection settled, and it is in no payout that left.
    Arrived,
    /// In a payout that left.
    PaidOut,
    /// Its collection was written off.
    WrittenOff,
}

impl Stage {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Arrived => "arrived",
            Self::PaidOut => "paid_out",
            Self::WrittenOff => "written_off",
        }
    }
}

/// A donation as a refund finds it.
#[derive(FromRow)]
pub(super) struct RefundedDonation {
    /// The first donation of its order.
    pub first: DonationId,
    pub donation_id: DonationId,
    pub merchant_id: MerchantId,
    pub merchant: String,
    /// The merchant's own name for the order.
    pub order_id: String,
    pub association_id: AssociationId,
    pub association: String,
    /// The slug of its cause.
    pub cause: String,
    pub amount_cents: i64,
    pub refunded_cents: i64,
    /// The merchant's names of the refunds so far.
    pub refund_ids: Vec<String>,
    /// How much each gave back, in their order, in cents.
    pub refund_cents: Vec<i64>,
    /// The state of its collection, if it was ever asked for.
    pub collection_state: Option<String>,
    /// Whether its order was told again and waits for a person.
    pub has_order_set_aside: bool,
    /// Whether it is in a payout that left for the bank and did not come back.
    pub has_left: bool,
}

impl RefundedDonation {
    /// What is left of it, in cents.
    pub const fn left_cents(&self) -> i64 {
        self.amount_cents - self.refunded_cents
    }

    /// How much a refund of this name gave back, in cents.
    pub fn refunded_as(&self, refund_id: &str) -> Option<i64> {
        let n = self.refund_ids.iter().position(|id| id == refund_id)?;
        self.refund_cents.get(n).copied()
    }

    pub fn stage(&self) -> Stage {
        match self.collection_state.as_deref() {
            _ if self.has_left => Stage::PaidOut,
            Some("settled") => Stage::Arrived,
            Some("written_off") => Stage::WrittenOff,
            _ => Stage::Pending,
        }
    }
}

/// The donations of the orders whose first donations these are, as far as they are recorded: by
/// the first, in their order.
pub(super) async fn load(
    db: &mut PgConnection,
    ids: impl Iterator<Item = DonationId>,
) -> Result<BTreeMap<DonationId, Vec<RefundedDonation>>, sqlx::Error> {
    let found: Vec<RefundedDonation> = sqlx::query_as(
        "select f.first_id as first, d.donation_id, d.merchant_id, m.slug as merchant,
           d.order_id, d.association_id, a.slug as association, c.slug as cause,
           d.amount_cents,
           coalesce((select sum(r.amount_cents) from donation_refund r
             where r.donation_id = d.donation_id), 0)::bigint as refunded_cents,
           array(select r.refund_id from donation_refund r
             where r.donation_id = d.donation_id order by r.refund_id) as refund_ids,
           array(select r.amount_cents from donation_refund r
             where r.donation_id = d.donation_id order by r.refund_id) as refund_cents,
           (select case when exists (select 1 from borne_donation b
                where b.donation_id = d.donation_id) then 'settled' else s.state end
            from collection_donation c join collection_state s using (collection_id)
            where c.donation_id = d.donation_id and c.live order by s.n desc limit 1)
             as collection_state,
           coalesce((select s.state in ('submitted', 'settled')
            from payout_donation p join payout_state s using (payout_id)
            where p.donation_id = d.donation_id and p.live order by s.n desc limit 1), false)
             as has_left,
           exists (select 1 from open_case o where o.donation_id = f.first_id
             and o.kind in ('second-order', 'donation-raised')) as has_order_set_aside
         from order_donation f join donation d using (donation_id)
           join merchant m on m.merchant_id = d.merchant_id
           join association a on a.association_id = d.association_id
           join cause c on c.cause_id = d.cause_id
         where f.first_id = any($1) order by f.first_id, f.ordinal",
    )
    .bind(uuids(ids))
    .fetch_all(db)
    .await?;
    let mut orders: BTreeMap<DonationId, Vec<RefundedDonation>> = BTreeMap::new();
    for d in found {
        orders.entry(d.first).or_default().push(d);
    }
    Ok(orders)
}
