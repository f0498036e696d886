//! Listing: one donor's donations, each with the stages it has reached, and one merchant's.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::values::{DonationId, DonorId, MerchantId, Reader};

/// A donation as its donor follows it. A day that is there is a stage reached.
#[derive(Clone, Debug, FromRow)]
pub struct DonorDonation {
    pub donation_id: DonationId,
    pub recorded_on: NaiveDate,
    pub merchant: String,
    pub cause: String,
    pub association: String,
    /// What was given, and what of it the merchant gave back.
    pub amount_cents: i64,
    pub refunded_cents: i64,
    /// The merchant's money arrived.
    pub collected_on: Option<NaiveDate>,
    /// The association has it.
    pub paid_out_on: Option<NaiveDate>,
    /// Number of its receipt.
    pub receipt: Option<String>,
    /// The merchant gave it back, whole or in part: the last day on which it did.
    pub refunded_on: Option<NaiveDate>,
}

impl DonorDonation {
    /// Whether anything of it was not given back.
    #[must_use]
    pub const fn remains(&self) -> bool {
        self.refunded_cents < self.amount_cents
    }
}

/// What one donor gave, without what was refunded: donations, cents, and cents that arrived at the
/// associations.
#[derive(Clone, Copy, Debug, Default, FromRow)]
pub struct DonorTotal {
    pub count: i64,
    pub cents: i64,
    pub arrived_cents: i64,
}

/// A donor's donations, newest first: at most `limit`, after the first `skip`.
pub async fn of_donor(
    db: &mut PgConnection,
    reader: Reader,
    donor: DonorId,
    skip: i64,
    limit: i64,
) -> Result<Vec<DonorDonation>, sqlx::Error> {
    if !reader.donors().includes(donor) {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "select d.donation_id, (d.occurred_at at time zone 'Europe/Paris')::date as recorded_on,
           m.name as merchant, c.title as cause, a.name as association, d.amount_cents,
           d.refunded_cents, d.collected_on,
           d.paid_out_on, d.receipt_number as receipt,
           (d.refunded_at at time zone 'Europe/Paris')::date as refunded_on
         from donation_progress d join merchant m using (merchant_id) join cause c using (cause_id)
         join association a on a.association_id = d.association_id
         where d.donation_id in (select donation_id from donation where donor_id = $1
           union all select donation_id from donation_claim where donor_id = $1)
         order by d.occurred_at desc, d.donation_id desc offset $2 limit $3",
    )
    .bind(donor)
    .bind(skip)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// What a donor gave in all.
pub async fn total_of_donor(
    db: &mut PgConnection,
    reader: Reader,
    donor: DonorId,
) -> Result<DonorTotal, sqlx::Error> {
    if !reader.donors().includes(donor) {
        return Ok(DonorTotal::default());
    }
    sqlx::query_as(
        "select count(*) as count,
           coalesce(sum(amount_cents - refunded_cents), 0)::bigint as cents,
           coalesce(sum(amount_cents - refunded_cents) filter (where paid_out_on is not null),
             0)::bigint as arrived_cents
         from donation_progress
         where donation_id in (select donation_id from donation where donor_id = $1
           union all select donation_id from donation_claim where donor_id = $1)
           and refunded_cents < amount_cents",
    )
    .bind(donor)
    .fetch_one(db)
    .await
}

/// A donation as its merchant may see it: nothing of the donor.
#[derive(Clone, Debug, FromRow)]
pub struct MerchantDonation {
    pub donation_id: DonationId,
    pub order_id: String,
    pub amount_cents: i64,
    /// What of it was given back.
    pub refunded_cents: i64,
    pub cause: String,
    pub association: String,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub refunded_at: Option<DateTime<Utc>>,
    pub collected_on: Option<NaiveDate>,
    pub paid_out_on: Option<NaiveDate>,
    pub receipted_on: Option<NaiveDate>,
}

/// The furthest stage of a donation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DonationStage {
    Recorded,
    Refunded,
    Collected,
    PaidOut,
    Receipted,
}

impl DonationStage {
    /// The contract's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Refunded => "refunded",
            Self::Collected => "collected",
            Self::PaidOut => "paid_out",
            Self::Receipted => "receipted",
        }
    }
}

impl MerchantDonation {
    /// The furthest stage it has reached.
    #[must_use]
    pub const fn stage(&self) -> DonationStage {
        if self.refunded_cents >= self.amount_cents {
            DonationStage::Refunded
        } else if self.receipted_on.is_some() {
            DonationStage::Receipted
        } else if self.paid_out_on.is_some() {
            DonationStage::PaidOut
        } else if self.collected_on.is_some() {
            DonationStage::Collected
        } else {
            DonationStage::Recorded
        }
    }
}

/// The donations that a condition chooses, as their merchant may see them.
macro_rules! merchant_donations {
    ($chosen:literal) => {
        concat!(
            "select d.donation_id, d.order_id, d.amount_cents, d.refunded_cents,
               c.slug as cause, a.name as association, d.occurred_at, d.recorded_at,
               d.refunded_at, d.collected_on, d.paid_out_on, d.receipted_on
             from donation_progress d join cause c using (cause_id)
             join association a on a.association_id = d.association_id
             where ($2 or merchant_id = $3) and ",
            $chosen
        )
    };
}

/// One donation, if its merchant's rows may be seen by the reader.
pub async fn find(
    db: &mut PgConnection,
    reader: Reader,
    donation: DonationId,
) -> Result<Option<MerchantDonation>, sqlx::Error> {
    let scope = reader.merchants();
    sqlx::query_as(merchant_donations!("donation_id = $1"))
        .bind(donation)
        .bind(scope.sees_all())
        .bind(scope.only())
        .fetch_optional(db)
        .await
}

/// The donations of a merchant's order, if the reader may see them: most often one.
pub async fn find_by_order(
    db: &mut PgConnection,
    reader: Reader,
    merchant: MerchantId,
    order_id: &str,
) -> Result<Vec<MerchantDonation>, sqlx::Error> {
    let scope = reader.merchants();
    sqlx::query_as(merchant_donations!(
        "donation_id in (select donation_id from order_donation where first_id = $1)
         order by d.ordinal"
    ))
    .bind(DonationId::of_order(merchant, order_id))
    .bind(scope.sees_all())
    .bind(scope.only())
    .fetch_all(db)
    .await
}
