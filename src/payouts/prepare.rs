//! Preparing payouts: per association, every donation of a settled collection that is not in a
//! payout yet.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::db::{self, Partition, settlement_lock};
use crate::rails::transfer;
use crate::values::{AssociationId, PayoutId};

/// Below this many cents an association is paid at most once a quarter. A payout that did not reach
/// it, because it was taken back, refused or returned, does not count.
pub const MINIMUM_CENTS: i64 = 1500;

/// Finds what arrived once, counts it by association, and links it in the order of the links'
/// index.
const PREPARE: &str = "with arrived as materialized (
       select d.donation_id, d.association_id, d.amount_cents
       from collection_current_state s join collection_donation c using (collection_id)
       join donation d using (donation_id)
       where d.association_id = any($5) and c.live and s.state = 'settled' and s.occurred_on <= $3
         and not exists (select 1 from donation_refund r where r.donation_id = d.donation_id)
         and not exists (
           select 1 from payout_donation p where p.donation_id = d.donation_id and p.live)),
     due as (
       select n.payout_id, n.association_id, n.reference, count(*)::int as count,
         sum(a.amount_cents)::bigint as cents
       from arrived a
       join unnest($5::uuid[], $6::uuid[], $7::text[]) n(association_id, payout_id, reference)
         using (association_id)
       group by n.payout_id, n.association_id, n.reference
       having sum(a.amount_cents) >= $1 or not exists (
         select 1 from payout p join payout_current_state s using (payout_id)
         where p.association_id = n.association_id and p.prepared_on >= $2
           and s.state in ('prepared', 'submitted', 'settled'))),
     prepared as (
       insert into payout
         (payout_id, association_id, count, amount_cents, reference, prepared_on, prepared_at)
       select payout_id, association_id, count, cents, reference, $3, $4 from due),
     stated as (
       insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
       select payout_id, 1, 'prepared', $3, $4 from due)
     insert into payout_donation (donation_id, payout_id)
     select donation_id, payout_id from arrived join due using (association_id)
       order by donation_id";

/// Prepares payouts from what has arrived for a partition of the associations, once.
pub async fn prepare(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    partition: &Partition,
) -> Result<(), sqlx::Error> {
    settlement_lock::lock_partition(tx, partition).await?;
    db::disable_nested_loops(tx).await?;
    let quarter = NaiveDate::from_ymd_opt(on.year(), (on.month() - 1) / 3 * 3 + 1, 1).unwrap_or(on);
    let associations: Vec<AssociationId> = sqlx::query_scalar(
        "select association_id from association
         where partition_of(association_id) = any($1) order by slug",
    )
    .bind(partition.keys())
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<PayoutId> = associations.iter().map(|_| PayoutId::new()).collect();
    sqlx::query(PREPARE)
        .bind(MINIMUM_CENTS)
        .bind(quarter)
        .bind(on)
        .bind(now)
        .bind(associations.iter().map(|a| a.0).collect::<Vec<_>>())
        .bind(ids.iter().map(|p| p.0).collect::<Vec<_>>())
        .bind(
            ids.iter()
                .map(|p| transfer::end_to_end_id(*p))
                .collect::<Vec<_>>(),
        )
        .execute(&mut *tx)
        .await?;
    Ok(())
}
