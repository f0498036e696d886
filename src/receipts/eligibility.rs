//! Which gifts earn a receipt, and what the others wait for. Pure.

use chrono::{Datelike, NaiveDate};

use super::candidates::Candidate;
use crate::donations::FundedBy;
use crate::parties::donor::ReceiptFrequency;
use crate::values::paris_day;

/// What is known of a donation that has no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DonationFacts {
    /// Its payout is on the association's account: the tax control compares receipts with money
    /// received (LPF L14 A).
    pub paid_out: bool,
    pub named: bool,
    /// Last name, first name and complete address, as the receipt must print them (Cerfa 11580).
    pub identity_complete: bool,
    /// The donor was shown an unticked box (C. conso. L121-17).
    pub consented: bool,
    pub funded_by_donor: bool,
    pub wanted: bool,
    /// The donor wants one receipt a year, and the year is not over.
    pub waits_for_year_end: bool,
}

/// Why a gift has no receipt yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WithheldReason {
    NotPaidOut,
    Anonymous,
    IdentityIncomplete,
    ConsentUnclear,
    PaidByShop,
    NotWanted,
    WaitsForYearEnd,
}

impl WithheldReason {
    /// The reason as reports name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotPaidOut => "not-paid-out",
            Self::Anonymous => "anonymous",
            Self::IdentityIncomplete => "identity-incomplete",
            Self::ConsentUnclear => "consent-unclear",
            Self::PaidByShop => "paid-by-shop",
            Self::NotWanted => "not-wanted",
            Self::WaitsForYearEnd => "waits-for-year-end",
        }
    }
}

/// The first thing a gift waits for, or none: then it earns a receipt.
#[must_use]
pub const fn withheld(g: DonationFacts) -> Option<WithheldReason> {
    match g {
        DonationFacts {
            paid_out: false, ..
        } => Some(WithheldReason::NotPaidOut),
        DonationFacts {
            funded_by_donor: false,
            ..
        } => Some(WithheldReason::PaidByShop),
        DonationFacts {
            consented: false, ..
        } => Some(WithheldReason::ConsentUnclear),
        DonationFacts { named: false, .. } => Some(WithheldReason::Anonymous),
        DonationFacts { wanted: false, .. } => Some(WithheldReason::NotWanted),
        DonationFacts {
            identity_complete: false,
            ..
        } => Some(WithheldReason::IdentityIncomplete),
        DonationFacts {
            waits_for_year_end: true,
            ..
        } => Some(WithheldReason::WaitsForYearEnd),
        _ => None,
    }
}

/// What decides on a candidate, on a day.
pub(super) fn assess(c: &Candidate, on: NaiveDate) -> DonationFacts {
    let filled = |text: &Option<String>| text.as_deref().is_some_and(can_be_printed);
    let frequency = c.receipt_frequency.unwrap_or(ReceiptFrequency::Monthly);
    DonationFacts {
        paid_out: c.paid_out_on.is_some(),
        named: c.donor_id.is_some(),
        identity_complete: filled(&c.first_name)
            && filled(&c.last_name)
            && c.address
                .as_ref()
                .is_some_and(|a| a.is_complete() && a.lines().iter().all(|l| can_be_printed(l))),
        consented: c.consent_preticked == Some(false),
        funded_by_donor: c.funded_by == FundedBy::Donor,
        wanted: frequency != ReceiptFrequency::None,
        waits_for_year_end: frequency == ReceiptFrequency::Annual
            && paris_day(c.occurred_at).year() >= on.year(),
    }
}

/// Whether a text has letters or digits, all of them Latin, Greek or Cyrillic: those the receipt's
/// font has.
fn can_be_printed(text: &str) -> bool {
    let mut letters = text.chars().filter(|c| c.is_alphanumeric()).peekable();
    letters.peek().is_some()
        && letters.all(|c| {
            matches!(c, '\0'..='\u{17f}' | '\u{218}'..='\u{21b}' | '\u{386}'..='\u{3ce}' | '\u{400}'..='\u{45f}')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gift_earns_a_receipt_only_when_nothing_is_missing() {
        let good = DonationFacts {
            paid_out: true,
            named: true,
            identity_complete: true,
            consented: true,
            funded_by_donor: true,
            wanted: true,
            waits_for_year_end: false,
        };
        assert_eq!(withheld(good), None);
        assert_eq!(
            withheld(DonationFacts {
                paid_out: false,
                ..good
            }),
            Some(WithheldReason::NotPaidOut)
        );
        assert_eq!(
            withheld(DonationFacts {
                named: false,
                identity_complete: false,
                ..good
            }),
            Some(WithheldReason::Anonymous)
        );
        assert_eq!(
            withheld(DonationFacts {
                identity_complete: false,
                ..good
            }),
            Some(WithheldReason::IdentityIncomplete)
        );
        assert_eq!(
            withheld(DonationFacts {
                consented: false,
                ..good
            }),
            Some(WithheldReason::ConsentUnclear)
        );
        assert_eq!(
            withheld(DonationFacts {
                funded_by_donor: false,
                ..good
            }),
            Some(WithheldReason::PaidByShop)
        );
        assert_eq!(
            withheld(DonationFacts {
                wanted: false,
                ..good
            }),
            Some(WithheldReason::NotWanted)
        );
        assert_eq!(
            withheld(DonationFacts {
                waits_for_year_end: true,
                ..good
            }),
            Some(WithheldReason::WaitsForYearEnd)
        );
    }
}
