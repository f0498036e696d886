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
