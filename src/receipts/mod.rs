//! Receipts (reçus fiscaux): eligible gifts, gapless numbers, a complete document, one message.

mod document;
mod eligibility;
mod issue;
mod words;

pub use document::{DocumentError, Printed, PrintedGift, render};
pub use eligibility::{Gift, Held, held};
pub use issue::{IssueError, Issued, Receipt, issue, of_mail, open_mailings, prepare_mailings, sent};
