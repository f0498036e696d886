//! The months of bodies: partitions are made ahead and dropped whole.

use chrono::{DateTime, Months, NaiveDate, Utc};
use sqlx::PgConnection;

/// Makes the partitions of this month and the next, unless they are there.
pub async fn prepare_partitions(
    db: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("select inbox_prepare_partitions($1)")
        .bind(now.date_naive())
        .execute(db)
        .await?;
    Ok(())
}

/// Drops the bodies of months that were over `months` whole months ago, except those of events that
/// still wait. Returns how many months were dropped.
pub async fn drop_partitions(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    months: u32,
) -> Result<i32, sqlx::Error> {
    let before = now
        .date_naive()
        .checked_sub_months(Months::new(months))
        .unwrap_or(NaiveDate::MIN);
    sqlx::query_scalar("select inbox_drop_partitions($1)")
        .bind(before)
        .fetch_one(db)
        .await
}
