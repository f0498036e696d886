//! Payouts (reversements): what arrived goes to the associations, when two people of the team say so.

mod approve;
mod prepare;
mod report;
mod settle;

pub use approve::{ApproveError, approve, record_file, unwritten};
pub use prepare::{Payout, list, prepare};
pub use report::{Unreported, report, reported, unreported};
pub use settle::{Settled, settle};
