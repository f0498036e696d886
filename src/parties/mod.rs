//! The people and bodies around a donation: associations, causes, merchants, donors, operators;
//! their secrets and sign-in.

pub mod account;
pub mod account_mail;
pub mod address;
pub mod association;
pub mod cause;
pub mod choice;
pub mod donor;
pub mod donor_link;
pub mod key_sentinel;
pub mod merchant;
pub mod operator;
pub mod seal;
pub mod sign_in;
pub mod suspension;

use crate::values::{FieldError, listed};

/// Whether a merchant, an association or a cause takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum PartyState {
    Live,
    /// What its events say is still recorded, and flagged.
    Suspended,
}

impl PartyState {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Suspended => "suspended",
        }
    }
}

/// Why a party could not be added; nothing of it then was.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error("{}", listed(.0))]
    Invalid(Vec<FieldError>),
    #[error("{0:?} is already taken; choose another")]
    Taken(String),
    #[error("{0}")]
    NotYet(&'static str),
    #[error("the database refused")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for AddError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl AddError {
    /// One field that is wrong, and how to mend it.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// A unique slug or e-mail already there.
    fn taken(slug: &str) -> impl FnOnce(sqlx::Error) -> Self {
        let slug = slug.to_owned();
        move |e| match &e {
            sqlx::Error::Database(d) if d.is_unique_violation() => Self::Taken(slug),
            _ => Self::Database(e),
        }
    }
}

/// A slug made from a name: "Librairie de l'Étoile" is `librairie-de-l-etoile`.
#[must_use]
pub fn slug_of(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'à' | 'â' | 'ä' => 'a',
            'ç' => 'c',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            c if c.is_ascii_alphanumeric() => c,
            _ => '-',
        })
        .collect();
    plain
        .split('-')
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join("-")
        .chars()
        .take(60)
        .collect()
}
