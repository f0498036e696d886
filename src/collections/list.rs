//! Collections as people and programs see them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::CollectionState;
use crate::rails::Rail;
use crate::values::{CollectionId, MerchantId, Period, Reader, euros};

/// A collection. Amounts as decimal strings of euros, and in cents.
#[derive(Clone, Debug, Serialize)]
pub struct Collection {
    #[serde(serialize_with = "crate::values::as_text")]
    pub collection_id: CollectionId,
    #[serde(skip)]
    pub merchant_id: MerchantId,
    #[serde(serialize_with = "crate::values::as_text")]
    pub period: Period,
    pub merchant: String,
    #[serde(skip)]
    pub merchant_name: String,
    #[serde(skip)]
    pub merchant_email: String,
    pub count: i32,
    pub amount: String,
    #[serde(skip)]
    pub amount_cents: i64,
    /// Refunds of donations collected before, taken off this one.
    pub credited: String,
    #[serde(skip)]
    pub credited_cents: i64,
    /// Credit that the statement before left, taken off this one.
    pub credit_before: String,
    /// Credit that is left for the next.
    pub credit_left: String,
    #[serde(rename = "method")]
    pub rail: Rail,
    pub reference: String,
    pub state: CollectionState,
    /// Where its statement was written.
    pub file: Option<String>,
}

/// Which collections to list.
#[derive(Clone, Copy, Debug)]
pub enum CollectionFilter {
    /// Of every month.
    All,
    /// Of one month.
    Month(Period),
    /// Those whose statements have not left.
    Unmailed,
}

#[derive(FromRow)]
struct Row {
    collection_id: CollectionId,
    merchant_id: MerchantId,
    period: NaiveDate,
    merchant: String,
    merchant_name: String,
    merchant_email: String,
    count: i32,
    amount_cents: i64,
    credited_cents: i64,
    credit_before_cents: i64,
    credit_left_cents: i64,
    rail: Rail,
    reference: String,
    state: CollectionState,
}

impl From<Row> for Collection {
    fn from(r: Row) -> Self {
        Self {
            collection_id: r.collection_id,
            merchant_id: r.merchant_id,
            period: Period::of(r.period),
            merchant: r.merchant,
            merchant_name: r.merchant_name,
            merchant_email: r.merchant_email,
            count: r.count,
            amount: euros(r.amount_cents),
            amount_cents: r.amount_cents,
            credited: euros(r.credited_cents),
            credited_cents: r.credited_cents,
            credit_before: euros(r.credit_before_cents),
            credit_left: euros(r.credit_left_cents),
            rail: r.rail,
            reference: r.reference,
            state: r.state,
            file: None,
        }
    }
}

/// The collections that a reader may see, by month and merchant.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
    filter: CollectionFilter,
) -> Result<Vec<Collection>, sqlx::Error> {
    let scope = reader.merchants();
    let period = match filter {
        CollectionFilter::Month(period) => Some(period.first_day()),
        CollectionFilter::All | CollectionFilter::Unmailed => None,
    };
    let rows: Vec<Row> = sqlx::query_as(
        "select collection_id, merchant_id, period, m.slug as merchant, m.name as merchant_name,
           m.email as merchant_email, count, amount_cents,
           (coalesce((select sum(r.amount_cents)
                      from collection_credit x join donation_refund r using (fact_id)
                      where x.collection_id = c.collection_id), 0)
             + coalesce((select sum(s.amount_cents) from collection_settled_claim x
                         join refund_due_settlement s using (refund_due_id, n)
                         where x.collection_id = c.collection_id), 0))::bigint as credited_cents,
           coalesce((select o.credit_left_cents from collection o
                     where o.merchant_id = c.merchant_id
                       and (o.prepared_at, o.collection_id) < (c.prepared_at, c.collection_id)
                     order by o.prepared_at desc, o.collection_id desc limit 1), 0)
             as credit_before_cents,
           c.credit_left_cents,
           coalesce((select a.rail from collection_attempt a
                     where a.collection_id = c.collection_id
                       order by a.n desc limit 1), m.rail) as rail,
           reference,
           (select s.state from collection_state s
            where s.collection_id = c.collection_id order by s.n desc limit 1) as state
         from collection c join merchant m using (merchant_id)
         where ($1 or merchant_id = $2) and ($3::date is null or period = $3)
           and (not $4 or not exists (
             select 1 from collection_mail x where x.collection_id = c.collection_id))
         order by period, m.slug",
    )
    .bind(scope.sees_all())
    .bind(scope.only())
    .bind(period)
    .bind(matches!(filter, CollectionFilter::Unmailed))
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Collection::from).collect())
}

/// Notes that a statement was sent.
pub async fn mark_mailed(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    collection: CollectionId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into collection_mail (collection_id, sent_at) values ($1, $2)
          on conflict do nothing",
    )
    .bind(collection)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}
