//! Mails to merchants, associations and donors: what a mail says is loaded, composed, sent, and
//! marked as sent.
//!
//! A run that was cut short sends the mails that are not marked, under the same ids, so that mail
//! programs show a mail that went out twice only once.

mod account;
mod addressee;
mod alert;
mod attachments;
mod choice;
mod incomplete;
mod payment;
mod receipts;
mod report;
mod send;
mod sign_in;
mod statement;

pub use account::tell_of_accounts;
pub use addressee::{Addressee, addressee};
pub use alert::send_alerts;
pub use attachments::{
    delete_receipt_document, duplicate_path, mark_cancelled_documents, receipt_document,
    receipt_path, statement_path,
};
pub use choice::send_choice_requests;
pub use incomplete::ask_for_identities;
pub use payment::tell_of_payments;
pub use receipts::{MailCounts, send_receipts, send_written};
pub use report::send_reports;
pub use sign_in::{Landing, send_link};
pub use statement::send_statements;
