//! The content of receipts: what was printed, sealed apart from the register, opened for those who
//! may read it, and destroyed when its time is over.

use chrono::{Months, NaiveDate};
use sqlx::{FromRow, PgConnection};

use super::document::ReceiptContent;
use super::standing::ReceiptStanding;
use crate::parties::seal;
use crate::values::{DonorId, Reader, ReceiptId, TaxBox};

/// Receipts are kept six years after their issue (LPF L102 E), then their content is destroyed.
const KEPT: Months = Months::new(6 * 12);

/// Why the content of a receipt could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("the content of a receipt cannot be sealed or opened")]
    Seal(#[from] seal::SealError),
    #[error("the content of a receipt cannot be read")]
    Read(#[from] serde_json::Error),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// A receipt with all that is printed on it.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub receipt_id: ReceiptId,
    pub number: String,
    pub association: String,
    pub donor_id: DonorId,
    pub tax_year: i32,
    pub tax_box: TaxBox,
    pub amount_cents: i64,
    pub content: ReceiptContent,
}

#[derive(FromRow)]
pub(super) struct SealedReceipt {
    pub receipt_id: ReceiptId,
    pub number: String,
    association: String,
    donor_id: DonorId,
    tax_year: i32,
    #[sqlx(rename = "rate_percent", try_from = "i16")]
    tax_box: TaxBox,
    amount_cents: i64,
    sealed: Vec<u8>,
}

/// What a receipt's content is sealed for.
fn place(id: ReceiptId) -> String {
    format!("receipt:{}", id.0)
}

/// Seals what is printed on a receipt.
pub(super) fn seal(
    key: &[u8; 32],
    id: ReceiptId,
    content: &ReceiptContent,
) -> Result<Vec<u8>, ContentError> {
    Ok(seal::seal(key, &place(id), &serde_json::to_vec(content)?)?)
}

impl SealedReceipt {
    /// The receipt as it was issued.
    pub fn open(self, key: &[u8; 32]) -> Result<Receipt, ContentError> {
        let plain = seal::open(key, &place(self.receipt_id), &self.sealed)?;
        Ok(Receipt {
            receipt_id: self.receipt_id,
            number: self.number,
            association: self.association,
            donor_id: self.donor_id,
            tax_year: self.tax_year,
            tax_box: self.tax_box,
            amount_cents: self.amount_cents,
            content: serde_json::from_slice(&plain)?,
        })
    }
}

/// Some receipts of a run as they were issued.
pub async fn of_ids(
    db: &mut PgConnection,
    key: &[u8; 32],
    reader: Reader,
    ids: &[ReceiptId],
) -> Result<Vec<Receipt>, ContentError> {
    let scope = reader.donors();
    let rows: Vec<SealedReceipt> = sqlx::query_as(
        "select receipt_id, number, a.slug as association, donor_id, tax_year, a.rate_percent,
           amount_cents, sealed
         from receipt join receipt_content using (receipt_id)
           join association a using (association_id)
         where receipt_id = any($1) and ($2 or donor_id = $3)",
    )
    .bind(ids.iter().map(|r| r.0).collect::<Vec<_>>())
    .bind(scope.sees_all())
    .bind(scope.only())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(|r| r.open(key)).collect()
}

#[derive(FromRow)]
struct FoundReceipt {
    #[sqlx(flatten)]
    sealed: SealedReceipt,
    standing: ReceiptStanding,
    successors: Vec<String>,
}

impl FoundReceipt {
    /// The receipt as it was issued, marked when it is not valid.
    fn open(self, key: &[u8; 32]) -> Result<Receipt, ContentError> {
        let mut receipt = self.sealed.open(key)?;
        receipt.content.mark = self.standing.mark().map(str::to_owned);
        receipt.content.replaced_by = self.successors;
        Ok(receipt)
    }
}

/// One receipt by its number, if the reader may see it: its donor, its issuer, or the team. One
/// that is not valid is marked so, across its document.
pub async fn find(
    db: &mut PgConnection,
    key: &[u8; 32],
    reader: Reader,
    number: &str,
) -> Result<Option<Receipt>, ContentError> {
    let row: Option<FoundReceipt> = sqlx::query_as(
        "select receipt_id, number, a.slug as association, donor_id, tax_year, a.rate_percent,
           amount_cents, sealed, standing, successors
         from receipt_register join receipt_content using (receipt_id)
           join association a using (association_id)
         where number = $1 and ($2 or donor_id = $3 or association_id = $4)",
    )
    .bind(number)
    .bind(reader.sees_everything())
    .bind(reader.donors().only())
    .bind(reader.associations().only())
    .fetch_optional(db)
    .await?;
    row.map(|r| r.open(key)).transpose()
}

/// The receipts whose six years are over on a day, and whose content is still here.
pub async fn expired(db: &mut PgConnection, on: NaiveDate) -> Result<Vec<ReceiptId>, sqlx::Error> {
    sqlx::query_scalar(
        "select receipt_id from receipt join receipt_content using (receipt_id)
         where issued_on < $1 order by receipt_id",
    )
    .bind(kept_since(on))
    .fetch_all(db)
    .await
}

/// Destroys the content of receipts whose six years are over; the register keeps its rows.
pub async fn destroy_expired(db: &mut PgConnection, on: NaiveDate) -> Result<(), sqlx::Error> {
    sqlx::query("select destroy_receipt_content($1)")
        .bind(kept_since(on))
        .execute(db)
        .await?;
    Ok(())
}

/// What was issued on this day or later is kept.
fn kept_since(on: NaiveDate) -> NaiveDate {
    on.checked_sub_months(KEPT).unwrap_or(NaiveDate::MIN)
}
