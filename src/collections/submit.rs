//! Submitting: the request for payment leaves, so the merchant no longer owes and the money is on
//! its way. Where the merchant's credit leaves nothing to ask for, the collection settles at once.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::asked::{AskedCollection, attempt_fact, find, load};
use super::settle::{self, Payment};
use super::state::{self, CollectionState, MoveError};
use super::write_off::promise_again;
use crate::cases::{self, CaseKind, Decision};
use crate::ledger::{self, Arrived, PostError};
use crate::rails::Rail;
use crate::values::{Amount, CollectionId, MerchantId};

#[derive(FromRow)]
struct PreparedCollection {
    collection_id: CollectionId,
    merchant_id: MerchantId,
    merchant: String,
    period: NaiveDate,
    count: i32,
    rail: Rail,
    amount_cents: i64,
    reference: String,
}

/// Submits the prepared collections of these merchants, each by its first attempt over the
/// merchant's rail.
///
/// The caller holds the settlement lock of their partition.
pub async fn submit(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    merchants: &[MerchantId],
) -> Result<(), PostError> {
    let prepared: Vec<PreparedCollection> = sqlx::query_as(
        "select collection_id, merchant_id, m.slug as merchant, period, count, m.rail,
           amount_cents, reference
         from collection c join merchant m using (merchant_id)
         where merchant_id = any($1) and not exists (
           select 1 from collection_state s where s.collection_id = c.collection_id and s.n > 1)
         order by collection_id",
    )
    .bind(merchants.iter().map(|m| m.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    let asked = prepared.into_iter().map(PreparedCollection::first_attempt);
    attempt(tx, now, on, asked.collect()).await
}

/// Asks again for a collection that was refused, taken back or written off, by a new attempt over
/// the same rail or another: what it asked for less what was given back of its donations since, but
/// never more than the merchant owes beside what was not asked for yet and its other failed
/// collections.
///
/// The caller holds the settlement lock whole.
pub async fn ask_again(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
    rail: Option<Rail>,
    decision: Decision<'_>,
) -> Result<(), MoveError> {
    let mut c = load(tx, id).await?;
    if !matches!(
        c.state,
        CollectionState::Rejected | CollectionState::Returned | CollectionState::WrittenOff
    ) {
        return Err(MoveError::Refused(c.state));
    }
    c.rail = rail.unwrap_or(c.rail);
    if c.rail != Rail::Transfer {
        return Err(MoveError::RailNotBuilt(c.rail));
    }
    if c.state == CollectionState::WrittenOff {
        let promised = promise_again(tx, now, on, &c).await?;
        if promised == 0 {
            return Err(MoveError::NothingPromised);
        }
        c.amount_cents = c.amount_cents.min(promised);
    }
    let left: Option<i64> =
        sqlx::query_scalar("select left_cents from failed_collection where collection_id = $1")
            .bind(c.collection_id)
            .fetch_optional(&mut *tx)
            .await?;
    let owed: i64 = sqlx::query_scalar(
        "select (p.receivable_cents - coalesce((
             select sum(d.due_cents) from donation_position d
             where d.merchant_id = p.merchant_id and d.stage = 'pending' and not exists (
               select 1 from collection_donation l
               where l.donation_id = d.donation_id and l.live)), 0)
           - coalesce((select sum(o.left_cents) from failed_collection o
             where o.merchant_id = p.merchant_id and o.collection_id <> $2), 0))::bigint
         from merchant_position p where p.merchant_id = $1",
    )
    .bind(c.merchant_id)
    .bind(c.collection_id)
    .fetch_one(&mut *tx)
    .await?;
    c.attempt += 1;
    c.fact_id = attempt_fact(c.collection_id, c.attempt);
    c.amount_cents = left.unwrap_or(c.amount_cents).min(owed.max(0));
    attempt(tx, now, on, vec![c]).await?;
    cases::close(tx, now, CaseKind::CollectionFailed, &[id.0], decision).await?;
    Ok(())
}

/// Asks again at once, by a new attempt for so many cents, for a collection that is rejected or
/// returned in the books only: what paid it did not, or did in part.
///
/// The caller holds the settlement lock whole.
pub(super) async fn attempt_again(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    id: CollectionId,
    amount_cents: i64,
) -> Result<(), PostError> {
    if let Some(mut c) = find(tx, id).await? {
        c.attempt += 1;
        c.fact_id = attempt_fact(c.collection_id, c.attempt);
        c.amount_cents = amount_cents;
        attempt(tx, now, on, vec![c]).await?;
    }
    Ok(())
}

/// Writes and posts an attempt of each of these collections. One that asks for nothing settles.
async fn attempt(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    collections: Vec<AskedCollection>,
) -> Result<(), PostError> {
    let ids: Vec<Uuid> = collections.iter().map(|c| c.collection_id.0).collect();
    record_attempts(tx, now, on, &collections).await?;
    let days = vec![on; ids.len()];
    state::record(tx, now, &ids, &days, CollectionState::Submitted).await?;
    let mut transfers = Vec::with_capacity(collections.len());
    let mut settlements = Vec::new();
    for collection in collections {
        if collection.amount_cents == 0 {
            settlements.push(Payment {
                collection,
                on,
                arrived: Arrived::default(),
            });
            continue;
        }
        let amount =
            Amount::from_cents(collection.amount_cents).map_err(|_| PostError::Overflow)?;
        let (rail, merchant) = (collection.rail, &collection.merchant);
        let fact = collection.fact(on);
        transfers.push(ledger::collection_submitted(fact, rail, merchant, amount));
    }
    ledger::post(tx, now, &transfers).await?;
    settle::record(tx, now, &settlements).await
}

async fn record_attempts(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    asked: &[AskedCollection],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into collection_attempt (collection_id, n, fact_id, rail, amount_cents, due_on,
           end_to_end_id, submitted_at)
         select a.collection_id, a.n, a.fact_id, a.rail, a.amount_cents, $7, a.reference, $8
         from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[], $5::bigint[], $6::text[])
           a(collection_id, n, fact_id, rail, amount_cents, reference)",
    )
    .bind(asked.iter().map(|c| c.collection_id.0).collect::<Vec<_>>())
    .bind(asked.iter().map(|c| c.attempt).collect::<Vec<_>>())
    .bind(asked.iter().map(|c| c.fact_id).collect::<Vec<_>>())
    .bind(asked.iter().map(|c| c.rail.word()).collect::<Vec<_>>())
    .bind(asked.iter().map(|c| c.amount_cents).collect::<Vec<_>>())
    .bind(
        asked
            .iter()
            .map(|c| c.reference.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(on)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

impl PreparedCollection {
    fn first_attempt(self) -> AskedCollection {
        AskedCollection {
            collection_id: self.collection_id,
            merchant_id: self.merchant_id,
            merchant: self.merchant,
            period: self.period,
            count: self.count,
            attempt: 1,
            fact_id: attempt_fact(self.collection_id, 1),
            amount_cents: self.amount_cents,
            rail: self.rail,
            reference: self.reference,
            state: CollectionState::Prepared,
        }
    }
}
