//! Receipts (reçus fiscaux): eligible donations, numbers without a gap, a complete document, one
//! message, ways out when a receipt is wrong, and content kept sealed for six years.

mod amount_in_words;
mod cancel;
mod candidates;
mod compose;
mod content;
mod correction;
mod decline;
mod document;
mod duplicate;
mod eligibility;
mod incomplete;
mod issue;
mod mailing;
mod number;
mod outlook;
mod question;
mod register;
mod replace;
mod standing;
mod state;

pub use cancel::cancel;
pub use content::{ContentError, Receipt, destroy_expired, expired, find, of_ids};
pub use correction::{correct, is_of_use};
pub use decline::decline_correction;
pub use document::{DocumentError, ReceiptContent, typeset};
pub use duplicate::duplicate;
pub use eligibility::{DonationFacts, DonorFacts, WithheldReason, assess};
pub use incomplete::{IdentityGaps, mark_requested, open_requests, prepare_requests};
pub use issue::{IssueError, IssueSummary, IssueTerms, IssuedReceipt, issue};
pub use mailing::{
    MailKind, OpenMail, addressed_donor, mark_sent, of_mails, open_mailings, prepare_mailings,
};
pub use outlook::{Outlook, outlook};
pub use question::{question_consent, question_refunded, question_unpaid};
pub use register::{ReceiptSummary, RegisteredReceipt, number_of, of_donor, registered};
pub use replace::replace;
pub use standing::ReceiptStanding;
pub use state::{DecisionError, EndedReceipt, ReceiptDecision, ended, find_ended};
