//! How connections are made: addresses, and the pool.

use std::str::FromStr;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use super::error::OpenError;

/// Reads a database address.
pub fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(OpenError::Url)?
        .application_name("obole"))
}

/// A pool whose connections hold only the application's role.
pub async fn pool(options: PgConnectOptions, size: u32) -> Result<PgPool, OpenError> {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(3))
        // A ping costs a round trip: only connections that have rested are tested.
        .test_before_acquire(false)
        .before_acquire(|connection, rested| {
            Box::pin(async move {
                if rested.idle_for >= Duration::from_secs(1) {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move {
                // Our statements are short: compiling them would cost more than running them.
                sqlx::raw_sql("set role obole_app; set jit = off")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .map_err(OpenError::Away)
}
