//! Who decides something, and why: the same arguments everywhere.

use chrono::NaiveDate;
use clap::Args;

use super::day::day;

/// Arguments of every act of a person.
#[derive(Args)]
pub struct DecisionArguments {
    /// Who decides: an operator's e-mail.
    #[arg(long = "as", visible_alias = "by", value_name = "EMAIL")]
    pub operator: String,
    /// Why; kept in the audit log, so without personal data.
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// The business date; today in Paris by default.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub on: Option<NaiveDate>,
}
