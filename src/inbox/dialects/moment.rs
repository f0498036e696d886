//! When something happened, as platforms and their plug-ins write it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::json::Json;
use crate::values::paris_instant;

/// Times as they are written without a zone.
const WITHOUT_ZONE: [&str; 6] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
];
/// Times as they are written with an offset.
const WITH_OFFSET: [&str; 3] = [
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y-%m-%d %H:%M:%S%.f%z",
];
/// More seconds than this are milliseconds.
const MAX_SECONDS: i64 = 100_000_000_000;

/// What clocks a time without a zone is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Utc,
    Paris,
}

/// Whether a time is there at all, readable or not: MySQL and PHP also write none as zeros or as
/// `false`.
pub(super) fn is_told(time: &Json<'_>) -> bool {
    match time {
        Json::Object(_) => is_told(time.get("date")),
        other => other
            .filled()
            .is_some_and(|text| text != "false" && !text.starts_with("0000-00-00") && text != "0"),
    }
}

/// The instant of a time; none where it cannot be read.
pub(super) fn instant(time: &Json<'_>, clock: Clock) -> Option<DateTime<Utc>> {
    if !is_told(time) {
        return None;
    }
    if matches!(time, Json::Object(_)) {
        // PHP writes an object of its own: date, timezone_type, timezone.
        let clock = match time.get("timezone").text() {
            Some("UTC" | "GMT" | "Z" | "+00:00") => Clock::Utc,
            Some(_) => Clock::Paris,
            None => clock,
        };
        return instant(time.get("date"), clock);
    }
    let text = time.filled()?;
    if let Ok(number) = text.parse::<i64>() {
        return if number < MAX_SECONDS {
            DateTime::from_timestamp(number, 0)
        } else {
            DateTime::from_timestamp_millis(number)
        };
    }
    with_zone(text).or_else(|| {
        let shown = without_zone(text)?;
        Some(match clock {
            Clock::Utc => shown.and_utc(),
            Clock::Paris => paris_instant(shown),
        })
    })
}

fn with_zone(text: &str) -> Option<DateTime<Utc>> {
    let by_standard = || {
        let rfc3339 = DateTime::parse_from_rfc3339(text);
        rfc3339.or_else(|_| DateTime::parse_from_rfc2822(text)).ok()
    };
    let by_format = || {
        let mut formats = WITH_OFFSET.iter();
        formats.find_map(|format| DateTime::parse_from_str(text, format).ok())
    };
    by_standard().or_else(by_format).map(|at| at.to_utc())
}

fn without_zone(text: &str) -> Option<NaiveDateTime> {
    let mut formats = WITHOUT_ZONE.iter();
    formats
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(day.and_time(NaiveTime::MIN))
        })
}

#[cfg(test)]
mod tests {
    use super::super::json_reader::read_json;
    use super::*;

    #[test]
    fn one_instant_has_many_notations() {
        let at = |text: &str, clock| {
            let json = read_json(text).unwrap();
            assert!(is_told(&json), "{text}");
            instant(&json, clock).map(|t| t.to_rfc3339())
        };
        let right = Some("2026-10-24T10:00:00+00:00".to_owned());
        for text in [
            "\"2026-10-24T10:00:00\"",
            "\"2026-10-24 10:00:00\"",
            "\"2026-10-24T10:00:00.000Z\"",
            "\"2026-10-24T12:00:00+02:00\"",
            "\"2026-10-24T12:00:00+0200\"",
            "\"2026-10-24 12:00:00 +0200\"",
            "\"Sat, 24 Oct 2026 10:00:00 +0000\"",
            "\"24/10/2026 10:00\"",
            "1792836000",
            "\"1792836000\"",
            "1792836000000",
            r#"{"date": "2026-10-24 12:00:00.000000", "timezone_type": 3,
                "timezone": "Europe/Paris"}"#,
            r#"{"date": "2026-10-24 10:00:00.000000", "timezone": "UTC"}"#,
        ] {
            assert_eq!(at(text, Clock::Utc), right, "{text}");
        }
        assert_eq!(at("\"2026-10-24T12:00:00\"", Clock::Paris), right);
        assert_eq!(at("\"yesterday\"", Clock::Utc), None);
        for none in [
            "null",
            "\"\"",
            "\"0000-00-00 00:00:00\"",
            "false",
            "0",
            "[]",
            "{}",
        ] {
            assert!(!is_told(&read_json(none).unwrap()), "{none}");
        }
    }
}
