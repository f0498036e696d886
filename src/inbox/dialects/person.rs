//! A donor as a platform states them.

use html_escape::decode_html_entities;

use crate::parties::donor::DonorDetails;
use crate::values::{Email, Locale, PostalAddress};

/// A platform's text, its HTML entities decoded (once: what is then left was written so), without
/// control characters and cut to `max_chars`; none when nothing is left.
pub(super) fn tidy(text: Option<&str>, max_chars: usize) -> Option<String> {
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
    pub fn details(&self) -> Option<DonorDetails> {
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
