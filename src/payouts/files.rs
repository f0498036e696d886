//! The orders that leave for the bank, and their files: claimed before they are written, so that
//! what was cut short is finished with the same bytes, and nothing is written over.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use crate::values::PayoutId;

/// A payout that left the books, as two people approved it.
#[derive(Clone, Debug, FromRow)]
pub struct PayoutOrder {
    pub payout_id: PayoutId,
    /// The holder of the account.
    pub name: String,
    pub iban: String,
    /// None where the order names none.
    pub bic: Option<String>,
    pub amount_cents: i64,
    pub reference: String,
    /// How many donations it pays; 0 for a give-back.
    pub count: i32,
    pub submitted_on: NaiveDate,
}

const ORDERS: &str = "select payout_id, v.name, v.iban, v.bic, v.amount_cents, reference, count,
       s.occurred_on as submitted_on
     from payout p join payout_current_state s using (payout_id)
     cross join lateral (select name, iban, bic, amount_cents from payout_approval v
       where v.payout_id = p.payout_id order by v.round desc limit 1) v
     where s.state = 'submitted' and (payout_id = $1 or ($1 is null and not exists (
       select 1 from payout_file f where f.payout_id = p.payout_id)))
     order by payout_id";

/// Submitted payouts without a file: just approved, or cut short between the books and the disk.
pub async fn unwritten_orders(db: &mut PgConnection) -> Result<Vec<PayoutOrder>, sqlx::Error> {
    sqlx::query_as(ORDERS)
        .bind(None::<PayoutId>)
        .fetch_all(db)
        .await
}

/// The order that a prepared payout would leave as on a day; none when it is not prepared.
pub async fn order_to_be(
    db: &mut PgConnection,
    on: NaiveDate,
    id: PayoutId,
) -> Result<Option<PayoutOrder>, sqlx::Error> {
    sqlx::query_as(
        "select payout_id, a.name, a.iban, a.bic, p.amount_cents, p.reference, p.count,
           $2 as submitted_on
         from payout p join payout_account a using (payout_id)
         join payout_current_state s using (payout_id)
         where payout_id = $1 and s.state = 'prepared'",
    )
    .bind(id)
    .bind(on)
    .fetch_optional(db)
    .await
}

/// The order of a submitted payout, written or not; none when it is not on its way.
pub async fn order(
    db: &mut PgConnection,
    id: PayoutId,
) -> Result<Option<PayoutOrder>, sqlx::Error> {
    sqlx::query_as(ORDERS)
        .bind(Some(id))
        .fetch_optional(db)
        .await
}

/// Where an order's file is, or will be, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ClaimedFile {
    pub file: String,
    /// SHA-256 of its bytes.
    pub digest: Vec<u8>,
}

/// Claims an order's file before it is written. Returns the claim that counts: the first.
pub async fn claim_file(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    payout: PayoutId,
    claim: &ClaimedFile,
) -> Result<ClaimedFile, sqlx::Error> {
    sqlx::query(
        "insert into payout_file_claim (payout_id, file, digest, claimed_at)
         values ($1, $2, $3, $4) on conflict do nothing",
    )
    .bind(payout)
    .bind(&claim.file)
    .bind(&claim.digest)
    .bind(now)
    .execute(&mut *db)
    .await?;
    sqlx::query_as("select file, digest from payout_file_claim where payout_id = $1")
        .bind(payout)
        .fetch_one(db)
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
