//! The rails there are, and the cash accounts that they use.

/// A way in which money is asked for or sent.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type, serde::Serialize,
)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Rail {
    /// A credit transfer that the payer makes.
    Transfer,
    /// A SEPA direct debit.
    DirectDebit,
    /// A payment through Stripe.
    Stripe,
}

/// Where money of others is kept; each is mirrored by an account of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CashAccount {
    /// The ring-fenced account at the bank.
    Bank,
    /// The balance at Stripe.
    Stripe,
}

impl Rail {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::DirectDebit => "direct-debit",
            Self::Stripe => "stripe",
        }
    }

    /// Where its money arrives, or leaves from.
    #[must_use]
    pub const fn cash_account(self) -> CashAccount {
        match self {
            Self::Transfer | Self::DirectDebit => CashAccount::Bank,
            Self::Stripe => CashAccount::Stripe,
        }
    }
}

/// A text that names no rail.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not one of transfer, direct-debit, stripe")]
pub struct RailError(String);

impl std::str::FromStr for Rail {
    type Err = RailError;
    fn from_str(text: &str) -> Result<Self, RailError> {
        [Self::Transfer, Self::DirectDebit, Self::Stripe]
            .into_iter()
            .find(|rail| rail.word() == text)
            .ok_or_else(|| RailError(text.to_owned()))
    }
}

impl CashAccount {
    /// The ledger's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Stripe => "stripe",
        }
    }
}
