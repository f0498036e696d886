//! What every room needs, built once and cloned cheaply: database, settings, key.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions as _, PgConnection};

use crate::audit::Actor;
use crate::db::{self, OpenError, private::Cluster};
use crate::inbox;
use crate::parties::key_sentinel::{self, KeyMatch};
use crate::progress::Progress;
use crate::settings::Settings;
use crate::values::Secret;

/// Connections of a process to its database, at most.
const POOL_SIZE: u32 = 16;

/// The running system: database, settings, key.
#[derive(Clone)]
pub struct App {
    pub db: PgPool,
    pub settings: Arc<Settings>,
    pub key: Arc<Secret<[u8; 32]>>,
    /// The private cluster, held as long as anything of the application lives.
    pub cluster: Option<Arc<Cluster>>,
    /// Receives the progress of long runs; a clone with another one reports elsewhere.
    pub progress: Progress,
    /// Who starts runs here; a clone with another one starts them in that name.
    pub starter: Actor,
}

/// Why there is no key to work with. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "{} is missing, and this database holds what was sealed with the key in it: restore the \
         file from the backup made with the database, or set OBOLE_SECRET_KEY to the key. Without \
         the key the merchants' secrets and the receipts cannot be read, and every webhook would \
         be refused",
        .0.display()
    )]
    Lost(PathBuf),
    #[error(
        "the key in {source_name} does not open what is sealed in this database: restore the key \
         from the backup made with the database (the file {}, or the setting OBOLE_SECRET_KEY). \
         Without it the merchants' secrets and the receipts cannot be read, and every webhook \
         would be refused",
        file.display()
    )]
    Wrong { source_name: String, file: PathBuf },
    #[error(
        "{} does not hold 32 bytes in base64: restore the file from the backup made with the \
         database, or set OBOLE_SECRET_KEY to the key",
        .0.display()
    )]
    Unreadable(PathBuf),
    #[error("{} cannot be read or written", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("the database cannot be read")]
    Database(#[from] sqlx::Error),
}

impl App {
    /// Opens the database (private or given), brings its schema up to date and finds the key.
    ///
    /// Refuses, with nothing written, when the key is not the one of the database.
    pub async fn open(settings: Settings) -> anyhow::Result<Self> {
        let (options, cluster) = match &settings.database_url {
            Some(url) => (db::options(url.expose())?, None),
            None => {
                let cluster = Cluster::attach(&settings.data, &[]).await?;
                (cluster.options("obole"), Some(Arc::new(cluster)))
            }
        };
        check_key(&settings, &options).await?;
        db::migrate(&options)
            .await
            .map_err(|error| explain(error, &settings))?;
        let pool = db::pool(options, POOL_SIZE).await?;
        inbox::prepare_partitions(&mut *pool.acquire().await?, Utc::now()).await?;
        Self::with(settings, pool, cluster).await
    }

    /// Builds the system over an open pool whose schema is up to date. The key is found, made or
    /// refused as by `open`.
    pub async fn with(
        settings: Settings,
        db: PgPool,
        cluster: Option<Arc<Cluster>>,
    ) -> anyhow::Result<Self> {
        let key = find_or_make_key(&settings, &mut *db.acquire().await?, Utc::now()).await?;
        Ok(Self {
            db,
            settings: Arc::new(settings),
            key: Arc::new(key),
            cluster,
            progress: Progress::default(),
            starter: Actor::system(),
        })
    }

    /// Closes the connections in good order, before the private cluster may stop.
    pub async fn close(self) {
        self.db.close().await;
    }
}

/// Adds how to go on when the schema is one that no migration brings up to date.
fn explain(error: OpenError, settings: &Settings) -> anyhow::Error {
    if !matches!(error, OpenError::EarlierBuild) {
        return error.into();
    }
    let remedy = match &settings.database_url {
        Some(_) => "this database cannot be used: give DATABASE_URL an empty one".to_owned(),
        None => format!(
            "the database in {} cannot be used: move that folder away, or set OBOLE_DATA to \
             another",
            settings.data.display()
        ),
    };
    anyhow::Error::new(error).context(remedy)
}

/// Refuses a lost or wrong key before the migrations write anything.
async fn check_key(settings: &Settings, options: &PgConnectOptions) -> anyhow::Result<()> {
    let mut db = options.connect().await.map_err(OpenError::Away)?;
    if key_sentinel::has_tables(&mut db).await? {
        verified_key(settings, &mut db).await?;
    }
    Ok(())
}

/// The key of this database. The first one that comes to an empty schema becomes its key; without
/// a setting it is made, and kept in the data folder.
async fn find_or_make_key(
    settings: &Settings,
    db: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Secret<[u8; 32]>, KeyError> {
    let key = match verified_key(settings, db).await? {
        Some(key) => key,
        None => make_key(&key_file(settings))?,
    };
    if verify(settings, db, &key).await? != KeyMatch::Opens {
        key_sentinel::insert(db, now, key.expose()).await?;
        // Another process may have been first, with another key.
        verify(settings, db, &key).await?;
    }
    Ok(key)
}

/// The key of the setting or the data folder, if it does not differ from the database's; none
/// where there is no key and nothing is sealed.
async fn verified_key(
    settings: &Settings,
    db: &mut PgConnection,
) -> Result<Option<Secret<[u8; 32]>>, KeyError> {
    // Asked before the file is read: a process that starts at the same moment makes the file
    // first, and then seals with it.
    let sealed = key_sentinel::is_anything_sealed(db).await?;
    match find_key(settings)? {
        Some(key) => verify(settings, db, &key).await.map(|_| Some(key)),
        None if sealed => Err(KeyError::Lost(key_file(settings))),
        None => Ok(None),
    }
}

async fn verify(
    settings: &Settings,
    db: &mut PgConnection,
    key: &Secret<[u8; 32]>,
) -> Result<KeyMatch, KeyError> {
    match key_sentinel::compare(db, key.expose()).await? {
        KeyMatch::Differs => Err(KeyError::Wrong {
            source_name: key_source(settings),
            file: key_file(settings),
        }),
        matched => Ok(matched),
    }
}

/// The key of the setting, else of the data folder; none if neither is there. Makes none.
pub fn find_key(settings: &Settings) -> Result<Option<Secret<[u8; 32]>>, KeyError> {
    match &settings.secret_key {
        Some(key) => Ok(Some(key.clone())),
        None => read_key(&key_file(settings)),
    }
}

/// Where the key is kept when no setting gives it.
#[must_use]
pub fn key_file(settings: &Settings) -> PathBuf {
    settings.data.join("secret.key")
}

/// Where the key comes from, in words.
fn key_source(settings: &Settings) -> String {
    if settings.secret_key.is_some() {
        "OBOLE_SECRET_KEY".into()
    } else {
        key_file(settings).display().to_string()
    }
}

fn read_key(path: &Path) -> Result<Option<Secret<[u8; 32]>>, KeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(KeyError::Unreadable(path.to_owned()));
        }
        Err(error) => return Err(key_file_error(path, error)),
    };
    STANDARD
        .decode(text.trim())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .map(|key| Some(Secret::new(key)))
        .ok_or_else(|| KeyError::Unreadable(path.to_owned()))
}

/// Makes a key, readable by its owner only. Of two processes that make one at the same moment,
/// both get the key of the first.
fn make_key(path: &Path) -> Result<Secret<[u8; 32]>, KeyError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(KeyError::Random)?;
    let failed = |error| key_file_error(path, error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // Written whole under another name and then linked: nobody ever reads half a key.
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let linked = write_key(&draft, &key).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft).ok();
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read_key(path)?.ok_or_else(|| KeyError::Unreadable(path.to_owned()))
        }
        linked => linked.map(|()| Secret::new(key)).map_err(failed),
    }
}

fn write_key(path: &Path, key: &[u8; 32]) -> std::io::Result<()> {
    // What a killed process with the same number left is of no use.
    fs::remove_file(path).ok();
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(STANDARD.encode(key).as_bytes())?;
    file.sync_all()
}

fn key_file_error(path: &Path, source: std::io::Error) -> KeyError {
    KeyError::File {
        path: path.to_owned(),
        source,
    }
}
