//! Rails: the ways money really moves. Pure: what a rail says, put as facts that the rooms above
//! understand.

mod rail;
pub mod transfer;

pub use rail::{CashAccount, Rail, RailError};
