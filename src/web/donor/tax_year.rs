//! What a donor declares for a year: the receipts that stand, and no others, by the box of the
//! return that they go to.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::receipts::{ReceiptStanding, ReceiptSummary};
use crate::values::TaxBox;

/// A year's receipts of one box, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxSum {
    pub year: i32,
    pub tax_box: TaxBox,
    /// Of those that stand: to be declared.
    pub valid_cents: i64,
    /// Of those in question: not to be declared until that is decided.
    pub questioned_cents: i64,
}

/// The sums of some receipts, by year, newest first, and box; one whose receipts all ended has
/// nothing to declare and is left out.
pub fn tax_sums<'r>(receipts: impl Iterator<Item = &'r ReceiptSummary>) -> Vec<TaxSum> {
    let mut sums: BTreeMap<(Reverse<i32>, TaxBox), TaxSum> = BTreeMap::new();
    for receipt in receipts {
        let (valid_cents, questioned_cents) = match receipt.standing {
            ReceiptStanding::Valid => (receipt.amount_cents, 0),
            ReceiptStanding::InQuestion => (0, receipt.amount_cents),
            ReceiptStanding::Cancelled | ReceiptStanding::Replaced => continue,
        };
        let (year, tax_box) = (receipt.tax_year, receipt.tax_box);
        let sum = sums.entry((Reverse(year), tax_box)).or_insert(TaxSum {
            year,
            tax_box,
            valid_cents: 0,
            questioned_cents: 0,
        });
        sum.valid_cents += valid_cents;
        sum.questioned_cents += questioned_cents;
    }
    sums.into_values().collect()
}
