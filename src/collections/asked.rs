//! Collections that were asked for, as what happens to them finds them.

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::state::{CollectionState, MoveError};
use crate::ledger::Fact;
use crate::rails::Rail;
use crate::values::{CollectionId, MerchantId, derived_id, paris_midnight};

/// A collection with its last attempt.
#[derive(Clone, Debug, FromRow)]
pub struct AskedCollection {
    pub collection_id: CollectionId,
    pub merchant_id: MerchantId,
    pub merchant: String,
    pub period: NaiveDate,
    pub count: i32,
    /// Number of the attempt, how the ledger names it, and what it asks for.
    pub attempt: i16,
    pub fact_id: Uuid,
    pub amount_cents: i64,
    pub rail: Rail,
    pub reference: String,
    pub state: CollectionState,
}

const ASKED: &str = "select c.collection_id, c.merchant_id, m.slug as merchant, c.period, c.count,
       t.n as attempt, t.fact_id, t.amount_cents, t.rail, c.reference, s.state
     from collection c join merchant m using (merchant_id)
     cross join lateral (select state from collection_state s
       where s.collection_id = c.collection_id order by s.n desc limit 1) s
     cross join lateral (select n, fact_id, rail, amount_cents from collection_attempt a
       where a.collection_id = c.collection_id order by a.n desc limit 1) t
     where c.reference = any($1) or c.collection_id = any($2)";

impl AskedCollection {
    /// What happens to it now, as the ledger names it.
    pub(super) fn fact(&self, on: NaiveDate) -> Fact {
        Fact {
            id: self.fact_id,
            occurred_at: paris_midnight(on),
        }
    }
}

/// Names what happens to an attempt in the ledger.
pub(super) fn attempt_fact(collection: CollectionId, attempt: i16) -> Uuid {
    if attempt <= 1 {
        collection.0
    } else {
        derived_id(&format!("attempt:{collection}:{attempt}"))
    }
}

/// The collections with these references that were asked for.
pub async fn asked_by_reference(
    tx: &mut PgConnection,
    references: &[&str],
) -> Result<Vec<AskedCollection>, sqlx::Error> {
    sqlx::query_as(ASKED)
        .bind(references)
        .bind(&[] as &[Uuid])
        .fetch_all(tx)
        .await
}

/// The collections of these ids that were asked for.
pub async fn asked_by_id(
    tx: &mut PgConnection,
    ids: &[Uuid],
) -> Result<Vec<AskedCollection>, sqlx::Error> {
    sqlx::query_as(ASKED)
        .bind(&[] as &[&str])
        .bind(ids)
        .fetch_all(tx)
        .await
}

/// A collection by its id; an error when it is unknown or nothing was ever asked for.
pub(super) async fn load(
    tx: &mut PgConnection,
    id: CollectionId,
) -> Result<AskedCollection, MoveError> {
    find(tx, id).await?.ok_or(MoveError::Unknown)
}

/// A collection by its id; none when it is unknown or nothing was ever asked for.
pub(super) async fn find(
    tx: &mut PgConnection,
    id: CollectionId,
) -> Result<Option<AskedCollection>, sqlx::Error> {
    Ok(asked_by_id(tx, &[id.0]).await?.pop())
}

/// How a collection was asked for last.
pub async fn rail_of(tx: &mut PgConnection, id: CollectionId) -> Result<Rail, MoveError> {
    Ok(load(tx, id).await?.rail)
}

/// The collection that a person names by its id or by its reference, however it is spaced.
pub async fn named(tx: &mut PgConnection, name: &str) -> Result<CollectionId, MoveError> {
    if let Ok(id) = name.parse::<CollectionId>() {
        return Ok(load(tx, id).await?.collection_id);
    }
    let reference: String = name.split_whitespace().collect();
    let found = asked_by_reference(tx, &[&reference.to_uppercase()]).await?;
    found
        .first()
        .map(|c| c.collection_id)
        .ok_or(MoveError::Unknown)
}
