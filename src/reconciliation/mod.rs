//! Bank reconciliation (rapprochement): each line of a bank statement is imported once, matched
//! with what it settles, part by part, and what is left stands in suspense until a person decides.

mod decide;
mod import;
mod inside;
mod known;
mod lines;
mod matches;
mod meaning;
mod naming;
mod new_line;
mod notices;
mod plan;
mod statements;
mod suspense;
mod undo;

pub use decide::{DecideError, Decided, Understood, match_line};
pub use import::{Import, ImportSummary, Placement, import, import_lines};
pub use inside::explain_entries;
pub use lines::{Line, lines};
pub use naming::{collections_named, merchant_named};
pub use notices::{ToldOrder, take_notification, take_status};
pub use statements::{
    PlacedStatement, StatementSummary, place_statement, question_entry, record_statement,
};
pub use undo::{UndoError, unmatch_line};
