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

/// An RNA number: `W` and nine characters (Répertoire national des associations).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rna(String);

impl Rna {
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_uppercase();
        let rest = text.strip_prefix('W').unwrap_or("");
        if rest.len() == 9 && rest.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err("an RNA number is W and nine digits, such as W751234567")
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
    fn identifiers_are_checked() {
        assert!(Siren::parse("732 829 320").is_ok() && Siren::parse("732829321").is_err());
        assert!(Rna::parse("w751234567").is_ok() && Rna::parse("W75").is_err());
        for wrong in ["camille", "a@b\nc", "@x.org", ""] {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(
            Email::parse(" Camille@Example.org ").map(|e| e.to_string()),
            Ok("camille@example.org".into())
        );
    }
}
