//! The demonstration: a made-up world on real parts. Its shop signs and posts like any merchant's, its bank reads and
//! writes the files of a real one, and nothing below this room knows that it is there.

mod month;
mod shop;
mod world;

use std::path::PathBuf;

use anyhow::Context as _;
use tokio::sync::Mutex;

use crate::app::{App, KeyError, key_file};
use crate::db::{OpenError, private::Cluster};
use crate::settings::Settings;
use crate::values::Email;

pub use month::next_period;
pub use shop::{Order, Shop};

/// What the demonstration's pages work with.
pub struct Demo {
    pub shop: Shop,
    /// Two, as a payout needs.
    pub operators: [Email; 2],
    /// A donor with donations.
    pub donor: Email,
    /// The world was made by this process, and has no donations yet.
    fresh: bool,
    /// Held while a month is played: two at once would share its files.
    playing: Mutex<()>,
}

impl Demo {
    /// Whether this process made the world, which then has no donations yet.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        self.fresh
    }
}

/// The settings of a demonstration: a database of its own, mail and bank as files in its folder.
pub fn settings(mut settings: Settings, port: Option<u16>) -> anyhow::Result<Settings> {
    anyhow::ensure!(
        settings.database_url.is_none(),
        "the demo makes up merchants and donations, so it keeps a database of its own: unset DATABASE_URL and run it again"
    );
    if let Some(port) = port {
        settings.listen.set_port(port);
        settings.public_url = format!("http://{}", settings.listen);
    }
    settings.data.push("demo");
    settings.bank_dir = settings.data.join("bank");
    settings.smtp_url = None;
    Ok(settings)
}

/// Says in words how to go on when an earlier demonstration cannot be opened.
#[must_use]
pub fn explain(error: anyhow::Error) -> anyhow::Error {
    if matches!(error.downcast_ref(), Some(OpenError::EarlierBuild)) {
        return anyhow::anyhow!(
            "the earlier demo was made by another build of Obole: start it again with --fresh"
        );
    }
    if matches!(
        error.downcast_ref(),
        Some(KeyError::Lost(_) | KeyError::Wrong { .. } | KeyError::Unreadable(_))
    ) {
        return error.context("the earlier demo cannot be opened: start it again with --fresh");
    }
    error
}

/// Deletes an earlier demonstration: its database and its files.
pub async fn delete(settings: &Settings) -> anyhow::Result<()> {
    let cluster = Cluster::attach(&settings.data, &[]).await?;
    cluster
        .drop_database()
        .await
        .context("the earlier demo is still running: stop it, then start again with --fresh")?;
    // The key belonged to the database.
    match std::fs::remove_file(key_file(settings)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context(key_file(settings).display().to_string());
        }
        _ => {}
    }
    for folder in ["mail", "bank", "receipts", "statements"] {
        let folder: PathBuf = settings.data.join(folder);
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context(folder.display().to_string());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Finds the demonstration's world, or makes it.
pub async fn open(app: &App) -> anyhow::Result<Demo> {
    let (endpoint, fresh) = world::open(app).await?;
    let [lea, hugo, donor] = [
        "lea@obole.example",
        "hugo@obole.example",
        "camille@example.org",
    ]
    .map(Email::parse);
    let wrong = anyhow::Error::msg;
    Ok(Demo {
        shop: Shop::open(app, endpoint).await?,
        operators: [lea.map_err(wrong)?, hugo.map_err(wrong)?],
        donor: donor.map_err(wrong)?,
        fresh,
        playing: Mutex::new(()),
    })
}
