//! Refunds due: what an association owes back of money that it has, or no longer holds.

mod record;
mod recover;
mod settle;

pub use record::{NewRefundDue, Origin, record, shortfall_id};
pub use recover::recover;
pub use settle::{SettleError, SettledPart, bear, open_of_donations, settle_agreed, settle_unmade};
