//! The bank's files (ISO 20022): statements, notifications and status reports in, pain.001 credit
//! transfers out.

pub mod simulated;

mod bank_text;
mod camt;
mod pain001;
mod pain002;
mod read;
mod references;
mod source;
mod xml;

pub use pain001::{CreditTransfer, CreditTransferError, OrderWriting, order_file};
pub use read::{BankFileError, BankItem, BankReader};
