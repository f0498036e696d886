//! Why the private PostgreSQL cannot be used, and what to do about it.

use std::path::{Path, PathBuf};

/// Why the private PostgreSQL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    #[error(
        "no PostgreSQL server (15 or later) was found on PATH, in /usr/lib/postgresql/*/bin or in \
         Homebrew; install it (Debian: apt-get install postgresql; macOS: brew install \
         postgresql@17) or set DATABASE_URL"
    )]
    NotFound,
    #[error(
        "PostgreSQL refuses to run as root and no unprivileged user (postgres, nobody) was found; \
         set DATABASE_URL"
    )]
    NoUser,
    #[error("{what} {path:?} failed")]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{program} failed: {output}")]
    Program {
        program: &'static str,
        output: String,
    },
    /// A new cluster beside the key of another would be an empty ledger that looks like the old.
    #[error(
        "{home:?} has a key, secret.key, but the database that it seals is not in {data:?}: \
         restore it there (OBOLE_DATA was copied or moved, or its rights were changed), or move \
         secret.key away to begin with an empty database"
    )]
    DataMissing { home: PathBuf, data: PathBuf },
    #[error("the private PostgreSQL gives no connection")]
    Away(#[source] sqlx::Error),
}

impl PrivateError {
    pub(super) fn file(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File {
            what,
            path: path.to_owned(),
            source,
        }
    }
}
