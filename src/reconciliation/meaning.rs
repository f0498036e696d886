//! What a part of a bank line may be, and what a line in suspense may be held for, as the database
//! has the words.

use uuid::Uuid;

use crate::ledger::MoneyAt;
use crate::values::BankSide;

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(super) enum Meaning {
    CollectionSettled,
    CollectionReturned,
    CollectionReturnShown,
    PayoutSettled,
    PayoutReturned,
    Fee,
    TopUp,
    NextMonth,
    Reversal,
}

impl Meaning {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CollectionSettled => "collection_settled",
            Self::CollectionReturned => "collection_returned",
            Self::CollectionReturnShown => "collection_return_shown",
            Self::PayoutSettled => "payout_settled",
            Self::PayoutReturned => "payout_returned",
            Self::Fee => "fee",
            Self::TopUp => "top_up",
            Self::NextMonth => "next_month",
            Self::Reversal => "reversal",
        }
    }

    /// What its line turned out to be when it was imported.
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::CollectionReturnShown => Self::CollectionReturned.word(),
            meaning => meaning.word(),
        }
    }

    /// The fact under which the ledger posts it; none where nothing is to post.
    pub const fn fact(self) -> Option<&'static str> {
        match self {
            Self::Fee => Some("bank_fee"),
            Self::TopUp => Some("bank_top_up"),
            Self::NextMonth => Some("bank_next_month"),
            Self::Reversal => None,
            _ => Some(self.word()),
        }
    }
}

/// What a line in suspense is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(super) enum HoldMeaning {
    /// Less than the collection asks: until the rest comes.
    Part,
    /// What came beyond what the collection asks.
    Rest,
    /// The collection is paid already.
    Second,
    /// The collection's money was taken back before it came.
    Recall,
    /// The payout came back before it left.
    Return,
    /// The payout left though it was refused.
    Debit,
    /// It names something, and nothing fits.
    Other,
}

impl HoldMeaning {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Part => "part",
            Self::Rest => "rest",
            Self::Second => "second",
            Self::Recall => "recall",
            Self::Return => "return",
            Self::Debit => "debit",
            Self::Other => "other",
        }
    }

    /// What a person may do about it who wanted it to fit.
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::Rest | Self::Second => {
                "`--next-month` leaves it to the merchant, and `obole bank give-back` gives it back"
            }
            Self::Other => "`obole bank lines` shows what each line is, and what is left of it",
            Self::Part | Self::Recall | Self::Return | Self::Debit => {
                "wait for the statement that shows the rest"
            }
        }
    }

    /// What it is, for the person who must decide.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Part => "is less than its collection asks",
            Self::Rest => "is more than its collection asks",
            Self::Second => "names a collection that is not waiting for money",
            Self::Recall => "takes back a payment that has not come",
            Self::Return => "brings back a payout that has not left",
            Self::Debit => "pays a payout that was refused or came back",
            Self::Other => "names what it does not fit",
        }
    }
}

/// A part of a line that was understood.
#[derive(Clone, Debug)]
pub(super) struct NewMatch {
    pub match_id: Uuid,
    pub line_id: Uuid,
    pub meaning: Meaning,
    pub side: BankSide,
    pub cents: i64,
    pub collection_id: Option<Uuid>,
    pub payout_id: Option<Uuid>,
    pub merchant_id: Option<Uuid>,
    pub other_line_id: Option<Uuid>,
    pub fact_id: Uuid,
    pub at: MoneyAt,
    pub on: chrono::NaiveDate,
}

impl NewMatch {
    /// The fact under which the ledger posts it; none where nothing is to post. What shows a return
    /// out of suspense finds there what the return left.
    pub fn fact(&self) -> Option<&'static str> {
        match (self.meaning, self.at) {
            (Meaning::CollectionReturnShown, MoneyAt::Suspense) => None,
            (meaning, _) => meaning.fact(),
        }
    }

    /// A part of a line, posted under an id of its own.
    pub fn new(line: &Piece, meaning: Meaning, cents: i64) -> Self {
        let match_id = Uuid::now_v7();
        Self {
            match_id,
            line_id: line.line_id,
            meaning,
            side: line.side,
            cents,
            collection_id: None,
            payout_id: None,
            merchant_id: None,
            other_line_id: None,
            fact_id: match_id,
            at: line.at,
            on: line.on,
        }
    }
}

/// What a line is held for from now on.
#[derive(Clone, Debug)]
pub(super) struct NewHold {
    pub line_id: Uuid,
    pub meaning: HoldMeaning,
    pub collection_id: Option<Uuid>,
    pub payout_id: Option<Uuid>,
}

/// What is to be understood of a line: all of a new one, or what of an older one stands in
/// suspense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub line_id: Uuid,
    pub side: BankSide,
    pub cents: i64,
    pub on: chrono::NaiveDate,
    pub at: MoneyAt,
}
