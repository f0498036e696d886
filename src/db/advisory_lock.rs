//! Advisory locks: what cannot sit in a database transaction, such as sending mail, is done by one
//! run at a time.

use sqlx::postgres::{PgAdvisoryLock, PgAdvisoryLockGuard, PgPool};
use sqlx::{Connection as _, Either, PgConnection};

/// A lock that is held until it is released, or dropped: its connection then closes.
pub struct AdvisoryLock(PgAdvisoryLockGuard<PgConnection>);

impl AdvisoryLock {
    /// Waits until nobody else holds the lock of this name.
    pub async fn acquire(db: &PgPool, name: &str) -> Result<Self, sqlx::Error> {
        // A connection of its own: while it waits, the pool has as many as before.
        let connection = db.acquire().await?.detach();
        let held = PgAdvisoryLock::new(name).acquire(connection).await?;
        Ok(Self(held))
    }

    /// Takes the lock of this name unless somebody holds it.
    pub async fn try_acquire(db: &PgPool, name: &str) -> Result<Option<Self>, sqlx::Error> {
        let connection = db.acquire().await?.detach();
        Ok(
            match PgAdvisoryLock::new(name).try_acquire(connection).await? {
                Either::Left(held) => Some(Self(held)),
                Either::Right(connection) => {
                    connection.close().await?;
                    None
                }
            },
        )
    }

    /// The number by which `pg_locks` shows the lock of this name.
    #[must_use]
    pub fn number(name: &str) -> Option<i64> {
        PgAdvisoryLock::new(name).key().as_bigint()
    }

    /// Lets the next one have it.
    pub async fn release(self) -> Result<(), sqlx::Error> {
        self.0.release_now().await?.close().await
    }
}
