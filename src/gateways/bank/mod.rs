//! The bank's files (ISO 20022): camt.053 statements in, pain.001 credit transfers out.

pub mod simulated;

mod bank_text;
mod camt053;
mod pain001;

pub use camt053::{StatementError, read_statements};
pub use pain001::{CreditTransfer, CreditTransferError, OrderWriting, order_file};
