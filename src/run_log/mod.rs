//! The log of runs: what was run, by whom, and how it ended. A run is written down before it does
//! anything, so that one that is cut short shows.

mod begin;
mod end;
mod kind;
mod list;

pub use begin::{BegunRun, NewRun, begin, last, lock_beginnings};
pub use end::{RunEnd, end};
pub use kind::RunKind;
pub use list::{LoggedRun, RunState, list};
