//! Why the database could not be opened, in words for the person who runs Obole.

use super::private::PrivateError;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "DATABASE_URL is not a PostgreSQL address; it should look like \
         postgres://user:password@host/obole"
    )]
    Url(#[source] sqlx::Error),
    #[error("the database cannot be reached")]
    Away(#[source] sqlx::Error),
    #[error("PostgreSQL 15 or later is needed; this one is {0}")]
    TooOld(String),
    #[error(
        "its schema was made by a build from before the first release, and no migration leads \
         from there to this build's"
    )]
    EarlierBuild,
    #[error(
        "the schema was brought up to date by a newer build of Obole: run that build, or a later \
         one"
    )]
    NewerBuild,
    #[error("the migrations did not apply")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(transparent)]
    Private(#[from] PrivateError),
}

/// Whether two database transactions waited for each other, and this one gave way (SQLSTATE class
/// 40): done again, it can succeed.
#[must_use]
pub fn gave_way(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(e) => e.code().is_some_and(|c| c.starts_with("40")),
        _ => false,
    }
}

/// Whether the database refused the rows themselves (SQLSTATE classes 22 and 23), rather than being
/// away.
#[must_use]
pub fn is_data_error(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(e) => e
            .code()
            .is_some_and(|c| c.starts_with("22") || c.starts_with("23")),
        sqlx::Error::Encode(_) => true,
        _ => false,
    }
}
