//! The months of bodies: partitions are made ahead and dropped whole. The body of an event that
//! waits for nothing goes before its month.

use chrono::{DateTime, Days, Months, NaiveDate, Utc};
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

/// How long an event waits for an order that never comes.
const PARKED_DAYS: Days = Days::new(30);

/// Ends what was parked for thirty days for an order that is not recorded: it is shown, and its
/// body goes. Returns how many.
pub async fn end_parked(db: &mut PgConnection, now: DateTime<Utc>) -> Result<i32, sqlx::Error> {
    let before = now.checked_sub_days(PARKED_DAYS).unwrap_or(now);
    sqlx::query_scalar("select inbox_end_parked($1)")
        .bind(before)
        .fetch_one(db)
        .await
}
