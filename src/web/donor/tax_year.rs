//! What a donor declares for a year: the receipts that stand, and no others.

use std::collections::BTreeMap;

use crate::receipts::{ReceiptStanding, ReceiptSummary};

/// A year's receipts, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxYear {
    pub year: i32,
    /// Of those that stand: to be declared.
    pub valid_cents: i64,
    /// Of those in question: not to be declared until that is decided.
    pub questioned_cents: i64,
}

/// The years of some receipts, newest first; one whose receipts all ended has nothing to declare
/// and is left out.
pub fn tax_years<'r>(receipts: impl Iterator<Item = &'r ReceiptSummary>) -> Vec<TaxYear> {
    let mut years: BTreeMap<i32, TaxYear> = BTreeMap::new();
    for receipt in receipts {
        let (valid_cents, questioned_cents) = match receipt.standing {
            ReceiptStanding::Valid => (receipt.amount_cents, 0),
            ReceiptStanding::InQuestion => (0, receipt.amount_cents),
            ReceiptStanding::Cancelled | ReceiptStanding::Replaced => continue,
        };
        let year = years.entry(receipt.tax_year).or_insert(TaxYear {
            year: receipt.tax_year,
            valid_cents: 0,
            questioned_cents: 0,
        });
        year.valid_cents += valid_cents;
        year.questioned_cents += questioned_cents;
    }
    years.into_values().rev().collect()
}
