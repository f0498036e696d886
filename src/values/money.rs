//! Euros as integer cents. `rust_decimal` stands at the edge only; never floating point.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A strictly positive amount of euros, in cents.
///
/// Direction is a side, debit or credit, never a sign; so there is no zero and no minus here.
/// The schema holds the same rule as a check; neither trusts the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// The largest amount that a text may state, in cents: just under ten billion euros.
const MAX_CENTS: i64 = 999_999_999_999;

/// Why a text is not an amount; the message says how to mend it.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum AmountError {
    #[error(
        "an amount is a decimal string such as \"1.00\": digits, then at most two digits after a \
         point"
    )]
    Form,
    #[error("an amount must be more than zero")]
    NotPositive,
    #[error("an amount may not exceed 9999999999.99")]
    TooLarge,
}

impl Amount {
    /// The only door: a number of cents, at least 1. A sum may be larger than any amount that
    /// somebody states.
    pub fn from_cents(cents: i64) -> Result<Self, AmountError> {
        match cents {
            ..=0 => Err(AmountError::NotPositive),
            _ => Ok(Self(cents)),
        }
    }

    /// Reads a contract amount: `1`, `1.0`, `1.00`; refuses signs, exponents, commas, spaces and
    /// leading zeros.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        Self::from_cents(parse_cents(text)?)
    }

    /// The number of cents.
    #[must_use]
    pub const fn cents(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&euros(self.0))
    }
}

/// Cents of a decimal string that may be zero, as an order's total may be.
pub fn parse_cents(text: &str) -> Result<i64, AmountError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole)
        || !digits(fraction)
        || fraction.len() > 2
        || (whole.len() > 1 && whole.starts_with('0'))
    {
        return Err(AmountError::Form);
    }
    let value: Decimal = text.parse().map_err(|_| AmountError::TooLarge)?;
    value
        .checked_mul(Decimal::ONE_HUNDRED)
        .and_then(|c| c.to_i64())
        .filter(|c| *c <= MAX_CENTS)
        .ok_or(AmountError::TooLarge)
}

/// Cents printed as a decimal string with two digits: `1234` is `12.34`. A minus is possible for
/// balances.
#[must_use]
pub fn euros(cents: i64) -> String {
    Decimal::new(cents, 2).to_string()
}

/// Cents as French people write them: `123456` is `1 234,56 €`, the spaces unbreakable.
#[must_use]
pub fn figures(cents: i64) -> String {
    let minus = if cents < 0 { "\u{2212}" } else { "" };
    let (whole, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let whole = grouped(&whole.to_string(), '\u{202f}');
    format!("{minus}{whole},{rest:02}\u{a0}€")
}

/// Digits in groups of three, counted from the end.
#[must_use]
pub fn grouped(digits: &str, separator: char) -> String {
    let mut written = String::with_capacity(digits.len() * 2);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            written.push(separator);
        }
        written.push(digit);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_one_form() {
        for (text, cents) in [
            ("1", 100),
            ("1.0", 100),
            ("1.00", 100),
            ("0.01", 1),
            ("45.90", 4590),
        ] {
            assert_eq!(Amount::parse(text).map(Amount::cents), Ok(cents), "{text}");
        }
        for text in [
            "01.00", "1,00", "1e0", "-1.00", "+1", "1.001", "", ".5", "1.", " 1", "1 ", "١",
        ] {
            assert_eq!(Amount::parse(text), Err(AmountError::Form), "{text}");
        }
        assert_eq!(Amount::parse("0.00"), Err(AmountError::NotPositive));
        assert_eq!(Amount::parse("99999999999.00"), Err(AmountError::TooLarge));
        assert_eq!(Amount::parse(&"9".repeat(60)), Err(AmountError::TooLarge));
    }

    #[test]
    fn cents_print_with_two_digits() {
        assert_eq!(
            [euros(0), euros(5), euros(-105), euros(123_456)],
            ["0.00", "0.05", "-1.05", "1234.56"]
        );
    }
}
