//! Advisory locks: what cannot sit in a database transaction, such as sending mail, is done by one
//! run at a time.

use sqlx::postgres::{PgAdvisoryLock, PgAdvisoryLockGuard, PgPool};
use sqlx::{Connection as _, PgConnection};

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

    /// Lets the next one have it.
    pub async fn release(self) -> Result<(), sqlx::Error> {
        self.0.release_now().await?.close().await
    }
}
