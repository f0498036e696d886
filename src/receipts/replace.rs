//! Replacing: a receipt whose donations were given back in part, or whose donor's name or address
//! was wrong, gets a successor that cancels and replaces it.

use chrono::Datelike as _;
use sqlx::PgConnection;

use super::candidates::{self, Candidate, Follows};
use super::eligibility::{WithheldReason, assess_again};
use super::issue::{Addressee, Group, IssueRun, IssueTerms};
use super::state::{DecisionError, EndedReceipt, ReceiptDecision, ReceiptEnd, lock_standing};
use crate::values::EndReason;

/// Replaces a receipt by one with the association's next number: the same donations for what
/// remains of them, and the donor's name and address as they are known now. Writes the message that
/// brings it.
///
/// The donor's wish for yearly receipts, or for none, does not hold it back: they have the receipt
/// that it corrects.
pub async fn replace(
    tx: &mut PgConnection,
    terms: IssueTerms<'_>,
    decision: ReceiptDecision<'_>,
    reason: Option<EndReason>,
) -> Result<EndedReceipt, DecisionError> {
    let receipt = lock_standing(tx, decision).await?;
    receipt.check_day(terms.on)?;
    let reason = receipt.reason(tx, reason).await?;
    let mut donations = candidates::of_receipt(tx, receipt.receipt_id).await?;
    // They leave this receipt now, whichever carried them before it.
    for donation in &mut donations {
        donation.follows = Follows {
            follows_id: Some(receipt.receipt_id),
            follows: Some(receipt.number.clone()),
        };
    }
    let mut run = IssueRun::begin(tx, terms).await?;
    if let Some(reason) = run.reason_of_issuer(receipt.association_id) {
        return Err(DecisionError::Withheld(reason));
    }
    check(&donations, terms)?;
    receipt.free_donations(tx).await?;
    let addressee = Addressee {
        association: receipt.association_id,
        donor: receipt.donor_id,
    };
    let group = Group {
        addressee,
        donations,
    };
    run.draft(tx, group).await?;
    let issued = run.end(tx).await?.receipts.pop();
    let successor = issued.ok_or(DecisionError::NothingRemains)?;
    let (now, on) = (terms.now, terms.on);
    let end = ReceiptEnd {
        decision,
        reason,
        successor: Some(successor),
    };
    receipt.end(tx, now, on, end).await
}

/// Refuses donations that one receipt could not carry today.
fn check(donations: &[Candidate], terms: IssueTerms<'_>) -> Result<(), DecisionError> {
    let mut tax_year = None;
    for donation in donations {
        let facts = donation.facts(terms.on);
        if let Some(reason) = assess_again(&facts, terms.tax_date) {
            return Err(DecisionError::Withheld(reason));
        }
        let day = facts.tax_day(terms.tax_date);
        let year = day.ok_or(DecisionError::Withheld(WithheldReason::TaxYearUnclear))?;
        if *tax_year.get_or_insert(year.year()) != year.year() {
            return Err(DecisionError::TwoTaxYears);
        }
    }
    tax_year.map(|_| ()).ok_or(DecisionError::NothingRemains)
}
