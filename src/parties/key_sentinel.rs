//! The key's sentinel: a known text sealed at the first start, so that a lost or wrong key is
//! noticed before it does harm.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::seal;

/// The key's number, the row of the sentinel.
const KEY_ID: i16 = 1;
const PLACE: &str = "key_sentinel:1";
const TEXT: &[u8] = b"obole";

/// What a key opens in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMatch {
    /// It is the key of this database.
    Opens,
    /// It opens data, so it is the key of this database, whose sentinel is missing.
    OpensWithoutSentinel,
    /// It is another key.
    Differs,
    /// Nothing is sealed yet, so any key may become this database's.
    NothingSealed,
}

/// Whether all tables that hold sealed data are there. While another process makes the schema,
/// some are and some are not; nothing is sealed then.
pub async fn has_tables(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select bool_and(to_regclass(name) is not null) from unnest(
           array['key_sentinel', 'endpoint_secret', 'receipt_content', 'subscription']) name",
    )
    .fetch_one(db)
    .await
}

/// Whether anything is sealed in this database, the sentinel or data.
pub async fn is_anything_sealed(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    Ok(find_sealed(db).await?.is_some())
}

/// Tries a key on the sentinel; without one, on one of the rows that are sealed.
pub async fn compare(db: &mut PgConnection, key: &[u8; 32]) -> Result<KeyMatch, sqlx::Error> {
    Ok(match find_sealed(db).await? {
        None => KeyMatch::NothingSealed,
        Some((place, sealed)) if seal::open(key, &place, &sealed).is_err() => KeyMatch::Differs,
        Some((place, _)) if place == PLACE => KeyMatch::Opens,
        Some(_) => KeyMatch::OpensWithoutSentinel,
    })
}

/// Seals the sentinel with a key, unless another process did; compare again afterwards.
pub async fn insert(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
) -> Result<(), sqlx::Error> {
    let sealed = seal::seal(key, PLACE, TEXT).map_err(|e| sqlx::Error::Encode(e.into()))?;
    sqlx::query(
        "insert into key_sentinel (key_id, sealed, created_at) values ($1, $2, $3)
         on conflict (key_id) do nothing",
    )
    .bind(KEY_ID)
    .bind(sealed)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// Place and bytes of one sealed row, the sentinel first.
async fn find_sealed(db: &mut PgConnection) -> Result<Option<(String, Vec<u8>)>, sqlx::Error> {
    sqlx::query_as(
        "select place, sealed from (
           (select 1, 'key_sentinel:' || key_id, sealed from key_sentinel where key_id = $1)
           union all
           (select 2, 'endpoint_secret:' || secret_id, sealed from endpoint_secret limit 1)
           union all
           (select 3, 'receipt:' || receipt_id, sealed from receipt_content limit 1)
           union all
           (select 4, 'subscription:' || subscription_id, sealed from subscription limit 1)
         ) as sealed_row (preference, place, sealed) order by preference limit 1",
    )
    .bind(KEY_ID)
    .fetch_optional(db)
    .await
}
