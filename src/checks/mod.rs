//! Every invariant as SQL, in one snapshot. Used at the end of each database test, by `obole
//! check`, and while serving.

mod accounts;
mod bank;
mod cases;
mod check;
mod donations;
mod inbox;
mod ledger;
mod month;
mod receipts;
mod reports;
mod run;

pub use run::{Verdict, names, run, run_in};
