//! Opening the demonstration: its settings, its world, and what its pages work with.

use tokio::sync::watch;

use super::play::Play;
use super::shop::Shop;
use super::world;
use crate::app::App;
use crate::settings::Settings;
use crate::values::{Email, TaxDate};

/// What the demonstration's pages work with.
pub struct Demo {
    pub shop: Shop,
    /// Two, as a payout needs.
    pub operators: [Email; 2],
    /// A donor with donations.
    pub donor: Email,
    /// The world was made by this process, and has no donations yet.
    fresh: bool,
    /// How far the month is. One is played at a time: two would share the bank's files.
    pub(super) play: watch::Sender<Play>,
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
        "the demo makes up merchants and donations, so it keeps a database of its own: unset \
         DATABASE_URL and run it again"
    );
    if let Some(port) = port {
        settings.listen.set_port(port);
        settings.public_url = format!("http://{}", settings.listen);
    }
    settings.data.push("demo");
    settings.bank_dir = settings.data.join("bank");
    settings.smtp_url = None;
    // The demo's bank keeps the example account.
    settings.account.given = true;
    // The demo's months go on over New Year.
    settings.tax_date.get_or_insert(TaxDate::DonorPayment);
    Ok(settings)
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
        play: watch::Sender::new(Play::Idle),
    })
}
