//! How the texts of each language write a number that they are given.

use fluent_bundle::FluentValue;

use crate::values::grouped;

/// How a French text writes a number that it was given: `1 234`. The second argument is what the
/// library offers to formatters that need it.
pub(super) fn french_number<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    number(value, '\u{202f}')
}

/// How an English text writes a number: `1,234`.
pub(super) fn english_number<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    number(value, ',')
}

/// None for what is not a whole number, which the library then writes by itself.
fn number(value: &FluentValue<'_>, separator: char) -> Option<String> {
    let FluentValue::Number(number) = value else {
        return None;
    };
    let written = number.as_string();
    written
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| grouped(&written, separator))
}
