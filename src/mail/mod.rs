//! The messages that Obole sends: a struct with its data becomes a subject, a text and HTML. No
//! input or output here.
//!
//! A subject carries no name, cause or amount, because it shows on locked screens.

mod account;
mod alert;
mod cancellation;
mod choice;
mod content;
mod declined;
mod ended;
mod incomplete;
mod payment;
mod receipts;
mod replacement;
mod report;
mod returned;
mod sign_in;
mod statement;

pub use account::{AccountMail, AccountTelling};
pub use alert::AlertMail;
pub use cancellation::{CancellationMail, RemainingCents};
pub use choice::ChoiceMail;
pub use declined::DeclinedMail;
pub use incomplete::IncompleteMail;
pub use payment::{PaymentMail, PaymentTold};
pub use receipts::{EnclosedReceipt, ReceiptsMail};
pub use replacement::ReplacementMail;
pub use report::{AccountSums, ClaimLine, ReportMail};
pub use returned::ReturnedMail;
pub use sign_in::SignInMail;
pub use statement::{FailedPaymentLine, ReturnedPaymentLine, StatementMail};
