//! The cluster as the rest of the program sees it: attach, connect, leave.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use super::attachment::Attachment;
use super::error::PrivateError;
use super::install::{ClusterFolders, find_binaries};
use super::server::Server;

/// Tries to connect to a server that another process is stopping, and the wait between two.
const CONNECT_ATTEMPTS: u32 = 100;
const CONNECT_PAUSE: Duration = Duration::from_millis(100);

/// An attachment to the private cluster; dropping it stops the server when nobody else is attached.
pub struct Cluster {
    server: Server,
    attachment: Option<Attachment>,
}

impl Cluster {
    /// Attaches to the cluster kept in `home`, making and starting it when needed. `extra` are
    /// server settings (`-c`).
    pub async fn attach(home: &Path, extra: &[&str]) -> Result<Self, PrivateError> {
        let bin = find_binaries().ok_or(PrivateError::NotFound)?;
        let folders = ClusterFolders::make(home)?;
        let extra = extra.iter().map(|s| (*s).to_owned()).collect();
        let cluster = Self::start(Server::new(bin, folders, extra)).await?;
        cluster.ensure_database().await?;
        Ok(cluster)
    }

    /// Attaches to the cluster kept in `home`, starting it when needed; none, and nothing made,
    /// where there is no cluster.
    pub async fn attach_existing(home: &Path) -> Result<Option<Self>, PrivateError> {
        let Some(folders) = ClusterFolders::find(home)? else {
            return Ok(None);
        };
        folders.refuse_key_alone()?;
        if !folders.is_initialised() {
            return Ok(None);
        }
        let bin = find_binaries().ok_or(PrivateError::NotFound)?;
        folders.prepare()?;
        Self::start(Server::new(bin, folders, Vec::new()))
            .await
            .map(Some)
    }

    /// Starts the server unless it runs, and waits until it takes connections.
    async fn start(server: Server) -> Result<Self, PrivateError> {
        let mut cluster = blocking(move || {
            let attachment = Attachment::acquire(server.home(), || {
                server.initialise()?;
                server.start()
            })?;
            Ok(Self {
                server,
                attachment: Some(attachment),
            })
        })
        .await?;
        // A server that another process is stopping still counts as running: wait until it is
        // gone, then start it.
        for _ in 0..CONNECT_ATTEMPTS {
            match cluster.options("postgres").connect().await {
                Err(error) if is_transient(&error) => {}
                Err(error) => return Err(PrivateError::Away(error)),
                Ok(_) => return Ok(cluster),
            }
            tokio::time::sleep(CONNECT_PAUSE).await;
            cluster = blocking(move || cluster.server.start().map(|()| cluster)).await?;
        }
        match cluster.options("postgres").connect().await {
            Ok(_) => Ok(cluster),
            Err(error) => Err(PrivateError::Away(error)),
        }
    }

    /// How to connect to one of its databases.
    #[must_use]
    pub fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.socket())
            .port(5432)
            .username("obole")
            .database(database)
            .application_name("obole")
    }

    /// Drops the database and all that is in it; refused while anyone uses it.
    pub async fn drop_database(&self) -> Result<(), sqlx::Error> {
        let mut c = self.options("postgres").connect().await?;
        sqlx::query("drop database obole").execute(&mut c).await?;
        Ok(())
    }

    /// Starts the server again if it was killed; returns whether it had to.
    pub fn revive(&self) -> Result<bool, PrivateError> {
        if UnixStream::connect(self.socket().join(".s.PGSQL.5432")).is_ok() {
            return Ok(false);
        }
        self.server.start().map(|()| true)
    }

    /// The folder of its socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        self.server.socket()
    }

    async fn ensure_database(&self) -> Result<(), PrivateError> {
        let mut c = self
            .options("postgres")
            .connect()
            .await
            .map_err(PrivateError::Away)?;
        let exists: bool =
            sqlx::query_scalar("select exists (select 1 from pg_database where datname = 'obole')")
                .fetch_one(&mut c)
                .await
                .map_err(PrivateError::Away)?;
        if exists {
            return Ok(());
        }
        match sqlx::query("create database obole").execute(&mut c).await {
            // Duplicate database: another process made it at the same moment, either seen by the
            // command itself or by the catalogue's unique index.
            Err(sqlx::Error::Database(e))
                if matches!(e.code().as_deref(), Some("42P04" | "23505")) =>
            {
                Ok(())
            }
            made => made.map(|_| ()).map_err(PrivateError::Away),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Held until the server has stopped, so that nobody attaches to it meanwhile.
        let Some(_exclusive) = self.attachment.take().and_then(Attachment::into_exclusive) else {
            return;
        };
        if let Err(error) = self.server.stop() {
            tracing::warn!(%error, "the private PostgreSQL did not stop");
        }
    }
}

/// Runs what waits for locks and programs outside the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PrivateError> + Send + 'static,
) -> Result<T, PrivateError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| PrivateError::Program {
            program: "start",
            output: error.to_string(),
        })?
}

/// Whether the server is starting up or shutting down (SQLSTATE 57P), or went away meanwhile.
fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(e) => e.code().is_some_and(|c| c.starts_with("57P")),
        sqlx::Error::Io(_) => true,
        _ => false,
    }
}
