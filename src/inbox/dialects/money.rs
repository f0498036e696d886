//! Sums as platforms write them: texts or numbers, with two digits after the point or many.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::json::Json;
use crate::inbox::event::ParseError;

/// The largest sum taken, in euros: just under ten billion.
const MAX_EUROS: Decimal = Decimal::from_parts(1_410_065_407, 2, 0, false, 0);

/// A sum in euros, perhaps negative; none when it is not one.
pub(super) fn euros_of(sum: &Json<'_>) -> Option<Decimal> {
    let text = sum.filled()?;
    let allowed = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'e' | b'E' | b'+');
    if !text.bytes().all(allowed) {
        return None;
    }
    let euros = text.parse().or_else(|_| Decimal::from_scientific(text));
    euros.ok().filter(|e: &Decimal| e.abs() <= MAX_EUROS)
}

/// As `euros_of`, and nothing where none is told or it is not readable: for what stands beside the
/// donation.
pub(super) fn euros_or_none(sum: &Json<'_>) -> Decimal {
    euros_of(sum).unwrap_or_default()
}

/// Whole cents of a sum, half a cent up.
pub(super) fn cents_of(euros: Decimal) -> i64 {
    euros
        .checked_mul(Decimal::ONE_HUNDRED)
        .map(|c| c.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero))
        .and_then(|c| c.to_i64())
        .unwrap_or(0)
}

/// Whole cents of what a donation's line says was charged; a mistake when it is not a sum at all.
pub(super) fn charged(field: &str, euros: Option<Decimal>) -> Result<i64, ParseError> {
    euros
        .filter(|e| e.abs() <= MAX_EUROS)
        .map(|e| cents_of(e).max(0))
        .ok_or_else(|| {
            ParseError::field(field, "the donation's price is not an amount such as 1.00")
        })
}

/// The part of a sum that some of its units have, in cents.
pub(super) fn cents_of_units(euros: Decimal, units: i64, of: i64) -> i64 {
    if units <= 0 || of <= 0 {
        return 0;
    }
    let part = euros.checked_mul(Decimal::from(units.min(of)));
    part.and_then(|p| p.checked_div(Decimal::from(of)))
        .map_or(0, cents_of)
}

/// A whole number of units, as far as it is one.
pub(super) fn units_of(number: &Json<'_>) -> Option<i64> {
    let units = euros_of(number)?;
    (units.fract().is_zero()).then(|| units.to_i64()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::json_reader::read_json;
    use super::*;

    #[test]
    fn sums_are_read_in_every_notation_and_rounded_to_cents() {
        let cents = |text: &str| euros_of(&read_json(text).unwrap()).map(cents_of);
        for (text, right) in [
            ("\"1.00\"", Some(100)),
            ("1", Some(100)),
            ("33.5", Some(3350)),
            ("\"1.0000\"", Some(100)),
            ("\"0.834711\"", Some(83)),
            ("0.995", Some(100)),
            ("\" 1.00 \"", Some(100)),
            ("1e0", Some(100)),
            ("\"-1.00\"", Some(-100)),
            ("\"9999999999\"", Some(999_999_999_900)),
            ("\"99999999999\"", None),
            ("1e999", None),
            ("\"1,00\"", None),
            ("\"1_0\"", None),
            ("\"\"", None),
            ("null", None),
            ("{}", None),
        ] {
            assert_eq!(cents(text), right, "{text}");
        }
        assert_eq!(cents_of_units(Decimal::new(290, 2), 1, 3), 97);
        assert_eq!(cents_of_units(Decimal::new(290, 2), 3, 0), 0);
        let units = |text: &str| units_of(&read_json(text).unwrap());
        assert_eq!(
            (units("2"), units("\"2.0\""), units("1.5")),
            (Some(2), Some(2), None)
        );
    }
}
