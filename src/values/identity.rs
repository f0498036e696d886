//! Who someone is: e-mail, SIREN, RNA, postal address.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An e-mail address, trimmed and lower-cased, fit to be written to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads an address; the RFC 5321 rules are `lettre`'s.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "an e-mail address looks like camille@example.org";
        let text = text.trim();
        // RFC 5321 limits octets, not characters.
        if text.len() > 254 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(WRONG);
        }
        text.parse::<lettre::Address>().map_err(|_| WRONG)?;
        Ok(Self(text.to_lowercase()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The Luhn sum over digits, as INSEE uses for SIREN and SIRET numbers.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let d = u32::from(b.wrapping_sub(b'0')) * if i % 2 == 1 { 2 } else { 1 };
            if d > 9 { d - 9 } else { d }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A SIREN number: nine digits with a Luhn check (INSEE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Siren(String);

impl Siren {
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() == 9 && digits.bytes().all(|b| b.is_ascii_digit()) && luhn(&digits) {
            Ok(Self(digits))
        } else {
            Err("a SIREN has nine digits and a valid check digit, such as 732829320")
        }
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An RNA number: `W` and nine digits or capital letters (Répertoire national des associations).
/// The letters are those of departments such as 2A, and of those overseas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rna(String);

impl Rna {
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_ascii_uppercase();
        let rest = text.strip_prefix('W').unwrap_or("");
        let fits = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
        if rest.len() == 9 && rest.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err("an RNA number is W and nine digits or capital letters, such as W751234567")
        }
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A postal address, complete when a letter could be sent to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    pub line1: String,
    #[serde(default)]
    pub line2: Option<String>,
    pub postal_code: String,
    pub city: String,
    #[serde(default = "france")]
    pub country: String,
}

fn france() -> String {
    "FR".into()
}

impl PostalAddress {
    /// All that a receipt needs is there (CGI 200: the donor's complete address).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        ![&self.line1, &self.postal_code, &self.city, &self.country]
            .iter()
            .any(|s| s.trim().is_empty())
    }

    /// The address as lines to print; `name_of` names a country by its code (ISO 3166-1), for an
    /// address abroad.
    #[must_use]
    pub fn lines(&self, name_of: impl FnOnce(&str) -> String) -> Vec<String> {
        let mut lines = vec![self.line1.clone()];
        lines.extend(self.line2.clone().filter(|l| !l.trim().is_empty()));
        lines.push(format!("{} {}", self.postal_code, self.city));
        let country = self.country.trim().to_uppercase();
        if country != "FR" {
            lines.push(name_of(&country));
        }
        lines
    }
}

/// Whether a text is one line that can be stored and printed: not blank, at most so many
/// characters, and none of them a control character. PostgreSQL refuses NUL in a text.
#[must_use]
pub fn line_fits(text: &str, max_chars: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= max_chars
        && !text.chars().any(char::is_control)
}

/// A slug: lower-case letters, digits and single hyphens, at most 60.
#[must_use]
pub fn slug_is_valid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 60
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_measured_in_characters_and_holds_no_control_character() {
        assert!(line_fits(&"é".repeat(200), 200) && !line_fits(&"é".repeat(201), 200));
        for wrong in ["", " \u{a0}", "a\0b", "a\nb", "\u{85}"] {
            assert!(!line_fits(wrong, 200), "{wrong:?}");
        }
    }

    #[test]
    fn identifiers_are_checked() {
        assert!(Siren::parse("732 829 320").is_ok() && Siren::parse("732829321").is_err());
        for right in ["w751234567", "W2A1000123", "W9P1002760", " w9r1000001 "] {
            assert!(Rna::parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "W75",
            "X751234567",
            "W75123456é",
            "W7512345678",
            "W75123456-",
            "W7512345ß",
        ] {
            assert!(Rna::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["camille", "a@b\nc", "@x.org", ""] {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(
            Email::parse(" Camille@Example.org ").map(|e| e.to_string()),
            Ok("camille@example.org".into())
        );
    }
}
