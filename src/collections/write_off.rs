//! Writing off: the money will not come. What no association has is promised no more, and the
//! operator bears what they have. Should it come after all, what was promised is promised again.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::asked::{self, AskedCollection};
use super::shares::shares;
use super::state::{self, CollectionState, MoveError};
use crate::cases::{self, CaseKind, Decision};
use crate::ledger::{self, PostError};
use crate::values::{Amount, CollectionId, euros};

/// Writes a failed collection off. What its associations have is borne by the operator, as far as
/// the account covers what is asked of it: `left_cents` is its cover, which counts what the
/// merchant owes of it already.
///
/// The caller holds the settlement lock whole.
pub async fn write_off(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
    left_cents: i64,
    decision: Decision<'_>,
) -> Result<(), MoveError> {
    let c = asked::load(tx, id).await?;
    c.state.ensure(CollectionState::WrittenOff)?;
    let freed = credit_freed(tx, &c).await?;
    let borne = bear(tx, now, &c).await?;
    let missing = (freed.credit_of(borne) - left_cents).max(0);
    if borne > 0 && missing > 0 {
        return Err(MoveError::NoFloat {
            wanted: euros(borne),
            missing: euros(missing),
        });
    }
    let promised = promised(tx, &c).await?;
    state::record(tx, now, &[id.0], &[on], CollectionState::WrittenOff).await?;
    let (fact, at) = (c.fact(on), c.rail.cash_account());
    let transfers = ledger::collection_written_off(fact, at, &c.merchant, &promised, borne);
    ledger::open_and_post(tx, now, &transfers).await?;
    cases::close(tx, now, CaseKind::CollectionFailed, &[id.0], decision).await?;
    Ok(())
}

/// Promises again what no association has of a collection that was written off. Returns its sum, in
/// cents: what the operator bears stays with it.
pub(super) async fn promise_again(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    c: &AskedCollection,
) -> Result<i64, PostError> {
    let promised = promised(tx, c).await?;
    let transfers = ledger::collection_reinstated(c.fact(on), &c.merchant, &promised);
    ledger::post(tx, now, &transfers).await?;
    Ok(promised.iter().map(|(_, amount)| amount.cents()).sum())
}

/// What of a collection no association has and nobody bears, by association.
async fn promised(
    tx: &mut PgConnection,
    c: &AskedCollection,
) -> Result<Vec<(String, Amount)>, PostError> {
    let shares = shares(tx, &[c.collection_id.0], &[c.merchant_id.0]).await?;
    let of = shares.get(&c.collection_id).into_iter().flatten();
    let promised = of.map(|share| (share.association.clone(), share.amount));
    Ok(promised.collect())
}

/// What a merchant owes beside what of its donations did not arrive, in cents: less than nothing is
/// its credit.
struct Uncovered(i64);

impl Uncovered {
    /// How much more credit the merchant may use once so much of what it owes is borne for it.
    fn credit_of(&self, borne_cents: i64) -> i64 {
        let credit = |uncovered: i64| (-uncovered).max(0);
        credit(self.0 - borne_cents) - credit(self.0)
    }
}

async fn credit_freed(
    tx: &mut PgConnection,
    c: &AskedCollection,
) -> Result<Uncovered, sqlx::Error> {
    let uncovered = sqlx::query_scalar(
        "select receivable_cents + in_transit_cents - unarrived_cents
         from merchant_position where merchant_id = $1",
    )
    .bind(c.merchant_id)
    .fetch_one(tx)
    .await?;
    Ok(Uncovered(uncovered))
}

/// Writes which donations of a collection their associations have. Returns their sum.
async fn bear(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    c: &AskedCollection,
) -> Result<i64, sqlx::Error> {
    let borne: Vec<i64> = sqlx::query_scalar(
        "insert into borne_donation (donation_id, collection_id, amount_cents, recorded_at)
         select l.donation_id, l.collection_id, d.amount_cents - coalesce(r.taken_cents, 0), $2
         from collection_donation l join donation d using (donation_id)
         left join lateral (select t.taken_cents from refund_taken t
           where t.donation_id = l.donation_id) r on true
         where l.collection_id = $1 and l.live and not exists (
             select 1 from borne_donation b where b.donation_id = l.donation_id)
           and d.amount_cents > coalesce(r.taken_cents, 0)
           and exists (select 1 from payout_donation p join payout_current_state s
               using (payout_id)
             where p.donation_id = l.donation_id and p.live
               and s.state in ('submitted', 'settled'))
         returning amount_cents",
    )
    .bind(c.collection_id)
    .bind(now)
    .fetch_all(tx)
    .await?;
    Ok(borne.iter().sum())
}
