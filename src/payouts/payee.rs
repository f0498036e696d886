//! Whom a payout pays: an association, or who is given back what nobody asked for.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};

use crate::ledger::PaidFrom;
use crate::values::{AssociationId, LineId, MerchantId};

/// Whom a payout pays, and from what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payee {
    /// An association, from what it is owed.
    Association { id: AssociationId, slug: String },
    /// Who sent a credit that nobody asked for, from what of its line stands in suspense.
    Sender(LineId),
    /// A merchant that left, from its credit.
    Merchant { id: MerchantId, slug: String },
}

impl Payee {
    /// What the ledger takes it from.
    #[must_use]
    pub fn paid_from(&self) -> PaidFrom<'_> {
        match self {
            Self::Association { slug, .. } => PaidFrom::Association(slug),
            Self::Sender(_) => PaidFrom::Suspense,
            Self::Merchant { slug, .. } => PaidFrom::Merchant(slug),
        }
    }

    /// The association, if it is one.
    #[must_use]
    pub fn association(&self) -> Option<(AssociationId, &str)> {
        match self {
            Self::Association { id, slug } => Some((*id, slug)),
            Self::Sender(_) | Self::Merchant { .. } => None,
        }
    }

    /// What is given back, in a word: a line, or a merchant's slug; none for an association.
    #[must_use]
    pub fn gives_back(&self) -> Option<String> {
        match self {
            Self::Association { .. } => None,
            Self::Sender(line) => Some(line.to_string()),
            Self::Merchant { slug, .. } => Some(slug.clone()),
        }
    }

    /// The payout in words, for whom it is.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Association { slug, .. } => format!("the payout to {slug}"),
            Self::Sender(line) => format!("the give-back of {line}"),
            Self::Merchant { slug, .. } => format!("the give-back to {slug}"),
        }
    }
}

impl<'r> FromRow<'r, PgRow> for Payee {
    /// From the columns `association_id`, `association`, `line_id`, `merchant_id` and `merchant`,
    /// of which the schema fills one subject.
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let association: Option<AssociationId> = row.try_get("association_id")?;
        let line: Option<LineId> = row.try_get("line_id")?;
        match (association, line) {
            (Some(id), _) => Ok(Self::Association {
                id,
                slug: row.try_get("association")?,
            }),
            (None, Some(line)) => Ok(Self::Sender(line)),
            (None, None) => Ok(Self::Merchant {
                id: row.try_get("merchant_id")?,
                slug: row.try_get("merchant")?,
            }),
        }
    }
}
