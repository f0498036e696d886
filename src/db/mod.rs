//! The pool, the migrations and the private PostgreSQL.

mod breaker;
mod dedicated;
pub mod private;
mod rows;
pub mod settlement_lock;

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, PgConnection};

pub use breaker::Breaker;
pub use dedicated::DedicatedConnection;
pub use rows::Rows;
pub use settlement_lock::Partition;

/// A database transaction. Only the edges (`web`, `worker`, `main`) begin and commit one.
pub type Tx = sqlx::Transaction<'static, sqlx::Postgres>;

/// All migrations, compiled in.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "DATABASE_URL is not a PostgreSQL address; it should look like postgres://user:password@host/obole"
    )]
    Url(#[source] sqlx::Error),
    #[error("the database does not answer")]
    Away(#[source] sqlx::Error),
    #[error("PostgreSQL 15 or later is needed; this one is {0}")]
    TooOld(String),
    #[error("the migrations did not apply")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(transparent)]
    Private(#[from] private::PrivateError),
}

/// Reads a database address.
pub fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(OpenError::Url)?
        .application_name("obole"))
}

/// Brings the schema up to date, as the schema's owner.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = options.connect().await.map_err(OpenError::Away)?;
    let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int")
        .fetch_one(&mut connection)
        .await
        .map_err(OpenError::Away)?;
    if version < 150_000 {
        return Err(OpenError::TooOld((version / 10_000).to_string()));
    }
    // Every applied migration known, none missing: nothing to do, and no lock is taken.
    MIGRATOR.run(&mut connection).await?;
    Ok(())
}

/// Memory enough to join and sort a month's gifts without going to the disk, for the rest of the database transaction.
async fn allow_memory(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("set local work_mem = '128MB'")
        .execute(tx)
        .await?;
    Ok(())
}

/// For one of several that read a month's gifts at once, a core each: memory, and no helpers, who would come from the others' cores.
pub async fn disable_parallel_workers(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    allow_memory(tx).await?;
    sqlx::query("set local max_parallel_workers_per_gather = 0")
        .execute(tx)
        .await?;
    Ok(())
}

/// For statements that join a month's gifts whole: memory, and no look-up row by row, which is what the planner takes when it
/// last saw a table empty, and never ends once the table fills.
pub async fn disable_nested_loops(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    allow_memory(tx).await?;
    sqlx::query("set local enable_nestloop = off")
        .execute(tx)
        .await?;
    Ok(())
}

/// The end of `join_whole`: what follows looks up few rows by their keys.
pub async fn enable_nested_loops(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("set local enable_nestloop = on")
        .execute(tx)
        .await?;
    Ok(())
}

/// A pool whose connections hold only the application's role.
pub async fn pool(options: PgConnectOptions, size: u32) -> Result<PgPool, OpenError> {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(3))
        // Whether a connection is alive is asked of one that has rested, not of one that has just answered.
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
