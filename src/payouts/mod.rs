//! Payouts (reversements): what arrived goes to the associations, when two people of the team say so.

mod approve;
mod prepare;
mod report;
mod settle;

pub use approve::{ApproveError, approve, record_file, unwritten_orders};
pub use prepare::{Payout, list, prepare};
pub use report::{PayoutReport, mark_reported, report, unreported};
pub use settle::{SettleOutcome, settle};
