//! Preparing a month's collections: per shop, what it took and has not yet been asked for.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::db::{self, Partition};
use crate::ledger::{self, Fact, PostError};
use crate::values::{
    Amount, CollectionId, MerchantId, Period, euros, paris_midnight, rf_reference,
};

/// Why a month could not be prepared; nothing of it then is.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error("{0} is not over: collections are prepared from the first day of the next month on")]
    NotOver(Period),
    #[error("a reference could not be made: {0}")]
    Reference(String),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

#[derive(FromRow)]
struct Prepared {
    collection_id: CollectionId,
    slug: String,
    amount_cents: i64,
}

/// Prepares the collections of a month for a part of the shops, once: what is already asked for is not asked for again.
///
/// A gift that was told after its month was collected goes with the next month.
pub async fn prepare(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
    partition: &Partition,
) -> Result<(), PrepareError> {
    if on <= period.last_day() {
        return Err(PrepareError::NotOver(period));
    }
    db::settlement_lock::lock_partition(tx, partition).await?;
    db::disable_nested_loops(tx).await?;
    let merchants: Vec<MerchantId> = sqlx::query_scalar(
        "select merchant_id from merchant where partition_of(merchant_id) = any($1) order by slug",
    )
    .bind(partition.keys())
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<CollectionId> = merchants.iter().map(|_| CollectionId::new()).collect();
    // The random half of the id, so that a reference tells nothing.
    let references = ids
        .iter()
        .map(|id| rf_reference(&id.0.simple().to_string().split_off(12).to_uppercase()));
    let references: Vec<String> = references
        .collect::<Result<_, _>>()
        .map_err(PrepareError::Reference)?;
    // One pass: gifts are looked for once, counted by shop, and linked. Links go in the order of their shop's collection.
    let prepared: Vec<Prepared> = sqlx::query_as(
        "with gifts as materialized (
           select donation_id, merchant_id, amount_cents from donation d
           where merchant_id = any($1) and occurred_at < $2
             and not exists (select from donation_refund r where r.donation_id = d.donation_id)
             and not exists (select from collection_donation c where c.donation_id = d.donation_id and c.live)),
         credits as materialized (
           select donation_id, merchant_id, amount_cents from donation_refund r join donation using (donation_id)
           where merchant_id = any($1) and after_collection
             and not exists (select from collection_credit c where c.donation_id = r.donation_id and c.live)),
         due as (
           select collection_id, merchant_id, reference, g.count, g.cents - coalesce(c.cents, 0) as amount_cents
           from unnest($1::uuid[], $3::uuid[], $4::text[]) n(merchant_id, collection_id, reference)
           join (select merchant_id, count(*)::int as count, sum(amount_cents)::bigint as cents from gifts group by merchant_id) g using (merchant_id)
           left join (select merchant_id, sum(amount_cents)::bigint as cents from credits group by merchant_id) c using (merchant_id)
           where g.cents > coalesce(c.cents, 0)
             and not exists (select from collection o where o.merchant_id = n.merchant_id and o.period = $5)),
         prepared as (
           insert into collection (collection_id, merchant_id, period, method, count, amount_cents, reference, prepared_on, prepared_at)
           select collection_id, merchant_id, $5, collect_method, count, amount_cents, reference, $6, $7 from due join merchant using (merchant_id)),
         submitted as (insert into collection_state select collection_id, 'submitted', $6, $7 from due),
         linked as (
           insert into collection_donation (donation_id, collection_id)
           select donation_id, collection_id from gifts join due using (merchant_id) order by collection_id),
         credited as (
           insert into collection_credit (donation_id, collection_id)
           select donation_id, collection_id from credits join due using (merchant_id))
         select collection_id, slug, amount_cents from due join merchant using (merchant_id)",
    )
    .bind(merchants.iter().map(|m| m.0).collect::<Vec<_>>())
    .bind(period.ends_at())
    .bind(ids.iter().map(|c| c.0).collect::<Vec<_>>())
    .bind(references)
    .bind(period.first_day())
    .bind(on)
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    db::enable_nested_loops(tx).await?;
    let mut transfers = Vec::with_capacity(prepared.len());
    for p in &prepared {
        let amount = Amount::from_cents(p.amount_cents).map_err(|_| PostError::Overflow)?;
        transfers.push(ledger::collection_submitted(
            Fact {
                id: p.collection_id.0,
                occurred_at: paris_midnight(on),
            },
            &p.slug,
            amount,
        ));
    }
    ledger::post(tx, now, &transfers).await?;
    Ok(())
}

/// A collection as people and programs see it.
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
    /// Euros given back after an earlier collection, taken off this one.
    pub credited: String,
    #[serde(skip)]
    pub credited_cents: i64,
    pub method: String,
    pub reference: String,
    pub state: String,
    pub file: Option<String>,
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
    method: String,
    reference: String,
    state: String,
}

/// The collections of a month, by shop; of all months without one.
pub async fn list(
    db: &mut PgConnection,
    period: Option<Period>,
) -> Result<Vec<Collection>, sqlx::Error> {
    listed(db, period, false, None).await
}

/// Collections whose statements have not left.
pub async fn unmailed(db: &mut PgConnection) -> Result<Vec<Collection>, sqlx::Error> {
    listed(db, None, true, None).await
}

/// Notes that a statement was sent.
pub async fn mark_mailed(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    collection: CollectionId,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into collection_mail values ($1, $2) on conflict do nothing")
        .bind(collection)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// A merchant's collections: of a month, or all.
pub async fn of_merchant(
    db: &mut PgConnection,
    merchant: MerchantId,
    period: Option<Period>,
) -> Result<Vec<Collection>, sqlx::Error> {
    listed(db, period, false, Some(merchant)).await
}

async fn listed(
    db: &mut PgConnection,
    period: Option<Period>,
    unmailed: bool,
    merchant: Option<MerchantId>,
) -> Result<Vec<Collection>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select collection_id, merchant_id, period, m.slug as merchant, m.name as merchant_name, m.email as merchant_email, count, amount_cents,
           coalesce((select sum(d.amount_cents) from collection_credit x join donation d using (donation_id)
                     where x.collection_id = c.collection_id), 0)::bigint as credited_cents,
           method, reference, (select state from collection_state s where s.collection_id = c.collection_id order by array_position($2, state) desc limit 1) as state
         from collection c join merchant m using (merchant_id)
         where ($1::date is null or period = $1)
           and (not $3 or not exists (select from collection_mail x where x.collection_id = c.collection_id))
           and ($4::uuid is null or merchant_id = $4) order by period, m.slug",
    )
    .bind(period.map(Period::first_day))
    .bind(["submitted", "settled", "rejected", "returned"])
    .bind(unmailed)
    .bind(merchant)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Collection {
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
            method: r.method,
            reference: r.reference,
            state: r.state,
            file: None,
        })
        .collect())
}
