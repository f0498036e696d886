//! Preparing payouts: per association, every gift of a settled collection that is not in a payout yet.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::db::{self, Partition};
use crate::values::{AssociationId, PayoutId, euros};

/// Below this many cents an association is paid at most once a quarter.
const MINIMUM_CENTS: i64 = 1500;

/// Prepares payouts from what has arrived for a part of the associations, once.
pub async fn prepare(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    partition: &Partition,
) -> Result<(), sqlx::Error> {
    db::settlement_lock::lock_partition(tx, partition).await?;
    db::disable_nested_loops(tx).await?;
    let quarter = NaiveDate::from_ymd_opt(on.year(), (on.month() - 1) / 3 * 3 + 1, 1).unwrap_or(on);
    let associations: Vec<AssociationId> =
        sqlx::query_scalar("select association_id from association where partition_of(association_id) = any($1) order by slug")
            .bind(partition.keys())
            .fetch_all(&mut *tx)
            .await?;
    let ids: Vec<PayoutId> = associations.iter().map(|_| PayoutId::new()).collect();
    // One pass: what arrived is looked for once, counted by association, and linked. Links go in the order of their index.
    sqlx::query(
        "with arrived as materialized (
           select donation_id, association_id, amount_cents
           from collection_state s join collection_donation c using (collection_id) join donation d using (donation_id)
           where association_id = any($5) and c.live and s.state = 'settled' and s.occurred_on <= $3
             and not exists (select from donation_refund r where r.donation_id = d.donation_id)
             and not exists (select from payout_donation p where p.donation_id = d.donation_id and p.live)),
         due as (
           select payout_id, association_id, count(*)::int as count, sum(amount_cents)::bigint as cents
           from arrived a join unnest($5::uuid[], $6::uuid[]) n(association_id, payout_id) using (association_id)
           group by payout_id, association_id
           having sum(amount_cents) >= $1 or not exists (select from payout p where p.association_id = a.association_id and prepared_on >= $2)),
         prepared as (
           insert into payout (payout_id, association_id, count, amount_cents, reference, prepared_on, prepared_at)
           -- EndToEndId has at most 35 characters.
           select payout_id, association_id, count, cents, upper(replace(payout_id::text, '-', '')), $3, $4 from due)
         insert into payout_donation (donation_id, payout_id)
         select donation_id, payout_id from arrived join due using (association_id) order by donation_id",
    )
    .bind(MINIMUM_CENTS)
    .bind(quarter)
    .bind(on)
    .bind(now)
    .bind(associations.iter().map(|a| a.0).collect::<Vec<_>>())
    .bind(ids.iter().map(|p| p.0).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// A payout as people and programs see it.
#[derive(Clone, Debug, Serialize)]
pub struct Payout {
    pub payout_id: String,
    pub association: String,
    #[serde(skip)]
    pub association_name: String,
    pub count: i32,
    pub amount: String,
    #[serde(skip)]
    pub amount_cents: i64,
    /// `prepared`, `approved` (by one), `submitted`, `settled` or `returned`.
    pub state: String,
    pub reference: String,
    pub file: Option<String>,
}

#[derive(FromRow)]
struct Row {
    payout_id: PayoutId,
    association: String,
    association_name: String,
    count: i32,
    amount_cents: i64,
    state: String,
    reference: String,
    file: Option<String>,
}

/// Payouts, newest first: one by its id, or all.
pub async fn list(db: &mut PgConnection, id: Option<PayoutId>) -> Result<Vec<Payout>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select payout_id, a.slug as association, a.name as association_name, count, amount_cents, reference, f.file,
           coalesce((select state from payout_state s where s.payout_id = p.payout_id order by array_position($2, state) desc limit 1),
             case when exists (select from payout_approval v where v.payout_id = p.payout_id) then 'approved' else 'prepared' end) as state
         from payout p join association a using (association_id) left join payout_file f using (payout_id)
         where $1::uuid is null or payout_id = $1 order by prepared_at desc, a.slug",
    )
    .bind(id)
    .bind(["submitted", "settled", "returned"])
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Payout {
            payout_id: r.payout_id.to_string(),
            association: r.association,
            association_name: r.association_name,
            count: r.count,
            amount: euros(r.amount_cents),
            amount_cents: r.amount_cents,
            state: r.state,
            reference: r.reference,
            file: r.file,
        })
        .collect())
}
