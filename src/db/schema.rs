//! The schema: the migrations of this build, and how far a database is with them.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

use super::error::OpenError;

/// All migrations, compiled in.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The oldest server whose features the schema uses.
pub const OLDEST_SERVER: i32 = 150_000;

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
