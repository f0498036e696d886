//! Suspending a merchant, an association or a cause, and lifting that again.

use sqlx::PgConnection;

use super::PartyState;

/// Who can be suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspendable {
    /// What it charged is recorded, flagged, and asked for as before.
    Merchant,
    /// What is for it is recorded and flagged; it is paid nothing.
    Association,
    /// It is not offered; what is for it is recorded and flagged.
    Cause,
}

impl Suspendable {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Association => "association",
            Self::Cause => "cause",
        }
    }
}

/// Why a party's state was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SuspendError {
    #[error("no {0} is called {1:?}; see `obole {0} list`")]
    Unknown(&'static str, String),
    #[error("the {0} {1} is {2} already")]
    Already(&'static str, String, &'static str),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// Changes whether a party takes part.
pub async fn set_state(
    tx: &mut PgConnection,
    party: Suspendable,
    slug: &str,
    state: PartyState,
) -> Result<(), SuspendError> {
    let (find, change) = match party {
        Suspendable::Merchant => (
            "select state from merchant where slug = $1 for update",
            "update merchant set state = $2 where slug = $1",
        ),
        Suspendable::Association => (
            "select state from association where slug = $1 for update",
            "update association set state = $2 where slug = $1",
        ),
        Suspendable::Cause => (
            "select state from cause where slug = $1 for update",
            "update cause set state = $2 where slug = $1",
        ),
    };
    let before: Option<PartyState> = sqlx::query_scalar(find)
        .bind(slug)
        .fetch_optional(&mut *tx)
        .await?;
    let before = before.ok_or_else(|| SuspendError::Unknown(party.word(), slug.to_owned()))?;
    if before == state {
        return Err(SuspendError::Already(
            party.word(),
            slug.to_owned(),
            state.word(),
        ));
    }
    sqlx::query(change)
        .bind(slug)
        .bind(state)
        .execute(tx)
        .await?;
    Ok(())
}
