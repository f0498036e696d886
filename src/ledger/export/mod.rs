//! The books in the formats of plain-text accounting: hledger, ledger and beancount. One file a
//! format.

mod beancount;
mod books;
mod hledger;
mod ledger;
mod plain_text;
mod write;

pub use write::{Format, export};
