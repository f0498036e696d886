//! The vault: receipts as they were issued, sealed, opened for their donor.

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};

use super::issue::{IssueError, Receipt};
use crate::parties::seal;
use crate::values::{DonorId, ReceiptId};

#[derive(FromRow)]
pub(super) struct SealedRow {
    receipt_id: ReceiptId,
    number: String,
    association: String,
    donor_id: DonorId,
    amount_cents: i64,
    sealed: Vec<u8>,
}

/// A receipt as it was issued.
pub(super) fn opened(key: &[u8; 32], r: SealedRow) -> Result<Receipt, IssueError> {
    let plain = seal::open(key, &format!("receipt:{}", r.receipt_id.0), &r.sealed)?;
    let printed = serde_json::from_slice(&plain)?;
    Ok(Receipt {
        receipt_id: r.receipt_id,
        number: r.number,
        association: r.association,
        donor_id: r.donor_id,
        amount_cents: r.amount_cents,
        printed,
    })
}

/// Some receipts as they were issued.
pub async fn of_ids(
    db: &mut PgConnection,
    key: &[u8; 32],
    ids: &[ReceiptId],
) -> Result<Vec<Receipt>, IssueError> {
    let rows: Vec<SealedRow> = sqlx::query_as(
        "select receipt_id, number, a.slug as association, donor_id, amount_cents, sealed
         from receipt join association a using (association_id) where receipt_id = any($1)",
    )
    .bind(ids.iter().map(|r| r.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|r| opened(key, r)).collect()
}

/// A receipt in its donor's list.
#[derive(Clone, Debug, FromRow)]
pub struct ReceiptSummary {
    pub number: String,
    pub association: String,
    pub tax_year: i32,
    pub count: i32,
    pub amount_cents: i64,
    pub issued_on: NaiveDate,
}

/// A donor's receipts, newest first.
pub async fn of_donor(
    db: &mut PgConnection,
    donor: DonorId,
) -> Result<Vec<ReceiptSummary>, sqlx::Error> {
    sqlx::query_as(
        "select number, a.name as association, tax_year, count, amount_cents, issued_on
         from receipt join association a using (association_id) where donor_id = $1 order by issued_at desc, number",
    )
    .bind(donor)
    .fetch_all(db)
    .await
}

/// One receipt by its number: a donor's own, or anyone's when no donor is asked for.
pub async fn find(
    db: &mut PgConnection,
    key: &[u8; 32],
    number: &str,
    donor: Option<DonorId>,
) -> Result<Option<Receipt>, IssueError> {
    let row: Option<SealedRow> = sqlx::query_as(
        "select receipt_id, number, a.slug as association, donor_id, amount_cents, sealed
         from receipt join association a using (association_id) where number = $1 and ($2::uuid is null or donor_id = $2)",
    )
    .bind(number)
    .bind(donor)
    .fetch_optional(db)
    .await?;
    row.map(|r| opened(key, r)).transpose()
}
