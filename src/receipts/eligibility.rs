//! Which donations earn a receipt, and what the others wait for. Pure.

use chrono::{Datelike, NaiveDate};

use super::document::can_be_printed;
use crate::donations::{ConsentRuling, FundedBy};
use crate::parties::donor::ReceiptFrequency;
use crate::texts;
use crate::values::{Locale, PostalAddress, TaxDate};

/// What is known of a donation that has no receipt.
#[derive(Clone, Copy, Debug)]
pub struct DonationFacts<'a> {
    /// The Paris day of the donation.
    pub made_on: NaiveDate,
    /// The day its collection reached the account that Obole works for.
    pub collected_on: Option<NaiveDate>,
    /// The day its payout reached the association's account: the tax control compares receipts
    /// with money received (LPF L14 A).
    pub paid_out_on: Option<NaiveDate>,
    pub funded_by: FundedBy,
    /// Whether the donor was shown a box that was ticked already, which is no consent (C. conso.
    /// L121-17); none when nobody said.
    pub consent_preticked: Option<bool>,
    /// What a person ruled about the donor's consent.
    pub consent_ruling: Option<ConsentRuling>,
    /// A refund of more than was left of it waits for a person: what remains is not known.
    pub refund_in_question: bool,
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
    /// A person ruled that the donor did not choose to give.
    ConsentDismissed,
    PaidByMerchant,
    NotWanted,
    WaitsForYearEnd,
    /// A refund of it is in question.
    RefundInQuestion,
    /// Its days fall in different years, and it is not said whose day counts.
    TaxYearUnclear,
    /// Its association has no article of law that its kind of body may cite.
    IssuerNotEntitled,
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
            Self::ConsentDismissed => "consent-dismissed",
            Self::PaidByMerchant => "paid-by-shop",
            Self::NotWanted => "not-wanted",
            Self::WaitsForYearEnd => "waits-for-year-end",
            Self::RefundInQuestion => "refund-in-question",
            Self::TaxYearUnclear => "gift-date-unset",
            Self::IssuerNotEntitled => "issuer-not-entitled",
        }
    }
}

impl DonationFacts<'_> {
    /// The day that counts as the payment for the tax; none when it is not said whose day counts
    /// and the days fall in different years.
    #[must_use]
    pub fn tax_day(&self, tax_date: Option<TaxDate>) -> Option<NaiveDate> {
        match tax_date {
            Some(TaxDate::DonorPayment) => Some(self.made_on),
            Some(TaxDate::MandataryCredit) => self.collected_on,
            Some(TaxDate::AssociationCredit) => self.paid_out_on,
            None => {
                let credits = [self.collected_on, self.paid_out_on];
                let year = self.made_on.year();
                let same = credits.iter().flatten().all(|day| day.year() == year);
                same.then_some(self.made_on)
            }
        }
    }
}

/// Decides, on a day, why a donation gets no receipt; none when it earns one.
///
/// Of several reasons the first counts: what the association lacks, then what no donor can change,
/// then what the donor can.
#[must_use]
pub fn assess(
    donation: &DonationFacts<'_>,
    tax_date: Option<TaxDate>,
    on: NaiveDate,
) -> Option<WithheldReason> {
    let frequency = donation.donor.map(|d| d.receipt_frequency);
    let reason = assess_again(donation, tax_date);
    if frequency == Some(ReceiptFrequency::None)
        && reason.is_none_or(|r| r == WithheldReason::IdentityIncomplete)
    {
        return Some(WithheldReason::NotWanted);
    }
    // One receipt a year: it is issued once the year is over.
    let year_lasts = |day: NaiveDate| day.year() >= on.year();
    let waits = frequency == Some(ReceiptFrequency::Annual)
        && donation.tax_day(tax_date).is_some_and(year_lasts);
    reason.or(waits.then_some(WithheldReason::WaitsForYearEnd))
}

/// As `assess`, for a donation that had a receipt already: whether and how often the donor wants
/// receipts does not count.
#[must_use]
pub(super) fn assess_again(
    donation: &DonationFacts<'_>,
    tax_date: Option<TaxDate>,
) -> Option<WithheldReason> {
    if donation.paid_out_on.is_none() {
        return Some(WithheldReason::NotPaidOut);
    }
    if donation.funded_by != FundedBy::Donor {
        return Some(WithheldReason::PaidByMerchant);
    }
    match (donation.consent_ruling, donation.consent_preticked) {
        (Some(ConsentRuling::Dismiss), _) => return Some(WithheldReason::ConsentDismissed),
        (Some(ConsentRuling::Accept), _) | (None, Some(false)) => {}
        (None, _) => return Some(WithheldReason::ConsentUnclear),
    }
    if donation.refund_in_question {
        return Some(WithheldReason::RefundInQuestion);
    }
    if donation.tax_day(tax_date).is_none() {
        return Some(WithheldReason::TaxYearUnclear);
    }
    match donation.donor {
        None => Some(WithheldReason::Anonymous),
        Some(donor) if !donor.is_printable() => Some(WithheldReason::IdentityIncomplete),
        Some(_) => None,
    }
}

impl DonorFacts<'_> {
    /// Whether names and address are complete, in letters that the receipt can show.
    pub(super) fn is_printable(self) -> bool {
        self.first_name.is_some_and(can_be_printed)
            && self.last_name.is_some_and(can_be_printed)
            && self.address.is_some_and(|a| {
                a.is_complete() && printed_lines(a).iter().all(|l| can_be_printed(l))
            })
    }
}

/// An address as a receipt prints it: a country other than France by its French name, or as it was
/// told when it is no code of a country.
pub(super) fn printed_lines(address: &PostalAddress) -> Vec<String> {
    address.lines(|code| texts::country(Locale::Fr, code).unwrap_or_else(|| code.to_owned()))
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
            collected_on: Some(day(2026, 11, 3)),
            paid_out_on: Some(day(2026, 11, 5)),
            funded_by: FundedBy::Donor,
            consent_preticked: Some(false),
            consent_ruling: None,
            refund_in_question: false,
            donor: Some(donor(&address)),
        };
        change(&mut donation);
        assess(&donation, None, day(2026, 12, 31))
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
            let accepted = assess_with(|d| {
                d.consent_preticked = unclear;
                d.consent_ruling = Some(ConsentRuling::Accept);
            });
            assert_eq!(accepted, None, "{unclear:?}");
        }
    }

    #[test]
    fn a_consent_that_a_person_dismissed_earns_no_receipt_whatever_was_told() {
        for told in [None, Some(true), Some(false)] {
            let reason = assess_with(|d| {
                d.consent_preticked = told;
                d.consent_ruling = Some(ConsentRuling::Dismiss);
            });
            assert_eq!(reason, Some(WithheldReason::ConsentDismissed), "{told:?}");
        }
    }

    #[test]
    fn a_refund_in_question_holds_the_receipt() {
        let in_question = assess_with(|d| d.refund_in_question = true);
        assert_eq!(in_question, Some(WithheldReason::RefundInQuestion));
    }

    #[test]
    fn the_chosen_day_makes_the_tax_year_and_nothing_is_guessed() {
        let address = address();
        let mut annual = donor(&address);
        annual.receipt_frequency = ReceiptFrequency::Annual;
        let across = |donor| DonationFacts {
            made_on: day(2026, 12, 30),
            collected_on: Some(day(2026, 12, 31)),
            paid_out_on: Some(day(2027, 1, 6)),
            funded_by: FundedBy::Donor,
            consent_preticked: Some(false),
            consent_ruling: None,
            refund_in_question: false,
            donor: Some(donor),
        };
        let held = assess(&across(annual), None, day(2027, 2, 1));
        assert_eq!(held, Some(WithheldReason::TaxYearUnclear));
        for (tax_date, year, waits) in [
            (TaxDate::DonorPayment, 2026, None),
            (TaxDate::MandataryCredit, 2026, None),
            (
                TaxDate::AssociationCredit,
                2027,
                Some(WithheldReason::WaitsForYearEnd),
            ),
        ] {
            let donation = across(annual);
            let tax_day = donation.tax_day(Some(tax_date));
            assert_eq!(tax_day.map(|d| d.year()), Some(year), "{tax_date}");
            let reason = assess(&donation, Some(tax_date), day(2027, 2, 1));
            assert_eq!(reason, waits, "{tax_date}");
        }
        let within = DonationFacts {
            paid_out_on: Some(day(2026, 12, 31)),
            ..across(annual)
        };
        assert_eq!(within.tax_day(None), Some(day(2026, 12, 30)));
    }

    #[test]
    fn an_address_abroad_is_printed_with_the_name_of_its_country() {
        let mut abroad = address();
        for (code, name) in [("DE", "Allemagne"), ("gb", "Royaume-Uni"), ("QQ", "QQ")] {
            code.clone_into(&mut abroad.country);
            assert_eq!(printed_lines(&abroad).last().unwrap(), name);
        }
        "fr".clone_into(&mut abroad.country);
        assert_eq!(printed_lines(&abroad).last().unwrap(), "75020 Paris");
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
                collected_on: Some(day(2026, 11, 3)),
                paid_out_on: Some(day(2026, 11, 5)),
                funded_by: FundedBy::Donor,
                consent_preticked: Some(false),
                consent_ruling: None,
                refund_in_question: false,
                donor: Some(donor(&address)),
            };
            assert_eq!(
                assess(&donation, None, day(2026, 12, 31)),
                incomplete,
                "{field}"
            );
        }
    }

    #[test]
    fn an_annual_receipt_waits_until_january_and_none_means_none() {
        let address = address();
        let mut annual = donor(&address);
        annual.receipt_frequency = ReceiptFrequency::Annual;
        let donation = DonationFacts {
            made_on: day(2026, 10, 10),
            collected_on: Some(day(2026, 11, 3)),
            paid_out_on: Some(day(2026, 11, 5)),
            funded_by: FundedBy::Donor,
            consent_preticked: Some(false),
            consent_ruling: None,
            refund_in_question: false,
            donor: Some(annual),
        };
        let in_the_year = assess(&donation, None, day(2026, 12, 31));
        assert_eq!(in_the_year, Some(WithheldReason::WaitsForYearEnd));
        assert_eq!(assess(&donation, None, day(2027, 1, 1)), None);
        let unwanted = assess_donor(|d| d.receipt_frequency = ReceiptFrequency::None);
        assert_eq!(unwanted, Some(WithheldReason::NotWanted));
    }
}
