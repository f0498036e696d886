//! What a merchant's statement adds up to: its donations less what was given back, and the credit
//! that carries from one statement to the next.

use std::collections::HashMap;

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};

use crate::values::{CollectionId, MerchantId};

/// The sums of a statement, in cents: what it asks for is `donated` less `refunded`,
/// `refunded_earlier`, `refunded_late`, `credit_before` and `other_credit`, plus `taken_elsewhere`
/// and `credit_left`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct StatementSums {
    /// How many donations it lists.
    pub donations: i32,
    pub donated_cents: i64,
    /// Given back of the donations that it lists.
    pub refunded_cents: i64,
    /// Given back of donations of earlier statements.
    pub refunded_earlier_cents: i64,
    /// Given back of donations that their associations had, as far as somebody decided since the
    /// statement before who bears it.
    pub refunded_late_cents: i64,
    /// What the statement before left to take off.
    pub credit_before_cents: i64,
    /// What a payment that was refused or taken back is already asked for less.
    pub taken_elsewhere_cents: i64,
    pub other_credit_cents: i64,
    /// What is left to take off the next.
    pub credit_left_cents: i64,
}

impl StatementSums {
    /// What the statement asks for, in cents.
    #[must_use]
    pub const fn asked_cents(&self) -> i64 {
        self.donated_cents
            - self.refunded_cents
            - self.refunded_earlier_cents
            - self.refunded_late_cents
            - self.credit_before_cents
            - self.other_credit_cents
            + self.taken_elsewhere_cents
            + self.credit_left_cents
    }
}

#[derive(FromRow)]
struct Row {
    collection_id: CollectionId,
    #[sqlx(flatten)]
    sums: StatementSums,
}

/// The sums of the statements of these collections.
pub async fn sums(
    db: &mut PgConnection,
    collections: &[CollectionId],
) -> Result<HashMap<CollectionId, StatementSums>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select c.collection_id, c.count + coalesce(g.count, 0) as donations,
           c.amount_cents - c.carried_cents + coalesce(k.cents, 0) + coalesce(q.cents, 0)
             + coalesce(g.cents, 0) as donated_cents,
           coalesce(k.own_cents, 0) + coalesce(g.cents, 0) as refunded_cents,
           coalesce(k.cents - k.own_cents - k.late_cents, 0) as refunded_earlier_cents,
           coalesce(k.late_cents, 0) + coalesce(q.cents, 0) as refunded_late_cents,
           coalesce(-y.credit_before, 0) as credit_before_cents,
           coalesce(y.taken_elsewhere, 0) as taken_elsewhere_cents,
           coalesce(-y.other_credit, 0) as other_credit_cents, c.credit_left_cents
         from collection c
         left join (
           select x.collection_id, sum(r.amount_cents)::bigint as cents,
             coalesce(sum(r.amount_cents) filter (where r.stage = 'paid_out'), 0)::bigint
               as late_cents,
             coalesce(sum(r.amount_cents) filter (where r.stage <> 'paid_out' and exists (
               select 1 from collection_donation l where l.donation_id = r.donation_id
                 and l.live and l.collection_id = x.collection_id)), 0)::bigint as own_cents
           from collection_credit x join donation_refund r using (fact_id)
           where x.collection_id = any($1) group by x.collection_id) k using (collection_id)
         left join (
           select x.collection_id, sum(s.amount_cents)::bigint as cents
           from collection_settled_claim x join refund_due_settlement s using (refund_due_id, n)
           where x.collection_id = any($1) group by x.collection_id) q using (collection_id)
         left join (
           select g.collection_id, count(*)::int as count, sum(d.amount_cents)::bigint as cents
           from collection_given_back g cross join lateral (
             select d.amount_cents from donation d where d.donation_id = g.donation_id limit 1) d
           where g.collection_id = any($1) group by g.collection_id) g using (collection_id)
         left join (
           select collection_id,
             (sum(cents) filter (where kind = 'credit_before'))::bigint as credit_before,
             (sum(cents) filter (where kind = 'taken_elsewhere'))::bigint as taken_elsewhere,
             (sum(cents) filter (where kind = 'other_credit'))::bigint as other_credit
           from collection_carry where collection_id = any($1)
           group by collection_id) y using (collection_id)
         where c.collection_id = any($1)",
    )
    .bind(collections.iter().map(|c| c.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| (r.collection_id, r.sums))
        .collect())
}

/// A payment that was refused or taken back, and of which something is still owed.
#[derive(Clone, Debug, FromRow)]
pub struct FailedPayment {
    pub merchant_id: MerchantId,
    pub period: NaiveDate,
    pub amount_cents: i64,
    pub reference: String,
    /// The day on which the bank took it back; none where it was refused.
    pub returned_on: Option<NaiveDate>,
}

/// The payments of these merchants that did not stay, oldest first.
pub async fn failed_payments(
    db: &mut PgConnection,
    merchants: &[MerchantId],
) -> Result<Vec<FailedPayment>, sqlx::Error> {
    sqlx::query_as(
        "select merchant_id, period, amount_cents, reference, returned_on from failed_collection
         where merchant_id = any($1) and left_cents > 0 order by period, reference",
    )
    .bind(merchants.iter().map(|m| m.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await
}

/// A payment that a merchant's bank took back, as the next statement lists it.
#[derive(Clone, Debug, FromRow)]
pub struct ReturnedPayment {
    /// The collection whose statement lists it.
    pub collection_id: CollectionId,
    /// The month that it had paid.
    pub period: NaiveDate,
    pub reference: String,
    pub occurred_on: NaiveDate,
    pub amount_cents: i64,
}

/// The payments taken back that the statements of these collections list, by day.
pub async fn returned_payments(
    db: &mut PgConnection,
    collections: &[CollectionId],
) -> Result<Vec<ReturnedPayment>, sqlx::Error> {
    sqlx::query_as(
        "select collection_id, period, reference, occurred_on, amount_cents from statement_return
         where collection_id = any($1) order by occurred_on, reference",
    )
    .bind(collections.iter().map(|c| c.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await
}

/// What these merchants gave back of donations that their associations had, and that waits for a
/// decision, in cents; merchants without are left out.
pub async fn waiting_credits(
    db: &mut PgConnection,
    merchants: &[MerchantId],
) -> Result<HashMap<MerchantId, i64>, sqlx::Error> {
    let waiting: Vec<(MerchantId, i64)> = sqlx::query_as(
        "select merchant_id, sum(open_cents)::bigint from open_refund_due
         where origin = 'refund' and merchant_id = any($1) group by merchant_id",
    )
    .bind(merchants.iter().map(|m| m.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    Ok(waiting.into_iter().collect())
}
