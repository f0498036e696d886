//! Days and months in Paris time. A day is a Paris day, made here and nowhere else.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc,
};
use chrono_tz::Europe::Paris;

/// The Paris day of an instant.
#[must_use]
pub fn paris_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Paris).date_naive()
}

/// A day as a French form writes it: `24/11/2026`. Pages and mails write days in words, by
/// `texts::day`.
#[must_use]
pub fn french_day(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// The instant a Paris day begins. Clocks change at 02:00 or 03:00 in Paris, so midnight exists
/// once on each day.
#[must_use]
pub fn paris_midnight(day: NaiveDate) -> DateTime<Utc> {
    Paris
        .from_local_datetime(&day.and_time(NaiveTime::MIN))
        .earliest()
        .map_or_else(
            || day.and_time(NaiveTime::MIN).and_utc(),
            |t| t.with_timezone(&Utc),
        )
}

/// The instant of a time as clocks in Paris show it; the earlier of two, when clocks are set back.
#[must_use]
pub fn paris_instant(shown: NaiveDateTime) -> DateTime<Utc> {
    Paris
        .from_local_datetime(&shown)
        .earliest()
        .map_or_else(|| shown.and_utc(), |t| t.with_timezone(&Utc))
}

/// A calendar month in Paris, printed `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(NaiveDate);

/// A text that is not a month.
#[derive(Debug, thiserror::Error)]
#[error("a period is a month such as 2026-11")]
pub struct PeriodError;

impl Period {
    /// The month that holds a day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self(
            day.checked_sub_days(Days::new(u64::from(day.day0())))
                .unwrap_or(day),
        )
    }

    /// The month's first day.
    #[must_use]
    pub const fn first_day(self) -> NaiveDate {
        self.0
    }

    /// The month after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The month before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The month's last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.next().0.pred_opt().unwrap_or(self.0)
    }

    /// From this instant (inclusive) …
    #[must_use]
    pub fn begins_at(self) -> DateTime<Utc> {
        paris_midnight(self.0)
    }

    /// … to this one (exclusive).
    #[must_use]
    pub fn ends_at(self) -> DateTime<Utc> {
        paris_midnight(self.next().0)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

impl FromStr for Period {
    type Err = PeriodError;
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        if text.len() != 7 {
            return Err(PeriodError);
        }
        NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
            .map(Self)
            .map_err(|_| PeriodError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_paris_midnight_in_winter_summer_and_on_both_clock_changes() {
        let begins = |text: &str| {
            text.parse()
                .map(|d| paris_midnight(d).to_rfc3339())
                .unwrap_or_default()
        };
        assert_eq!(begins("2027-01-01"), "2026-12-31T23:00:00+00:00");
        assert_eq!(begins("2026-07-01"), "2026-06-30T22:00:00+00:00");
        assert_eq!(begins("2026-03-29"), "2026-03-28T23:00:00+00:00");
        assert_eq!(begins("2026-03-30"), "2026-03-29T22:00:00+00:00");
        assert_eq!(begins("2026-10-25"), "2026-10-24T22:00:00+00:00");
        assert_eq!(begins("2026-10-26"), "2026-10-25T23:00:00+00:00");
    }

    #[test]
    fn new_year_in_paris_comes_before_new_year_in_utc() {
        let at = "2026-12-31T23:30:00Z".parse().unwrap_or_default();
        assert_eq!(paris_day(at).to_string(), "2027-01-01");
        assert_eq!(Period::of(paris_day(at)).to_string(), "2027-01");
    }

    #[test]
    fn a_period_reads_back_and_knows_its_neighbours() {
        let p: Period = "2026-12".parse().unwrap_or(Period::of(NaiveDate::MIN));
        assert_eq!(
            (p.next().to_string(), p.previous().to_string()),
            ("2027-01".into(), "2026-11".into())
        );
        assert_eq!(p.last_day().to_string(), "2026-12-31");
        assert_eq!(french_day(p.last_day()), "31/12/2026");
        assert!("2026-13".parse::<Period>().is_err() && "2026-1".parse::<Period>().is_err());
    }
}
