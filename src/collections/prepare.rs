//! Preparing a month's collections: per merchant, the donations that it charged and was not yet
//! asked for.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::db::{self, Partition, settlement_lock};
use crate::ledger::PostError;
use crate::rails::transfer;
use crate::values::{CollectionId, MerchantId, Period, SetAside};

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

/// Finds each merchant's donations once, counts them, and links them in the order of their
/// collection. What is asked for is what the merchant owes for them by its account: beside later
/// donations, and beside collections that failed and are asked for again by themselves, as far as
/// their donations were not given back meanwhile. Donations given back whole before they were asked
/// for are only listed.
const PREPARE: &str = "with unasked as materialized (
       select d.donation_id, d.merchant_id, d.amount_cents,
         coalesce(r.taken_cents, 0) as taken_cents
       from donation d left join refund_taken r using (donation_id)
       where d.merchant_id = any($1) and d.occurred_at < $2
         and not exists (
           select 1 from collection_donation c where c.donation_id = d.donation_id and c.live)),
     donations as not materialized (
       select donation_id, merchant_id, amount_cents from unasked
       where amount_cents > taken_cents),
     given_back as (
       select u.donation_id, u.merchant_id from unasked u
       where u.amount_cents <= u.taken_cents and not exists (
         select 1 from collection_given_back g where g.donation_id = u.donation_id)),
     later as (
       select d.merchant_id, sum(d.amount_cents - coalesce(r.taken_cents, 0))::bigint as cents
       from donation d left join refund_taken r using (donation_id)
       where d.merchant_id = any($1) and d.occurred_at >= $2 and not exists (
         select 1 from collection_donation c where c.donation_id = d.donation_id and c.live)
       group by d.merchant_id),
     failed as (
       select merchant_id, sum(left_cents)::bigint as cents from failed_collection
       where merchant_id = any($1) group by merchant_id),
     receivable as (
       select m.merchant_id, b.debits_cents - b.credits_cents as cents
       from merchant m join account a on a.kind = 'merchant_receivable' and a.owner = m.slug
       join account_balance b using (account_id) where m.merchant_id = any($1)),
     credits as materialized (
       select r.fact_id, null::smallint as n, d.merchant_id, r.amount_cents
       from donation_refund r join donation d using (donation_id)
       where d.merchant_id = any($1) and r.stage in ('pending', 'arrived')
         and not exists (select 1 from collection_credit c where c.fact_id = r.fact_id and c.live)
         and (exists (select 1 from donations n where n.donation_id = r.donation_id)
           or exists (select 1 from collection_donation c
             where c.donation_id = r.donation_id and c.live))
       union all
       select s.refund_due_id, s.n, u.merchant_id, s.amount_cents
       from refund_due_settlement s join refund_due u using (refund_due_id)
       where u.merchant_id = any($1)
         and not exists (select 1 from collection_settled_claim c
           where c.refund_due_id = s.refund_due_id and c.n = s.n)
         and not exists (
           select 1 from collection_credit c where c.fact_id = s.refund_due_id and c.live)),
     due as (
       select n.collection_id, n.merchant_id, n.reference, g.count,
         g.cents - coalesce(c.cents, 0) as lines_cents,
         greatest(v.cents - coalesce(l.cents, 0) - coalesce(f.cents, 0), 0) as amount_cents,
         greatest(coalesce(l.cents, 0) + coalesce(f.cents, 0) - v.cents, 0) as credit_left_cents
       from unnest($1::uuid[], $3::uuid[], $4::text[]) n(merchant_id, collection_id, reference)
       join (select merchant_id, count(*)::int as count, sum(amount_cents)::bigint as cents
             from donations group by merchant_id) g using (merchant_id)
       join receivable v using (merchant_id)
       left join later l using (merchant_id) left join failed f using (merchant_id)
       left join (select merchant_id, sum(amount_cents)::bigint as cents
                  from credits group by merchant_id) c using (merchant_id)
       where not exists (
         select 1 from collection o where o.merchant_id = n.merchant_id and o.period = $5)),
     prepared as (
       insert into collection
         (collection_id, merchant_id, period, count, amount_cents, carried_cents,
           credit_left_cents, reference, prepared_on, prepared_at)
       select collection_id, merchant_id, $5, count, amount_cents, amount_cents - lines_cents,
         credit_left_cents, reference, $6, $7 from due),
     stated as (
       insert into collection_state (collection_id, n, state, occurred_on, recorded_at)
       select collection_id, 1, 'prepared', $6, $7 from due),
     linked as (
       insert into collection_donation (donation_id, collection_id)
       select donation_id, collection_id from donations join due using (merchant_id)
       order by collection_id),
     listed as (
       insert into collection_given_back (donation_id, collection_id)
       select donation_id, collection_id from given_back join due using (merchant_id)),
     credited as (
       insert into collection_credit (fact_id, collection_id)
       select fact_id, collection_id from credits join due using (merchant_id)
       where n is null),
     settled as (
       insert into collection_settled_claim (refund_due_id, n, collection_id)
       select fact_id, n, collection_id from credits join due using (merchant_id)
       where n is not null)
     select merchant_id from due";

/// What of a month was prepared.
#[derive(Clone, Debug, Default)]
pub struct PreparedMonth {
    /// The merchants that have a collection now.
    pub merchants: Vec<MerchantId>,
    /// Those that would have one, and why nothing is asked of them.
    pub held: Vec<SetAside>,
}

/// The merchants whose earlier collection failed by the way in which they would be asked, and that
/// nobody decided: they are asked for nothing more until somebody does.
const HELD: &str = "select distinct on (m.merchant_id) m.merchant_id, m.slug, c.period, c.reference
     from open_case o join collection c on c.collection_id = o.subject
     join collection_last_attempt t using (collection_id)
     join merchant m on m.merchant_id = c.merchant_id and m.rail = t.rail
     where o.kind = 'collection-failed' and m.merchant_id = any($1)
       and not exists (
         select 1 from collection p where p.merchant_id = m.merchant_id and p.period = $3)
       and exists (select 1 from donation d
         where d.merchant_id = m.merchant_id and d.occurred_at < $2 and not exists (
           select 1 from collection_donation l where l.donation_id = d.donation_id and l.live))
     order by m.merchant_id, c.period, c.reference";

#[derive(FromRow)]
struct HeldMerchant {
    merchant_id: MerchantId,
    slug: String,
    period: NaiveDate,
    reference: String,
}

impl HeldMerchant {
    fn set_aside(&self) -> SetAside {
        let (period, reference) = (Period::of(self.period), &self.reference);
        let reason = format!(
            "its collection of {period} ({reference}) failed, so nothing more is asked for by the \
             same way: decide its case (`obole cases --open`), then run this again"
        );
        SetAside::new(&self.slug, reason)
    }
}

/// Prepares the collections of a month for a partition of the merchants, once: what is already
/// asked for is not asked for again. A merchant whose earlier collection failed is held.
///
/// A donation whose event came after its month was collected goes with the next month.
pub async fn prepare(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
    partition: &Partition,
) -> Result<PreparedMonth, PrepareError> {
    if on <= period.last_day() {
        return Err(PrepareError::NotOver(period));
    }
    settlement_lock::lock_partition(tx, partition).await?;
    let mut merchants: Vec<MerchantId> = sqlx::query_scalar(
        "select merchant_id from merchant where partition_of(merchant_id) = any($1) order by slug",
    )
    .bind(partition.keys())
    .fetch_all(&mut *tx)
    .await?;
    let held = held(tx, period, &merchants).await?;
    merchants.retain(|m| held.iter().all(|h| h.merchant_id != *m));
    db::disable_nested_loops(tx).await?;
    let ids: Vec<CollectionId> = merchants.iter().map(|_| CollectionId::new()).collect();
    let references = ids.iter().map(|id| transfer::creditor_reference(*id));
    let references: Vec<String> = references
        .collect::<Result<_, _>>()
        .map_err(PrepareError::Reference)?;
    let prepared = sqlx::query_scalar(PREPARE)
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
    Ok(PreparedMonth {
        merchants: prepared,
        held: held.iter().map(HeldMerchant::set_aside).collect(),
    })
}

async fn held(
    tx: &mut PgConnection,
    period: Period,
    merchants: &[MerchantId],
) -> Result<Vec<HeldMerchant>, sqlx::Error> {
    sqlx::query_as(HELD)
        .bind(merchants.iter().map(|m| m.0).collect::<Vec<_>>())
        .bind(period.ends_at())
        .bind(period.first_day())
        .fetch_all(tx)
        .await
}
