//! Outlook: what a donor can expect after a receipt was cancelled.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::candidates;
use super::eligibility::{WithheldReason, assess};
use crate::parties::donor::ReceiptFrequency;
use crate::values::{ReceiptId, TaxDate};

/// What remains of the donations of a receipt that was cancelled, in cents, by what follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Another receipt is for these, at once or when what they wait for is there.
    pub receipted_cents: i64,
    /// These would be on another receipt, if the donor wanted receipts.
    pub not_wanted_cents: i64,
    /// These earn none.
    pub unreceipted_cents: i64,
}

/// What follows a receipt that was cancelled, as things are on a day.
pub async fn outlook(
    db: &mut PgConnection,
    tax_date: Option<TaxDate>,
    on: NaiveDate,
    receipt: ReceiptId,
) -> Result<Outlook, sqlx::Error> {
    let mut outlook = Outlook::default();
    for donation in candidates::of_receipt(db, receipt).await? {
        let reason = assess(&donation.facts(on), tax_date, on);
        let is_wanted = donation.receipt_frequency != Some(ReceiptFrequency::None);
        let follows = match reason {
            Some(
                WithheldReason::Anonymous
                | WithheldReason::ConsentUnclear
                | WithheldReason::PaidByMerchant
                | WithheldReason::IssuerNotEntitled,
            ) => &mut outlook.unreceipted_cents,
            None
            | Some(
                WithheldReason::NotPaidOut
                | WithheldReason::IdentityIncomplete
                | WithheldReason::WaitsForYearEnd
                | WithheldReason::RefundInQuestion
                | WithheldReason::TaxYearUnclear
                | WithheldReason::NotWanted,
            ) if is_wanted => &mut outlook.receipted_cents,
            _ => &mut outlook.not_wanted_cents,
        };
        *follows += donation.remaining_cents;
    }
    Ok(outlook)
}
