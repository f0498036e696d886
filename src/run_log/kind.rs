//! The kinds of runs. Of one kind, one run is under way at a time.

use std::fmt;

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// The merchants are asked for a month.
    Collections,
    /// Statements of the bank are imported.
    BankImport,
    /// The associations are to be paid.
    Payouts,
    /// Receipts are issued and mailed.
    Receipts,
}

impl RunKind {
    /// Every kind, in the order of the month.
    pub const ALL: [Self; 4] = [
        Self::Collections,
        Self::BankImport,
        Self::Payouts,
        Self::Receipts,
    ];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Collections => "collections",
            Self::BankImport => "bank-import",
            Self::Payouts => "payouts",
            Self::Receipts => "receipts",
        }
    }

    /// The name of the advisory lock that a run of this kind holds as long as its process lives:
    /// the database forgets it with the connection.
    #[must_use]
    pub fn lock(self) -> String {
        format!("a run of {}", self.word())
    }
}

impl fmt::Display for RunKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
