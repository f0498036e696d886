//! The settlement gate: refunds pass it, runs that prepare, settle, approve or issue close it; so neither misses the other.
//!
//! It has several doors. A refund holds all of them, many refunds at a time; a run closes all; a run that works in parts closes
//! those of each part, so that its parts go on at once, each whole by itself.

use sqlx::PgConnection;

/// Doors, and what `part_of` in the schema answers for shops and associations, by their ids.
const KEYS: i32 = 4;

/// A part of a run: the shops, or the associations, behind some of the doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    keys: Vec<i32>,
}

impl Partition {
    /// A run in so many parts, or in fewer when there are not so many doors; together they are the whole.
    pub fn of(partitions: usize) -> Vec<Self> {
        let partitions = i32::try_from(partitions).unwrap_or(KEYS).clamp(1, KEYS);
        (0..partitions)
            .map(|partition| Self {
                keys: (0..KEYS)
                    .filter(|key| key % partitions == partition)
                    .collect(),
            })
            .collect()
    }

    /// The doors, by their numbers.
    #[must_use]
    pub fn keys(&self) -> &[i32] {
        &self.keys
    }
}

/// Closes the whole gate until the end of the database transaction.
pub async fn lock_exclusive(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select from settlement_lock order by gate for update")
        .execute(tx)
        .await?;
    Ok(())
}

/// Closes the doors of a part until the end of the database transaction.
pub async fn lock_partition(
    tx: &mut PgConnection,
    partition: &Partition,
) -> Result<(), sqlx::Error> {
    let closed = sqlx::query(
        "select from settlement_lock where gate = any($1::int[]::text[]) order by gate for update",
    )
    .bind(partition.keys())
    .execute(tx)
    .await?;
    // A door that is not there would let everyone through.
    if closed.rows_affected() == partition.keys().len() as u64 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

/// Holds the gate open for a refund: many at a time, and no run meanwhile.
pub async fn lock_shared(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select from settlement_lock order by gate for share")
        .execute(tx)
        .await?;
    Ok(())
}
