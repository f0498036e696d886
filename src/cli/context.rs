//! What the commands that use the database share.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use obole::app::App;
use obole::audit::Actor;
use obole::parties::operator;
use obole::settings::Settings;
use obole::values::{Email, paris_day};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Postgres, Transaction};

use super::progress;

/// The application, one connection to its database, and the time at which the command began.
pub struct CommandContext {
    pub app: App,
    pub db: PoolConnection<Postgres>,
    pub now: DateTime<Utc>,
}

impl CommandContext {
    /// Opens the database and brings its schema up to date.
    pub async fn open(settings: Settings) -> anyhow::Result<Self> {
        let app = App {
            progress: progress::of_runs(),
            starter: Self::system_user(),
            ..App::open(settings).await?
        };
        let db = app
            .db
            .acquire()
            .await
            .context("the database gives no connection")?;
        Ok(Self {
            app,
            db,
            now: Utc::now(),
        })
    }

    /// Closes the connections, and then leaves the private cluster, which may stop it.
    pub async fn close(self) {
        drop(self.db);
        self.app.close().await;
    }

    /// Begins a database transaction.
    pub async fn begin(&mut self) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
        self.db.begin().await
    }

    /// The date that a batch counts as: the one asked for, else today in Paris.
    pub fn business_date(&self, on: Option<NaiveDate>) -> NaiveDate {
        on.unwrap_or_else(|| paris_day(self.now))
    }

    /// The operator of an address, who acts from this command line.
    pub async fn operator(&mut self, email: &str) -> anyhow::Result<Actor> {
        let email = Email::parse(email).map_err(anyhow::Error::msg)?;
        operator::find(&mut self.db, &email)
            .await?
            .context("no operator has this address; see `obole operator add`")?;
        Ok(Actor {
            who: email.as_str().to_owned(),
            ..Self::system_user()
        })
    }

    /// Whoever may run this program here, where no operator is named.
    pub fn system_user() -> Actor {
        // The kernel's number cannot be made up, unlike a name in the environment.
        let user = rustix::process::getuid().as_raw();
        Actor {
            who: format!("system user {user}"),
            source: format!("command line, system user {user}"),
        }
    }

    /// The address of a sign-in link.
    pub fn sign_in_url(&self, token: &str) -> String {
        format!("{}/login/{token}", self.app.settings.public_url)
    }
}
