//! Bank reconciliation (rapprochement): each line of a bank statement is imported once, matched
//! with what it settles, and otherwise posted to suspense.

mod import;
mod matching;
mod suspense;

pub use import::{Import, ImportSummary, import};
