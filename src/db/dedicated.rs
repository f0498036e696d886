//! A connection that one loop keeps to itself: its statements stay prepared, and it is not tested
//! before each use.

use sqlx::{Connection as _, PgConnection, PgPool};

/// The connection, made when it is first needed, and again after it was closed.
pub struct DedicatedConnection {
    db: PgPool,
    connection: Option<PgConnection>,
}

impl DedicatedConnection {
    #[must_use]
    pub const fn new(db: PgPool) -> Self {
        Self {
            db,
            connection: None,
        }
    }

    /// The connection.
    pub async fn get(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(open) => open,
            None => {
                let mut fresh = self.db.acquire().await?.detach();
                // Its statements look rows up by their keys, and a plan lasts as long as the
                // connection: one made while a table was nearly empty would read the whole table
                // when it is full.
                sqlx::query("set enable_seqscan = off")
                    .execute(&mut fresh)
                    .await?;
                fresh
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// Drops the connection as it is, in whatever state it is: the server ends what it did.
    pub fn abandon(&mut self) {
        self.connection = None;
    }

    /// Gives up the connection: its work is done, or an error may have broken it.
    pub async fn close(&mut self) {
        if let Some(open) = self.connection.take()
            && let Err(error) = open.close().await
        {
            tracing::debug!(%error, "closing the connection failed");
        }
    }
}
