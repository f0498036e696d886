//! Why a tax receipt was cancelled or replaced, as its donor is told.

use std::fmt;
use std::str::FromStr;

/// Why a receipt ended. What an operator writes besides stays with the team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum EndReason {
    /// The merchant gave back a donation of it, whole or in part.
    Refund,
    /// A payment that carried a donation of it came back.
    PaymentReturned,
    /// The donor asked for another name or address.
    Correction,
    /// It was issued wrongly.
    Mistake,
}

impl EndReason {
    pub const ALL: [Self; 4] = [
        Self::Refund,
        Self::PaymentReturned,
        Self::Correction,
        Self::Mistake,
    ];

    /// The word of the database and of commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::PaymentReturned => "payment-returned",
            Self::Correction => "correction",
            Self::Mistake => "mistake",
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A text that is no such reason.
#[derive(Debug, thiserror::Error)]
#[error("the reason is refund, payment-returned, correction or mistake")]
pub struct EndReasonError;

impl FromStr for EndReason {
    type Err = EndReasonError;
    fn from_str(text: &str) -> Result<Self, EndReasonError> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.word() == text)
            .ok_or(EndReasonError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_from_its_word_and_an_error_names_them_all() {
        for reason in EndReason::ALL {
            assert_eq!(reason.word().parse::<EndReason>().unwrap(), reason);
            let named = EndReasonError.to_string();
            assert!(named.contains(reason.word()), "{named}");
        }
        assert!("".parse::<EndReason>().is_err());
    }
}
