//! Payouts (reversements): what arrived goes to the associations, when two people of the team
//! approve.

mod approve;
mod files;
mod list;
mod prepare;
mod report;
mod settle;
mod state;

pub use approve::{ApproveError, approve};
pub use files::{PayoutOrder, mark_written, unwritten_orders};
pub use list::{Payout, list};
pub use prepare::{MINIMUM_CENTS, prepare};
pub use report::{PayoutReport, mark_reported, report, unreported};
pub use settle::{SettleOutcome, settle};
pub use state::PayoutState;
