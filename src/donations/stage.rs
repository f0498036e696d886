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
    pub donation_id: DonationId,
    pub merchant_id: MerchantId,
    pub merchant: String,
    pub association_id: AssociationId,
    pub association: String,
    pub amount_cents: i64,
    pub refunded_cents: i64,
    /// The merchant's names of the refunds so far.
    pub refund_ids: Vec<String>,
    /// The state of its collection, if it was ever asked for.
    pub collection_state: Option<String>,
    /// Whether it is in a payout that left for the bank and did not come back.
    pub has_left: bool,
}

impl RefundedDonation {
    pub fn stage(&self) -> Stage {
        match self.collection_state.as_deref() {
            _ if self.has_left => Stage::PaidOut,
            Some("settled") => Stage::Arrived,
            Some("written_off") => Stage::WrittenOff,
            _ => Stage::Pending,
        }
    }
}

/// The donations of these ids that are recorded.
pub(super) async fn load(
    db: &mut PgConnection,
    ids: impl Iterator<Item = DonationId>,
) -> Result<BTreeMap<DonationId, RefundedDonation>, sqlx::Error> {
    let found: Vec<RefundedDonation> = sqlx::query_as(
        "select d.donation_id, d.merchant_id, m.slug as merchant, d.association_id,
           a.slug as association, d.amount_cents,
           coalesce((select sum(r.amount_cents) from donation_refund r
             where r.donation_id = d.donation_id), 0)::bigint as refunded_cents,
           array(select r.refund_id from donation_refund r
             where r.donation_id = d.donation_id) as refund_ids,
           (select s.state from collection_donation c join collection_state s using (collection_id)
            where c.donation_id = d.donation_id and c.live order by s.n desc limit 1)
             as collection_state,
           coalesce((select s.state in ('submitted', 'settled')
            from payout_donation p join payout_state s using (payout_id)
            where p.donation_id = d.donation_id and p.live order by s.n desc limit 1), false)
             as has_left
         from donation d join merchant m using (merchant_id)
           join association a using (association_id)
         where d.donation_id = any($1)",
    )
    .bind(uuids(ids))
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().map(|d| (d.donation_id, d)).collect())
}
