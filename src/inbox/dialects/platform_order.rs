//! A paid order as any platform states it, read as our checkout: what the dialects have in common.

use chrono::{DateTime, Utc};
use html_escape::decode_html_entities;

use crate::donations::{Consent, FundedBy};
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Checkout, Event, ParseError};
use crate::parties::donor::DonorDetails;
use crate::values::{Amount, Email, Locale, PostalAddress, slug_is_valid};

/// An order with a donation as a platform states it, once it is known to be paid.
pub(super) struct PlatformOrder<'a> {
    pub order_id: String,
    /// When it was paid or placed.
    pub at: Option<DateTime<Utc>>,
    pub currency: Option<&'a str>,
    /// What was charged for the donation; none where the merchant's rule says it.
    pub amount: Result<Option<Amount>, ParseError>,
    /// The order's total in cents; none when it cannot be read.
    pub total_cents: Option<i64>,
    /// Whether the total counts the donation.
    pub donation_in_total: bool,
    /// The cause's slug; none where the order names none.
    pub cause: Option<&'a str>,
    /// What the widget left beside the donation.
    pub consent: Option<&'a str>,
    pub donor: Person<'a>,
    pub funded_by: FundedBy,
}

/// The paths of a platform's fields, for its mistakes.
pub(super) struct FieldPaths {
    pub currency: &'static str,
    pub total: &'static str,
    pub cause: &'static str,
}

impl PlatformOrder<'_> {
    /// The order as a checkout; the error names the first field that is wrong.
    pub fn checkout(self, paths: &FieldPaths) -> Result<Event, ParseError> {
        if self.currency != Some("EUR") {
            return Err(ParseError::field(
                paths.currency,
                "donations are in euros: \"EUR\"",
            ));
        }
        if self.cause.is_some_and(|c| !slug_is_valid(c)) {
            return Err(ParseError::field(
                paths.cause,
                "a cause is named by its slug, such as foret-vivante",
            ));
        }
        let amount = self.amount?;
        let total_cents = self
            .total_cents
            .filter(|cents| *cents == 0 || Amount::from_cents(*cents).is_ok())
            .ok_or_else(|| ParseError::field(paths.total, "not an amount such as 46.90"))?;
        let counted = amount
            .filter(|_| self.donation_in_total)
            .map_or(0, Amount::cents);
        Ok(Event::Checkout(Box::new(Checkout {
            at: self.at,
            order_id: self.order_id,
            order_total_cents: total_cents.saturating_sub(counted).max(0),
            amount,
            cause: self.cause.map(str::to_owned),
            consent: consent(self.consent),
            donor: self.donor.details(),
            funded_by: self.funded_by,
            restated: true,
        })))
    }
}

/// Who pays the donations of an endpoint's orders.
pub(super) const fn funded_by(settings: &EndpointSettings) -> FundedBy {
    if settings.merchant_funded {
        FundedBy::Merchant
    } else {
        FundedBy::Donor
    }
}

/// The number of an order or a refund as text. One that is no whole number, or that does not fit
/// 64 bits, names nothing: JSON allows numbers of any length.
pub(super) fn number_id(field: &str, number: &serde_json::Number) -> Result<String, ParseError> {
    number
        .as_u64()
        .map(|n| n.to_string())
        .ok_or_else(|| ParseError::field(field, "a whole number of at most 20 digits is needed"))
}

/// A platform's text, its HTML entities decoded (once: what is then left was written so), without
/// control characters and cut to `max_chars`; none when nothing is left.
fn tidy(text: Option<&str>, max_chars: usize) -> Option<String> {
    let printable: String = decode_html_entities(text?)
        .chars()
        .filter(|c| !c.is_control())
        .take(max_chars)
        .collect();
    let trimmed = printable.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// A donor as a platform states them.
#[derive(Default)]
pub(super) struct Person<'a> {
    pub email: Option<&'a str>,
    pub first_name: Option<&'a str>,
    pub last_name: Option<&'a str>,
    pub line1: Option<&'a str>,
    pub line2: Option<&'a str>,
    pub postal_code: Option<&'a str>,
    pub city: Option<&'a str>,
    pub country: Option<&'a str>,
    pub locale: Option<&'a str>,
}

impl Person<'_> {
    /// The donor; none without a valid e-mail address. An incomplete postal address is left out.
    fn details(&self) -> Option<DonorDetails> {
        let email = Email::parse(&decode_html_entities(self.email?)).ok()?;
        let address = PostalAddress {
            line1: tidy(self.line1, 300).unwrap_or_default(),
            line2: tidy(self.line2, 300),
            postal_code: tidy(self.postal_code, 20).unwrap_or_default(),
            city: tidy(self.city, 200).unwrap_or_default(),
            country: tidy(self.country, 2).map_or_else(|| "FR".into(), |c| c.to_uppercase()),
        };
        Some(DonorDetails {
            email,
            first_name: tidy(self.first_name, 200),
            last_name: tidy(self.last_name, 200),
            address: address.is_complete().then_some(address),
            locale: self.locale.and_then(Locale::of_tag).unwrap_or_default(),
        })
    }
}

/// The consent that the widget leaves beside the donation as `<text version> <time shown>`: it is
/// there only when the donor ticked a box that was not ticked.
fn consent(text: Option<&str>) -> Option<Consent> {
    let (version, shown_at) = text?.trim().split_once(' ')?;
    Some(Consent {
        shown_at: Some(shown_at.trim().parse().ok()?),
        text_version: tidy(Some(version), 100),
        preticked: false,
    })
}

/// A platform's amount: `1`, `1.0`, `1.00` or with more zeros at the end.
pub(super) fn amount(text: &str) -> Option<Amount> {
    let text = text.trim();
    let shortened = match text.split_once('.') {
        Some((whole, fraction)) if fraction.len() > 2 => {
            format!("{whole}.{}", fraction.trim_end_matches('0'))
        }
        _ => text.to_owned(),
    };
    Amount::parse(shortened.trim_end_matches('.')).ok()
}

/// A total in cents that may be zero; none when it is not an amount.
pub(super) fn total(text: &str) -> Option<i64> {
    amount(text).map(Amount::cents).or_else(|| {
        text.trim()
            .parse::<rust_decimal::Decimal>()
            .ok()
            .filter(rust_decimal::Decimal::is_zero)
            .map(|_| 0)
    })
}
