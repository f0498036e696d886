//! What a person decides about a case: each kind by the room that owns its subject, in one database
//! transaction with the audit log; then files are written and those concerned are told.

mod accounts;
mod collections;
mod consent;
mod decide;
mod decision;
mod messages;
mod orders;
mod payouts;
mod refunds;

pub use consent::{RuledDonation, rule_on_donation};
pub use decide::{DecidedCase, decide_case};
pub use decision::CaseDecision;
