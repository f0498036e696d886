//! The demonstration: a made-up world on real parts. Its shop signs and posts like any shop, its bank reads and writes the
//! files of a real one, and nothing below this room knows that it is there.

mod month;
mod shop;
mod world;

use std::path::PathBuf;

use anyhow::Context as _;
use tokio::sync::Mutex;

use crate::app::App;
use crate::db::private::Cluster;
use crate::settings::Settings;
use crate::values::Email;

pub use month::next_period;
pub use shop::{Order, Shop};

/// What the demonstration's pages play with.
pub struct Demo {
    pub shop: Shop,
    /// Two, as a payout needs.
    pub operators: [Email; 2],
    /// A donor with gifts.
    pub donor: Email,
    /// The world was made by this process, and has no gifts yet.
    fresh: bool,
    playing: Mutex<()>,
}

/// The settings of a demonstration: a world apart, whose mail and bank stay in files.
pub fn settings(mut settings: Settings, port: Option<u16>) -> anyhow::Result<Settings> {
    anyhow::ensure!(
        settings.database_url.is_none(),
        "the demo makes up shops and gifts, so it keeps a database of its own: unset DATABASE_URL and run it again"
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

/// Forgets an earlier demonstration.
pub async fn forget(settings: &Settings) -> anyhow::Result<()> {
    let cluster = Cluster::attach(&settings.data, &[]).await?;
    cluster
        .drop_database()
        .await
        .context("the earlier demo is still running: stop it, then start again with --fresh")?;
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
