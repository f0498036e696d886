//! The register: every receipt ever issued with its number, and whether it can be relied on.

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};

use super::standing::ReceiptStanding;
use crate::values::{DonorId, Reader, ReceiptId, TaxBox};

/// A receipt in its donor's list.
#[derive(Clone, Debug, FromRow)]
pub struct ReceiptSummary {
    pub number: String,
    pub association: String,
    pub tax_year: i32,
    #[sqlx(rename = "rate_percent", try_from = "i16")]
    pub tax_box: TaxBox,
    pub count: i32,
    pub amount_cents: i64,
    pub issued_on: NaiveDate,
    pub standing: ReceiptStanding,
    /// Numbers of the receipts that replace it.
    pub successors: Vec<String>,
    /// Numbers of the receipts that it replaces.
    pub replaces: Vec<String>,
    /// The donor asked for another name or address on it.
    pub correction_asked: bool,
    /// Whether its content is still kept, so that its document can be made.
    pub kept: bool,
}

/// A receipt as the register keeps it, also after its content was destroyed.
#[derive(Clone, Debug, FromRow)]
pub struct RegisteredReceipt {
    pub number: String,
    /// The slug of the association that issued it.
    pub association: String,
    pub amount_cents: i64,
    pub issued_on: NaiveDate,
    pub standing: ReceiptStanding,
    /// Numbers of the receipts that replace it.
    pub successors: Vec<String>,
    /// Numbers of the receipts that it replaces.
    pub replaces: Vec<String>,
}

/// A donor's receipts, newest first.
pub async fn of_donor(
    db: &mut PgConnection,
    reader: Reader,
    donor: DonorId,
) -> Result<Vec<ReceiptSummary>, sqlx::Error> {
    if !reader.donors().includes(donor) {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "select number, a.name as association, tax_year, a.rate_percent, count, amount_cents,
           issued_on, standing, successors, replaces, correction_asked,
           exists (select 1 from receipt_content c where c.receipt_id = r.receipt_id) as kept
         from receipt_register r join association a using (association_id)
         where donor_id = $1 order by issued_at desc, number",
    )
    .bind(donor)
    .fetch_all(db)
    .await
}

/// A receipt's entry in the register by its number, if the reader may see it: its donor, its
/// issuer, or the team.
pub async fn registered(
    db: &mut PgConnection,
    reader: Reader,
    number: &str,
) -> Result<Option<RegisteredReceipt>, sqlx::Error> {
    sqlx::query_as(
        "select number, a.slug as association, amount_cents, issued_on, standing, successors,
           replaces
         from receipt_register join association a using (association_id)
         where number = $1 and ($2 or donor_id = $3 or association_id = $4)",
    )
    .bind(number)
    .bind(reader.sees_everything())
    .bind(reader.donors().only())
    .bind(reader.associations().only())
    .fetch_optional(db)
    .await
}

/// The number of a receipt.
pub async fn number_of(
    db: &mut PgConnection,
    receipt: ReceiptId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select number from receipt where receipt_id = $1")
        .bind(receipt)
        .fetch_optional(db)
        .await
}
