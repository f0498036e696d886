//! The pool, the migrations and the private PostgreSQL.

mod breaker;
mod dedicated;
mod planner;
pub mod private;
mod rows;
pub mod settlement_lock;

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, PgConnection};

pub use breaker::Breaker;
pub use dedicated::DedicatedConnection;
pub use planner::{disable_nested_loops, disable_parallel_workers, enable_nested_loops};
pub use rows::Rows;
pub use settlement_lock::Partition;

/// All migrations, compiled in.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The oldest server whose features the schema uses.
pub const OLDEST_SERVER: i32 = 150_000;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "DATABASE_URL is not a PostgreSQL address; it should look like postgres://user:password@host/obole"
    )]
    Url(#[source] sqlx::Error),
    #[error("the database cannot be reached")]
    Away(#[source] sqlx::Error),
    #[error("PostgreSQL 15 or later is needed; this one is {0}")]
    TooOld(String),
    #[error(
        "its schema was made by a build from before the first release, and no migration leads from there to this build's"
    )]
    EarlierBuild,
    #[error(
        "the schema was brought up to date by a newer build of Obole: run that build, or a later one"
    )]
    NewerBuild,
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

/// The schema of a database, beside the migrations of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// No migration was applied yet.
    Empty,
    /// So many migrations of this build are not applied yet; none when the schema is current.
    Behind(usize),
    /// Made by a build whose migrations were other ones.
    EarlierBuild,
    /// Has migrations that this build does not know.
    NewerBuild,
}

/// Compares the schema with the migrations of this build.
pub async fn schema_state(db: &mut PgConnection) -> Result<SchemaState, sqlx::Error> {
    let any: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
        .fetch_one(&mut *db)
        .await?;
    if !any {
        return Ok(SchemaState::Empty);
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("select version, checksum from _sqlx_migrations order by version")
            .fetch_all(db)
            .await?;
    let checksum = |version: i64| {
        let own = MIGRATOR.iter().find(|m| m.version == version);
        own.map(|m| m.checksum.as_ref())
    };
    let differs = |(version, applied): &(i64, Vec<u8>)| {
        checksum(*version).is_some_and(|own| own != applied.as_slice())
    };
    Ok(if applied.is_empty() {
        SchemaState::Empty
    } else if applied.iter().any(differs) {
        SchemaState::EarlierBuild
    } else if applied
        .iter()
        .any(|(version, _)| checksum(*version).is_none())
    {
        SchemaState::NewerBuild
    } else {
        SchemaState::Behind(MIGRATOR.iter().count().saturating_sub(applied.len()))
    })
}

/// The server's version as a number: 150004 is 15.4.
pub async fn server_version(db: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select current_setting('server_version_num')::int")
        .fetch_one(db)
        .await
}

/// Brings the schema up to date, as the schema's owner.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = options.connect().await.map_err(OpenError::Away)?;
    let version = server_version(&mut connection)
        .await
        .map_err(OpenError::Away)?;
    if version < OLDEST_SERVER {
        return Err(OpenError::TooOld((version / 10_000).to_string()));
    }
    match schema_state(&mut connection)
        .await
        .map_err(OpenError::Away)?
    {
        SchemaState::EarlierBuild => return Err(OpenError::EarlierBuild),
        SchemaState::NewerBuild => return Err(OpenError::NewerBuild),
        SchemaState::Empty | SchemaState::Behind(_) => {}
    }
    // With every migration applied there is nothing to do, and no lock is taken.
    MIGRATOR.run(&mut connection).await?;
    Ok(())
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
