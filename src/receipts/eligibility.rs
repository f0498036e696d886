//! Which donations earn a receipt, and what the others wait for. Pure.

use chrono::{Datelike, NaiveDate};

use crate::donations::FundedBy;
use crate::parties::donor::ReceiptFrequency;
use crate::values::PostalAddress;

/// What is known of a donation that has no receipt.
#[derive(Clone, Copy, Debug)]
pub struct DonationFacts<'a> {
    /// The Paris day of the donation.
    pub made_on: NaiveDate,
    /// The day its payout reached the association's account: the tax control compares receipts
    /// with money received (LPF L14 A).
    pub paid_out_on: Option<NaiveDate>,
    pub funded_by: FundedBy,
    /// Whether the donor was shown a box that was ticked already, which is no consent (C. conso.
    /// L121-17); none when nobody said.
    pub consent_preticked: Option<bool>,
    /// None for an anonymous donation.
    pub donor: Option<DonorFacts<'a>>,
}

/// What is known of a donor: name and address must stand on the receipt (Cerfa 11580).
#[derive(Clone, Copy, Debug)]
pub struct DonorFacts<'a> {
    pub receipt_frequency: ReceiptFrequency,
    pub first_name: Option<&'a str>,
    pub last_name: Option<&'a str>,
    pub address: Option<&'a PostalAddress>,
}

/// Why a donation has no receipt yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WithheldReason {
    NotPaidOut,
    Anonymous,
    IdentityIncomplete,
    ConsentUnclear,
    PaidByMerchant,
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
            Self::PaidByMerchant => "paid-by-shop",
            Self::NotWanted => "not-wanted",
            Self::WaitsForYearEnd => "waits-for-year-end",
        }
    }
}

/// Decides, on a day, why a donation gets no receipt; none when it earns one.
///
/// Of several reasons the first counts: what the association lacks, then what no donor can change,
/// then what the donor can.
#[must_use]
pub fn assess(donation: &DonationFacts<'_>, on: NaiveDate) -> Option<WithheldReason> {
    if donation.paid_out_on.is_none() {
        return Some(WithheldReason::NotPaidOut);
    }
    if donation.funded_by != FundedBy::Donor {
        return Some(WithheldReason::PaidByMerchant);
    }
    if donation.consent_preticked != Some(false) {
        return Some(WithheldReason::ConsentUnclear);
    }
    let Some(donor) = donation.donor else {
        return Some(WithheldReason::Anonymous);
    };
    if donor.receipt_frequency == ReceiptFrequency::None {
        return Some(WithheldReason::NotWanted);
    }
    if !donor.is_printable() {
        return Some(WithheldReason::IdentityIncomplete);
    }
    // One receipt a year: it is issued once the year is over.
    let year_lasts = donation.made_on.year() >= on.year();
    if donor.receipt_frequency == ReceiptFrequency::Annual && year_lasts {
        return Some(WithheldReason::WaitsForYearEnd);
    }
    None
}

impl DonorFacts<'_> {
    /// Whether names and address are complete, in letters that the receipt can show.
    pub(super) fn is_printable(self) -> bool {
        self.first_name.is_some_and(can_be_printed)
            && self.last_name.is_some_and(can_be_printed)
            && self
                .address
                .is_some_and(|a| a.is_complete() && a.lines().iter().all(|l| can_be_printed(l)))
    }
}

/// Whether a text has letters or digits, all of them Latin, Greek or Cyrillic: those the receipt's
/// font has.
fn can_be_printed(text: &str) -> bool {
    let mut characters = text.chars().filter(|c| c.is_alphanumeric()).peekable();
    characters.peek().is_some() && characters.all(is_in_font)
}

const fn is_in_font(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{17f}'
            | '\u{218}'..='\u{21b}'
            | '\u{386}'..='\u{3ce}'
            | '\u{400}'..='\u{45f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn address() -> PostalAddress {
        serde_json::from_value(serde_json::json!({
            "line1": "3 rue des Lilas",
            "postal_code": "75020",
            "city": "Paris",
            "country": "FR",
        }))
        .unwrap()
    }

    fn donor(address: &PostalAddress) -> DonorFacts<'_> {
        DonorFacts {
            receipt_frequency: ReceiptFrequency::Monthly,
            first_name: Some("Zoë"),
            last_name: Some("Le Goff"),
            address: Some(address),
        }
    }

    /// Assessed in December of the year of the donation.
    fn assess_with(change: impl Fn(&mut DonationFacts<'_>)) -> Option<WithheldReason> {
        let address = address();
        let mut donation = DonationFacts {
            made_on: day(2026, 10, 10),
            paid_out_on: Some(day(2026, 11, 5)),
            funded_by: FundedBy::Donor,
            consent_preticked: Some(false),
            donor: Some(donor(&address)),
        };
        change(&mut donation);
        assess(&donation, day(2026, 12, 31))
    }

    fn assess_donor(change: impl Fn(&mut DonorFacts<'_>)) -> Option<WithheldReason> {
        assess_with(|donation| {
            if let Some(donor) = &mut donation.donor {
                change(donor);
            }
        })
    }

    #[test]
    fn a_donation_that_lacks_nothing_earns_a_receipt() {
        assert_eq!(assess_with(|_| {}), None);
    }

    #[test]
    fn money_that_did_not_arrive_or_was_the_merchants_earns_none() {
        let unpaid = assess_with(|d| d.paid_out_on = None);
        assert_eq!(unpaid, Some(WithheldReason::NotPaidOut));
        let of_merchant = assess_with(|d| d.funded_by = FundedBy::Merchant);
        assert_eq!(of_merchant, Some(WithheldReason::PaidByMerchant));
    }

    #[test]
    fn consent_is_an_unticked_box_that_was_shown() {
        for unclear in [None, Some(true)] {
            let reason = assess_with(|d| d.consent_preticked = unclear);
            assert_eq!(reason, Some(WithheldReason::ConsentUnclear), "{unclear:?}");
        }
    }

    #[test]
    fn an_anonymous_donation_waits_for_its_donor() {
        let anonymous = assess_with(|d| d.donor = None);
        assert_eq!(anonymous, Some(WithheldReason::Anonymous));
    }

    #[test]
    fn names_that_the_font_cannot_show_count_as_missing() {
        let incomplete = Some(WithheldReason::IdentityIncomplete);
        for name in [
            None,
            Some(""),
            Some(" - "),
            Some("🌳"),
            Some("李"),
            Some("Zoë 李"),
        ] {
            assert_eq!(
                assess_donor(|d| d.first_name = name),
                incomplete,
                "{name:?}"
            );
            assert_eq!(assess_donor(|d| d.last_name = name), incomplete, "{name:?}");
        }
        for name in [
            "Ștefan",
            "Ελένη",
            "Łukasz",
            "Жанна",
            "D'Arc-Étoile",
            "Zoë 🌳",
        ] {
            assert_eq!(assess_donor(|d| d.first_name = Some(name)), None, "{name}");
        }
    }

    #[test]
    fn an_address_must_be_complete_and_printable() {
        let incomplete = Some(WithheldReason::IdentityIncomplete);
        assert_eq!(assess_donor(|d| d.address = None), incomplete);
        for (field, text) in [("city", ""), ("postal_code", ""), ("line1", "東京都")] {
            let mut json = serde_json::to_value(address()).unwrap();
            json[field] = text.into();
            let address: PostalAddress = serde_json::from_value(json).unwrap();
            let donation = DonationFacts {
                made_on: day(2026, 10, 10),
                paid_out_on: Some(day(2026, 11, 5)),
                funded_by: FundedBy::Donor,
                consent_preticked: Some(false),
                donor: Some(donor(&address)),
            };
            assert_eq!(assess(&donation, day(2026, 12, 31)), incomplete, "{field}");
        }
    }

    #[test]
    fn an_annual_receipt_waits_until_january_and_none_means_none() {
        let address = address();
        let mut annual = donor(&address);
        annual.receipt_frequency = ReceiptFrequency::Annual;
        let donation = DonationFacts {
            made_on: day(2026, 10, 10),
            paid_out_on: Some(day(2026, 11, 5)),
            funded_by: FundedBy::Donor,
            consent_preticked: Some(false),
            donor: Some(annual),
        };
        let in_the_year = assess(&donation, day(2026, 12, 31));
        assert_eq!(in_the_year, Some(WithheldReason::WaitsForYearEnd));
        assert_eq!(assess(&donation, day(2027, 1, 1)), None);
        let unwanted = assess_donor(|d| d.receipt_frequency = ReceiptFrequency::None);
        assert_eq!(unwanted, Some(WithheldReason::NotWanted));
    }
}
