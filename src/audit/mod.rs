//! The audit log: who did what, when, from where, on what, and what it was before and after.
//! Append-only, written in the database transaction of the act.

mod list;
mod record;

pub use list::{AuditEntry, list};
pub use record::{Act, Actor, record};
