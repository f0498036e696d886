//! The month's runs, as the calendar or a person starts them.
//!
//! Each run writes in database transactions of its own, then writes files and sends mails. A run
//! that was cut short is completed by starting it again.

mod account_acts;
mod add_merchant;
mod approval;
mod bank_give_back;
mod bank_statements;
mod collection_acts;
mod collections;
mod decisions;
mod dry_run;
mod merchant_statements;
mod payout_acts;
mod payout_files;
mod payouts;
mod receipt_decisions;
mod receipts;
mod run;
mod suspension;

pub use account_acts::{AccountAct, AccountStanding, act_on_account};
pub use add_merchant::{MerchantCredentials, NewMerchant, add_merchant};
pub use approval::approve_payout;
pub use bank_give_back::give_back;
pub use bank_statements::{ImportedStatement, StatementImport, import_statements, preview_import};
pub use collection_acts::{CollectionAct, act_on_collection};
pub use collections::{CollectionRun, run_collections};
pub use decisions::{CaseDecision, DecidedCase, RuledDonation, decide_case, rule_on_donation};
pub use dry_run::{preview_collections, preview_payouts};
pub use payout_acts::{PayoutAct, act_on_payout};
pub use payout_files::{set_aside_payouts, write_payout_file_again};
pub use payouts::run_payouts;
pub use receipt_decisions::{
    DecidedReceipt, cancel_receipt, decline_correction, duplicate_receipt, replace_receipt,
};
pub use receipts::{ReceiptOptions, ReceiptRun, RunReceipt, WithheldDonations, run_receipts};
pub use run::RunUnderWay;
pub use suspension::{Suspended, Suspension, suspend};
