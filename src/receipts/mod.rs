//! Receipts (reçus fiscaux): eligible donations, numbers without a gap, a complete document, one
//! message, and content kept sealed for six years.

mod amount_in_words;
mod candidates;
mod compose;
mod content;
mod document;
mod eligibility;
mod incomplete;
mod issue;
mod mailing;
mod number;

pub use content::{
    ContentError, Receipt, ReceiptSummary, RegisteredReceipt, destroy_expired, expired, find,
    of_donor, of_ids, registered,
};
pub use document::{DocumentError, ReceiptContent, typeset};
pub use eligibility::{DonationFacts, DonorFacts, WithheldReason, assess};
pub use incomplete::{IdentityGaps, mark_requested, open_requests, prepare_requests};
pub use issue::{IssueError, IssueSummary, IssuedReceipt, issue};
pub use mailing::{mark_sent, of_mails, open_mailings, prepare_mailings};
