//! Listing: one donor's euros, each with the stations it has passed.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::values::{DonationId, DonorId, MerchantId};

/// A gift as its donor follows it. A day that is there is a station passed.
#[derive(Clone, Debug, FromRow)]
pub struct DonorDonation {
    pub donation_id: DonationId,
    pub recorded_on: NaiveDate,
    pub shop: String,
    pub cause: String,
    pub association: String,
    pub amount_cents: i64,
    /// The shop's money came.
    pub collected_on: Option<NaiveDate>,
    /// The association has it.
    pub paid_out_on: Option<NaiveDate>,
    pub receipt: Option<String>,
    /// The shop gave it back.
    pub refunded_on: Option<NaiveDate>,
}

/// What one donor gave, without what was given back: gifts, cents, and cents that arrived at the associations.
#[derive(Clone, Copy, Debug, Default, FromRow)]
pub struct DonorTotal {
    pub count: i64,
    pub cents: i64,
    pub arrived_cents: i64,
}

/// A donor's gifts, newest first: at most `limit`, after the first `skip`.
pub async fn of_donor(
    db: &mut PgConnection,
    donor: DonorId,
    skip: i64,
    limit: i64,
) -> Result<Vec<DonorDonation>, sqlx::Error> {
    sqlx::query_as(
        "select d.donation_id, (d.occurred_at at time zone 'Europe/Paris')::date as recorded_on, m.name as shop, c.title as cause,
           a.name as association, d.amount_cents,
           (select occurred_on from collection_donation l join collection_state s using (collection_id)
            where l.donation_id = d.donation_id and l.live and s.state = 'settled') as collected_on,
           (select occurred_on from payout_donation l join payout_state s using (payout_id)
            where l.donation_id = d.donation_id and l.live and s.state = 'settled') as paid_out_on,
           (select number from receipt_donation l join receipt r using (receipt_id) where l.donation_id = d.donation_id and l.live) as receipt,
           (select (occurred_at at time zone 'Europe/Paris')::date from donation_refund r where r.donation_id = d.donation_id) as refunded_on
         from donation d join merchant m using (merchant_id) join cause c using (cause_id) join association a on a.association_id = d.association_id
         where d.donation_id in (select donation_id from donation where donor_id = $1 union all select donation_id from donation_claim where donor_id = $1)
         order by d.occurred_at desc, d.donation_id desc offset $2 limit $3",
    )
    .bind(donor)
    .bind(skip)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// What a donor gave in all.
pub async fn given_by(db: &mut PgConnection, donor: DonorId) -> Result<DonorTotal, sqlx::Error> {
    sqlx::query_as(
        "select count(*) as count, coalesce(sum(amount_cents), 0)::bigint as cents,
           coalesce(sum(amount_cents) filter (where exists (select from payout_donation l join payout_state s using (payout_id)
             where l.donation_id = d.donation_id and l.live and s.state = 'settled')), 0)::bigint as arrived_cents
         from donation d
         where d.donation_id in (select donation_id from donation where donor_id = $1 union all select donation_id from donation_claim where donor_id = $1)
           and not exists (select from donation_refund r where r.donation_id = d.donation_id)",
    )
    .bind(donor)
    .fetch_one(db)
    .await
}

/// Which of a merchant's donations.
#[derive(Clone, Debug)]
pub enum Which<'a> {
    Id(DonationId),
    Order(&'a str),
}

/// A donation as its merchant may see it: nothing of the donor.
#[derive(Clone, Debug, FromRow)]
pub struct MerchantDonation {
    pub donation_id: DonationId,
    pub order_id: String,
    pub amount_cents: i64,
    pub cause: String,
    pub association: String,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub refunded_at: Option<DateTime<Utc>>,
    pub collected_on: Option<NaiveDate>,
    pub paid_out_on: Option<NaiveDate>,
    pub receipted_on: Option<NaiveDate>,
}

impl MerchantDonation {
    /// The contract's word for the furthest station.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self {
                refunded_at: Some(_),
                ..
            } => "refunded",
            Self {
                receipted_on: Some(_),
                ..
            } => "receipted",
            Self {
                paid_out_on: Some(_),
                ..
            } => "paid_out",
            Self {
                collected_on: Some(_),
                ..
            } => "collected",
            _ => "recorded",
        }
    }
}

/// One of a merchant's donations.
pub async fn of_merchant(
    db: &mut PgConnection,
    merchant: MerchantId,
    which: Which<'_>,
) -> Result<Option<MerchantDonation>, sqlx::Error> {
    let id = match which {
        Which::Id(id) => id,
        Which::Order(order) => DonationId::of_order(merchant, order),
    };
    sqlx::query_as(
        "select d.donation_id, d.order_id, d.amount_cents, c.slug as cause, a.name as association, d.occurred_at, d.recorded_at,
           (select occurred_at from donation_refund r where r.donation_id = d.donation_id) as refunded_at,
           (select occurred_on from collection_donation l join collection_state s using (collection_id)
            where l.donation_id = d.donation_id and l.live and s.state = 'settled') as collected_on,
           (select occurred_on from payout_donation l join payout_state s using (payout_id)
            where l.donation_id = d.donation_id and l.live and s.state = 'settled') as paid_out_on,
           (select issued_on from receipt_donation l join receipt r using (receipt_id) where l.donation_id = d.donation_id and l.live) as receipted_on
         from donation d join cause c using (cause_id) join association a on a.association_id = d.association_id
         where merchant_id = $1 and donation_id = $2",
    )
    .bind(merchant)
    .bind(id)
    .fetch_optional(db)
    .await
}
