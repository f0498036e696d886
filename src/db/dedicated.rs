//! A connection that one loop keeps to itself: its statements stay prepared, its memory warm, and nobody asks whether it is alive.

use sqlx::{Connection as _, PgConnection, PgPool};

/// The connection, made when it is first needed, and anew after it was forgotten.
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
            Some(kept) => kept,
            None => {
                let mut fresh = self.db.acquire().await?.detach();
                // What it asks all day is found by keys. A plan lasts as long as the connection: one that was made while a
                // table was nearly empty would still read it whole when it is full.
                sqlx::query("set enable_seqscan = off")
                    .execute(&mut fresh)
                    .await?;
                fresh
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// Gives up the connection: its work is done, or an error may have broken it.
    pub async fn close(&mut self) {
        if let Some(kept) = self.connection.take()
            && let Err(error) = kept.close().await
        {
            tracing::debug!(%error, "the connection did not say goodbye");
        }
    }
}
