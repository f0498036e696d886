//! Receipts (reçus fiscaux): eligible gifts, gapless numbers, a complete document, one message, a vault.

mod compose;
mod document;
mod eligibility;
mod issue;
mod mailing;
mod vault;
mod words;

pub use document::{DocumentError, Printed, PrintedGift, render, typeset};
pub use eligibility::{Gift, Held, held};
pub use issue::{IssueError, Issued, IssuedReceipt, Receipt, issue};
pub use mailing::{of_mails, open_mailings, prepare_mailings, sent};
pub use vault::{Kept, find, of_donor, of_ids};
