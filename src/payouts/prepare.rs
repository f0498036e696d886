//! Preparing payouts: per association, every donation of a settled collection that is not in a
//! payout yet.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::take_back::take_back_unowed;
use crate::db::{self, Partition, settlement_lock};
use crate::ledger::PostError;
use crate::parties::account;
use crate::rails::transfer;
use crate::refunds_due;
use crate::values::{AssociationId, PayoutId};

/// Below this many cents an association is paid at most once a quarter. A payout that did not reach
/// it, because it was taken back, refused or returned, does not count.
pub const MINIMUM_CENTS: i64 = 1500;

/// Finds what arrived once, counts it by association, and links it in the order of the links'
/// index. A payout is its donations, but never more than what the association is owed beside its
/// other prepared payouts: it may have agreed to give back some of what it had before.
const PREPARE: &str = "with arrived as materialized (
       select d.donation_id, d.association_id,
         d.amount_cents - coalesce(r.taken_cents, 0) as due_cents
       from collection_current_state s join collection_donation c using (collection_id)
       join donation d using (donation_id)
       left join refund_taken r using (donation_id)
       where d.association_id = any($5) and c.live and s.occurred_on <= $3
         and (s.state = 'settled' or (s.state = 'written_off' and exists (
           select 1 from borne_donation b where b.donation_id = d.donation_id)))
         and d.amount_cents > coalesce(r.taken_cents, 0)
         and not exists (
           select 1 from payout_donation p where p.donation_id = d.donation_id and p.live)
         and not exists (
           select 1 from payout_donation p
           where p.donation_id = d.donation_id and p.payout_id = any($8))),
     owed as (
       select a.association_id, b.credits_cents - b.debits_cents - coalesce(p.cents, 0) as cents
       from association a
       left join association_prepared p using (association_id)
       join account k on k.kind = 'association_payable' and k.owner = a.slug
       join account_balance b using (account_id) where a.association_id = any($5)),
     due as (
       select n.payout_id, n.association_id, n.reference, g.count,
         least(g.cents, o.cents) as cents, g.cents - least(g.cents, o.cents) as deducted_cents
       from (select association_id, count(*)::int as count, sum(due_cents)::bigint as cents
             from arrived group by association_id) g
       join owed o using (association_id)
       join unnest($5::uuid[], $6::uuid[], $7::text[]) n(association_id, payout_id, reference)
         using (association_id)
       where least(g.cents, o.cents) > 0
         and (least(g.cents, o.cents) >= $1 or not exists (
           select 1 from payout p join payout_current_state s using (payout_id)
           where p.association_id = n.association_id and p.prepared_on >= $2
             and s.state in ('prepared', 'submitted', 'settled')))),
     prepared as (
       insert into payout
         (payout_id, association_id, count, amount_cents, deducted_cents, reference, prepared_on,
           prepared_at)
       select payout_id, association_id, count, cents, deducted_cents, reference, $3, $4
       from due),
     stated as (
       insert into payout_state (payout_id, n, state, occurred_on, recorded_at)
       select payout_id, 1, 'prepared', $3, $4 from due)
     insert into payout_donation (donation_id, payout_id)
     select donation_id, payout_id from arrived join due using (association_id)
       order by donation_id";

/// The payouts that were refused or came back, and hold their donations until they are paid again.
const HOLDING: &str =
    "select p.payout_id from payout p join payout_current_state s using (payout_id)
     where p.association_id = any($1) and s.state in ('refused', 'returned')";

/// Prepares payouts from what has arrived for a partition of the associations, once. What they owe
/// is taken first; a prepared payout that they are no longer owed whole is given up for a new one.
/// What suspended associations are owed is held, and so is what waits for an account that changes,
/// and what failed payouts hold.
pub async fn prepare(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    partition: &Partition,
) -> Result<(), PostError> {
    settlement_lock::lock_partition(tx, partition).await?;
    let quarter = NaiveDate::from_ymd_opt(on.year(), (on.month() - 1) / 3 * 3 + 1, 1).unwrap_or(on);
    let mut associations: Vec<AssociationId> = sqlx::query_scalar(
        "select association_id from association
         where partition_of(association_id) = any($1) and state = 'live' order by slug",
    )
    .bind(partition.keys())
    .fetch_all(&mut *tx)
    .await?;
    let held = account::held(tx, on, &associations).await?;
    associations.retain(|a| held.iter().all(|h| h.association_id != *a));
    let holding: Vec<Uuid> = sqlx::query_scalar(HOLDING)
        .bind(associations.iter().map(|a| a.0).collect::<Vec<_>>())
        .fetch_all(&mut *tx)
        .await?;
    take_back_unowed(tx, now, &associations).await?;
    refunds_due::recover(tx, now, on, &associations).await?;
    db::disable_nested_loops(tx).await?;
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
        .bind(holding)
        .execute(&mut *tx)
        .await?;
    db::enable_nested_loops(tx).await?;
    Ok(())
}
