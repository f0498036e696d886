//! The orders that leave for the bank, and whether their files were written.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::values::PayoutId;

/// A payout that left the books and whose file is not known to be written.
#[derive(Clone, Debug, FromRow)]
pub struct PayoutOrder {
    pub payout_id: PayoutId,
    /// The association's legal name.
    pub name: String,
    pub iban: String,
    pub bic: String,
    pub amount_cents: i64,
    pub reference: String,
    pub count: i32,
    pub submitted_on: NaiveDate,
}

/// Submitted payouts without a file: just approved, or cut short between the books and the disk.
pub async fn unwritten_orders(db: &mut PgConnection) -> Result<Vec<PayoutOrder>, sqlx::Error> {
    sqlx::query_as(
        "select payout_id, a.name, a.iban, a.bic, amount_cents, reference, count,
           s.occurred_on as submitted_on
         from payout p join association a using (association_id)
         join payout_current_state s using (payout_id)
         where s.state = 'submitted' and not exists (
           select 1 from payout_file f where f.payout_id = p.payout_id)
         order by payout_id",
    )
    .fetch_all(db)
    .await
}

/// Notes where a payout's file was written.
pub async fn mark_written(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    payout: PayoutId,
    file: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into payout_file (payout_id, file, written_at) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(payout)
    .bind(file)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}
