//! Days as they are written on the command line.

use chrono::NaiveDate;

/// Reads a day such as `2026-11-25`.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| "a day is written year-month-day, such as 2026-11-25".into())
}
