//! Whether a receipt can be relied on.

/// Whether a receipt can be relied on, as facts say at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum ReceiptStanding {
    Valid,
    /// It says more than remains, its money is not with the association any more, or a case is open
    /// about it. A person decides.
    InQuestion,
    Cancelled,
    Replaced,
}

impl ReceiptStanding {
    /// The word of the contract.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::InQuestion => "in-question",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
        }
    }

    /// What stands across the document of a receipt that is not valid.
    pub(super) const fn mark(self) -> Option<&'static str> {
        match self {
            Self::Valid => None,
            Self::InQuestion => Some("EN COURS DE VÉRIFICATION"),
            Self::Cancelled | Self::Replaced => Some("ANNULÉ"),
        }
    }
}
