//! What every room needs, built once and cloned cheaply.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sqlx::postgres::PgPool;

use crate::db::{self, private::Cluster};
use crate::inbox;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::values::Secret;

/// The running system: database, settings, keys.
#[derive(Clone)]
pub struct App {
    pub db: PgPool,
    pub settings: Arc<Settings>,
    pub key: Arc<Secret<[u8; 32]>>,
    /// The private cluster, held as long as anything of the application lives.
    pub cluster: Option<Arc<Cluster>>,
    /// Receives the progress of long runs; a clone with another one reports elsewhere.
    pub progress: Progress,
}

impl App {
    /// Opens the database (private or given), brings its schema up to date and finds the key.
    pub async fn open(settings: Settings) -> anyhow::Result<Self> {
        let (options, cluster) = match &settings.database_url {
            Some(url) => (db::options(url.expose())?, None),
            None => {
                let cluster = Cluster::attach(&settings.data, &[]).await?;
                (cluster.options("obole"), Some(Arc::new(cluster)))
            }
        };
        db::migrate(&options).await?;
        let pool = db::pool(options, 16).await?;
        inbox::prepare_partitions(&mut *pool.acquire().await?, chrono::Utc::now()).await?;
        Self::with(settings, pool, cluster)
    }

    /// Builds the system over an open pool.
    pub fn with(
        settings: Settings,
        db: PgPool,
        cluster: Option<Arc<Cluster>>,
    ) -> anyhow::Result<Self> {
        let key = match &settings.secret_key {
            Some(key) => key.clone(),
            None => Secret::new(kept_key(&settings.data)?),
        };
        Ok(Self {
            db,
            settings: Arc::new(settings),
            key: Arc::new(key),
            cluster,
            progress: Progress::default(),
        })
    }
}

/// The key kept in the data folder, made on first use and readable by its owner only.
fn kept_key(data: &Path) -> anyhow::Result<[u8; 32]> {
    fs::create_dir_all(data)?;
    let path = data.join("secret.key");
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    match fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
    {
        Ok(mut file) => {
            file.write_all(STANDARD.encode(fresh).as_bytes())?;
            file.sync_all()?;
            Ok(fresh)
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let kept = STANDARD.decode(fs::read_to_string(&path)?.trim())?;
            kept.try_into()
                .map_err(|_| anyhow::anyhow!("{} does not hold 32 bytes in base64", path.display()))
        }
        Err(e) => Err(e.into()),
    }
}
