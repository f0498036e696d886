//! Amounts, days, months and countries as people write them in each language.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use super::catalogue::text_with;
use crate::values::{Locale, Period, figures, grouped};

/// Cents as people write them: `1 234,00 €` in French, with spaces that do not break, and
/// `€1,234.00` in English.
#[must_use]
pub fn amount(locale: Locale, cents: i64) -> String {
    match locale {
        Locale::Fr => figures(cents),
        Locale::En => {
            let minus = if cents < 0 { "\u{2212}" } else { "" };
            let (whole, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
            format!("{minus}€{}.{rest:02}", grouped(&whole.to_string(), ','))
        }
    }
}

/// A day in words: `1er novembre 2026`, `1 November 2026`.
#[must_use]
pub fn day(locale: Locale, day: NaiveDate) -> String {
    let month = month_name(locale, day);
    text_with(
        locale,
        "date-day",
        &[
            ("day", day.day().into()),
            ("month", month.into()),
            ("year", day.year().to_string().into()),
        ],
    )
    .into_owned()
}

/// An instant in words, in UTC: `24 novembre 2026 à 09:59 UTC`.
#[must_use]
pub fn day_and_time(locale: Locale, at: DateTime<Utc>) -> String {
    text_with(
        locale,
        "date-time",
        &[
            ("day", day(locale, at.date_naive()).into()),
            ("time", at.format("%H:%M").to_string().into()),
        ],
    )
    .into_owned()
}

/// A month in words: `novembre 2026`, `November 2026`.
#[must_use]
pub fn month(locale: Locale, month: Period) -> String {
    let first = month.first_day();
    text_with(
        locale,
        "date-month",
        &[
            ("month", month_name(locale, first).into()),
            ("year", first.year().to_string().into()),
        ],
    )
    .into_owned()
}

/// A country by its code (ISO 3166-1): `DE` is `Allemagne`, `Germany`. None for what is no code.
#[must_use]
pub fn country(locale: Locale, code: &str) -> Option<String> {
    let name = text_with(locale, "country-name", &[("code", code.into())]);
    (name != code).then(|| name.into_owned())
}

/// Why a bank returned or refused a payment, as it says it, with the meaning of the code that it
/// begins with: `AC04 CLOSED` is `AC04 (compte clos) CLOSED`. What begins with no known code stays
/// as it is.
#[must_use]
pub fn bank_reason(locale: Locale, said: &str) -> String {
    let (code, rest) = match said.split_once(' ') {
        Some((code, rest)) => (code, format!(" {rest}")),
        None => (said, String::new()),
    };
    let is_code = code.len() == 4 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    let words = match is_code {
        true => text_with(locale, "reason-words", &[("code", code.into())]),
        false => code.into(),
    };
    if words == code {
        return said.to_owned();
    }
    format!("{code} ({words}){rest}")
}

fn month_name(locale: Locale, day: NaiveDate) -> String {
    text_with(locale, "date-month-name", &[("number", day.month().into())]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_in_each_language() {
        for (cents, french, english) in [
            (0, "0,00\u{a0}€", "€0.00"),
            (100, "1,00\u{a0}€", "€1.00"),
            (99_999, "999,99\u{a0}€", "€999.99"),
            (123_400, "1\u{202f}234,00\u{a0}€", "€1,234.00"),
            (
                12_345_678_905,
                "123\u{202f}456\u{202f}789,05\u{a0}€",
                "€123,456,789.05",
            ),
            (
                -123_405,
                "\u{2212}1\u{202f}234,05\u{a0}€",
                "\u{2212}€1,234.05",
            ),
        ] {
            assert_eq!(amount(Locale::Fr, cents), french);
            assert_eq!(amount(Locale::En, cents), english);
        }
    }

    #[test]
    fn countries_have_their_names_and_what_is_no_code_has_none() {
        let french = |code| country(Locale::Fr, code);
        assert_eq!(french("DE").as_deref(), Some("Allemagne"));
        assert_eq!(french("CI").as_deref(), Some("Côte d’Ivoire"));
        assert_eq!(country(Locale::En, "DE").as_deref(), Some("Germany"));
        for no_code in ["QQ", "", "de", "Germany", "DE\0"] {
            assert_eq!(french(no_code), None, "{no_code:?}");
        }
    }

    #[test]
    fn a_code_of_a_bank_has_words_beside_it_and_what_is_no_code_stays_as_it_is() {
        let french = |said| bank_reason(Locale::Fr, said);
        assert_eq!(french("AC04"), "AC04 (compte clos)");
        assert_eq!(french("AC04 CLOSED"), "AC04 (compte clos) CLOSED");
        let english = bank_reason(Locale::En, "MS03");
        assert_eq!(english, "MS03 (reason not told by the bank)");
        for unknown in ["", "ZZ99", "ZZ99 what", "compte clos", "RJCT"] {
            assert_eq!(french(unknown), unknown);
        }
    }

    #[test]
    fn days_and_months_are_written_as_in_each_language() {
        let on = |text: &str| text.parse::<NaiveDate>().unwrap_or_default();
        assert_eq!(day(Locale::Fr, on("2026-08-01")), "1er août 2026");
        assert_eq!(day(Locale::Fr, on("2026-12-31")), "31 décembre 2026");
        assert_eq!(day(Locale::En, on("2026-08-01")), "1 August 2026");
        let august = Period::of(on("2026-08-15"));
        assert_eq!(month(Locale::Fr, august), "août 2026");
        assert_eq!(month(Locale::En, august), "August 2026");
        let at = "2026-11-24T09:05:59Z".parse().unwrap_or_default();
        assert_eq!(day_and_time(Locale::Fr, at), "24 novembre 2026 à 09:05 UTC");
    }
}
