//! Bank reconciliation (rapprochement): each line of a bank statement is imported once, matched
//! with what it settles, and otherwise posted to suspense.

mod balances;
mod import;
mod matching;
mod suspense;

pub use balances::record_balances;
pub use import::{Import, ImportSummary, import};
