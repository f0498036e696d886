//! What a person decides about a case: each kind by the room that owns its subject, in one database
//! transaction with the audit log; then files are written and those concerned are told.

mod decide;
mod decision;
mod orders;
mod refunds;

pub use decide::{DecidedCase, decide_case};
pub use decision::CaseDecision;
