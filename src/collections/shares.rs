//! What each association has in collections: the donations less what refunds took so far, those
//! already paid out and those that the operator bears excepted.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::db;
use crate::ledger::PostError;
use crate::values::{Amount, AssociationId, CollectionId};

/// From so many collections on, the month's donations are read whole rather than one by one.
const MANY: usize = 50;

/// Each donation found by its key, however large the planner believes the tables to be. A donation
/// is asked for after it was paid out only once a collection was returned.
const SHARES_BY_KEY: &str = "select collection_id, a.association_id, a.slug,
       sum(d.amount_cents - coalesce(r.taken_cents, 0))::bigint as cents
     from collection_donation l
     cross join lateral (select d.association_id, d.amount_cents from donation d
       where d.donation_id = l.donation_id limit 1) d
     left join lateral (select t.taken_cents from refund_taken t
       where t.donation_id = l.donation_id) r on true
     join association a using (association_id)
     where collection_id = any($1) and live
       and not exists (select 1 from borne_donation b where b.donation_id = l.donation_id)
       and not (exists (select 1 from collection_state where state = 'returned')
         and exists (select 1 from payout_donation p join payout_current_state s using (payout_id)
           where p.donation_id = l.donation_id and p.live and s.state in ('submitted', 'settled')))
     group by collection_id, a.association_id, a.slug
     having sum(d.amount_cents - coalesce(r.taken_cents, 0)) > 0 order by 1, 3";

/// The same for many collections, in one reading of their merchants' donations ($2).
const SHARES_BY_MERCHANT: &str = "select collection_id, a.association_id, a.slug,
       sum(d.amount_cents - coalesce(r.taken_cents, 0))::bigint as cents
     from collection_donation l
     join (select donation_id, association_id, amount_cents from donation
           where merchant_id = any($2)) d using (donation_id)
     left join refund_taken r using (donation_id)
     join association a using (association_id)
     where collection_id = any($1) and live
       and l.donation_id not in (select donation_id from borne_donation)
       and not (exists (select 1 from collection_state where state = 'returned')
         and l.donation_id in (
           select p.donation_id from payout_donation p join payout_current_state s
             using (payout_id)
           where p.live and s.state in ('submitted', 'settled')))
     group by collection_id, a.association_id, a.slug
     having sum(d.amount_cents - coalesce(r.taken_cents, 0)) > 0 order by 1, 3";

/// An association's part of a collection.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub association_id: AssociationId,
    pub association: String,
    pub amount: Amount,
}

/// The parts of these collections, which belong to these merchants.
pub(super) async fn shares(
    tx: &mut PgConnection,
    collections: &[Uuid],
    merchants: &[Uuid],
) -> Result<BTreeMap<CollectionId, Vec<Share>>, PostError> {
    let sums: Vec<(CollectionId, AssociationId, String, i64)> = if collections.len() < MANY {
        sqlx::query_as(SHARES_BY_KEY)
            .bind(collections)
            .fetch_all(&mut *tx)
            .await?
    } else {
        db::disable_nested_loops(tx).await?;
        let query = sqlx::query_as(SHARES_BY_MERCHANT)
            .bind(collections)
            .bind(merchants);
        let sums = query.fetch_all(&mut *tx).await?;
        db::enable_nested_loops(tx).await?;
        sums
    };
    let mut shares: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, association_id, association, cents) in sums {
        let amount = Amount::from_cents(cents).map_err(|_| PostError::Overflow)?;
        shares.entry(id).or_default().push(Share {
            association_id,
            association,
            amount,
        });
    }
    Ok(shares)
}
