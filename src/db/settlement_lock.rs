//! The settlement lock: refunds hold it shared, runs that prepare, settle, approve or issue hold it
//! exclusively, so that neither misses the other.
//!
//! It is a table of a few rows, its partitions. A refund shares all of them, many refunds at a
//! time; a run locks all; a run that works in parts locks the partitions of each part, so that its
//! parts work at the same time, each whole by itself. Whoever takes it does so before any balance
//! row, so that nobody deadlocks.

use sqlx::PgConnection;

/// Rows of the lock, which `partition_of` in the schema returns for merchants and associations, by
/// their ids.
const KEYS: i32 = 4;

/// A part of a run: the merchants, or the associations, of some partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    keys: Vec<i32>,
}

impl Partition {
    /// A run in so many parts, or in fewer when there are not so many partitions; together they are
    /// the whole.
    pub fn split(parts: usize) -> Vec<Self> {
        let parts = i32::try_from(parts).unwrap_or(KEYS).clamp(1, KEYS);
        let keys_of = |part: i32| (0..KEYS).filter(move |key| key % parts == part);
        (0..parts)
            .map(|part| Self {
                keys: keys_of(part).collect(),
            })
            .collect()
    }

    /// The numbers that `partition_of` returns for its merchants and associations.
    #[must_use]
    pub fn keys(&self) -> &[i32] {
        &self.keys
    }
}

/// Locks all partitions until the end of the database transaction.
pub async fn lock_exclusive(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    let locked = sqlx::query("select 1 from settlement_lock order by partition for update")
        .execute(tx)
        .await?;
    whole(locked.rows_affected(), KEYS as usize)
}

/// Locks the partitions of one part until the end of the database transaction.
pub async fn lock_partition(
    tx: &mut PgConnection,
    partition: &Partition,
) -> Result<(), sqlx::Error> {
    let locked = sqlx::query(
        "select 1 from settlement_lock where partition = any($1) order by partition for update",
    )
    .bind(partition.keys())
    .execute(tx)
    .await?;
    whole(locked.rows_affected(), partition.keys().len())
}

/// An error unless every row was locked: one that is missing would let everyone through.
fn whole(locked: u64, rows: usize) -> Result<(), sqlx::Error> {
    if locked == rows as u64 {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol(format!(
            "the table settlement_lock has lost rows: {locked} of {rows} are there; restore them \
             as the schema's owner"
        )))
    }
}

/// Shares all partitions until the end of the database transaction unless a run holds one of them,
/// without waiting for it. Returns whether it did.
pub async fn try_lock_shared(tx: &mut PgConnection) -> Result<bool, sqlx::Error> {
    // A partition shared in vain keeps runs out only until this transaction ends.
    let (locked, rows): (i64, i64) = sqlx::query_as(
        "with locked as materialized (
           select partition from settlement_lock order by partition for share skip locked)
         select (select count(*) from locked), (select count(*) from settlement_lock)",
    )
    .fetch_one(tx)
    .await?;
    whole(rows.unsigned_abs(), KEYS as usize)?;
    Ok(locked == rows)
}

/// Shares all partitions until the end of the database transaction: many refunds at a time, and no
/// run meanwhile.
pub async fn lock_shared(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    let locked = sqlx::query("select 1 from settlement_lock order by partition for share")
        .execute(tx)
        .await?;
    whole(locked.rows_affected(), KEYS as usize)
}
