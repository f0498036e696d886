//! Amounts as French receipts print them: in figures framed by asterisks, and in words.

use num2words::{Lang, Num2Words};

use crate::values::euros;

/// `1234` is `***12,34***`.
#[must_use]
pub fn framed(cents: i64) -> String {
    format!("***{}***", euros(cents).replace('.', ","))
}

/// `1234` is `douze euros et trente-quatre centimes`. None when the library does not know a number.
#[must_use]
pub fn in_words(cents: i64) -> Option<String> {
    let number = |n: i64| Num2Words::new(n).lang(Lang::French).to_words().ok();
    let unit = |n: i64, one: &str, many: &str| -> Option<String> {
        let words = number(n)?;
        // "Un million d'euros": a round million takes a preposition.
        let link = if n >= 1_000_000 && n % 1_000_000 == 0 {
            "d'"
        } else {
            ""
        };
        Some(format!("{words} {link}{}", if n > 1 { many } else { one }))
    };
    let (whole, rest) = (cents / 100, cents % 100);
    Some(match (whole, rest) {
        (whole, 0) => unit(whole, "euro", "euros")?,
        (0, rest) => unit(rest, "centime", "centimes")?,
        (whole, rest) => format!(
            "{} et {}",
            unit(whole, "euro", "euros")?,
            unit(rest, "centime", "centimes")?
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_a_french_treasurer_writes_them() {
        for (cents, words) in [
            (100, "un euro"),
            (200, "deux euros"),
            (1, "un centime"),
            (101, "un euro et un centime"),
            (1234, "douze euros et trente-quatre centimes"),
            (7100, "soixante et onze euros"),
            (8000, "quatre-vingts euros"),
            (8100, "quatre-vingt-un euros"),
            (20_000, "deux cents euros"),
            (100_000_000, "un million d'euros"),
        ] {
            assert_eq!(in_words(cents).as_deref(), Some(words), "{cents}");
        }
        assert_eq!(framed(123_400), "***1234,00***");
    }
}
