//! Receipts (reçus fiscaux): eligible gifts, gapless numbers, a complete document, one message, a vault.

mod amount_in_words;
mod compose;
mod content;
mod document;
mod eligibility;
mod issue;
mod mailing;

pub use content::{ReceiptSummary, find, of_donor, of_ids};
pub use document::{DocumentError, ReceiptContent, ReceiptLine, render, typeset};
pub use eligibility::{DonationFacts, WithheldReason, withheld};
pub use issue::{IssueError, Issued, IssuedReceipt, Receipt, issue};
pub use mailing::{mark_sent, of_mails, open_mailings, prepare_mailings};
