//! A line of a statement that is new here.

use uuid::Uuid;

use super::meaning::Piece;
use crate::ledger::MoneyAt;
use crate::values::BankLine;

/// A line that no earlier import stored.
pub(super) struct NewLine<'l> {
    pub line_id: Uuid,
    pub likeness: Uuid,
    pub nth: i32,
    pub line: &'l BankLine,
}

impl NewLine<'_> {
    /// All of it, as it comes.
    pub fn piece(&self) -> Piece {
        Piece {
            line_id: self.line_id,
            side: self.line.side,
            cents: self.line.amount.cents(),
            on: self.line.booked_on,
            at: MoneyAt::Cash,
        }
    }
}
