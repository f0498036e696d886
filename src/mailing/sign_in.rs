//! The sign-in link.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::send::mailer;
use crate::app::App;
use crate::gateways::mailer::OutgoingMail;
use crate::mail::SignInMail;
use crate::parties::sign_in;
use crate::values::{Email, Locale, MailId};

/// The page that a link opens once its reader is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Landing {
    Home,
    Profile,
}

impl Landing {
    /// What a link adds to its address to say so.
    const fn query(self) -> &'static str {
        match self {
            Self::Home => "",
            Self::Profile => "?to=profile",
        }
    }

    /// The path of the page.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Home => "/donor",
            Self::Profile => "/donor/profile",
        }
    }
}

/// Sends a link, if the address is known and has not asked too often.
///
/// Callers run this in the background, so that known and unknown addresses get the same response in
/// the same time.
pub async fn send_link(
    app: &App,
    db: &mut PgConnection,
    now: DateTime<Utc>,
    email: &Email,
    locale: Locale,
    landing: Landing,
) -> anyhow::Result<()> {
    if !sign_in::is_known(db, email).await? {
        return Ok(());
    }
    if sign_in::asks_too_often(db, now, email).await? {
        tracing::warn!("an address asks for sign-in links too often");
        return Ok(());
    }
    let token = sign_in::prepare_link(db, now, email).await?;
    let url = format!(
        "{}/login/{token}{}",
        app.settings.public_url,
        landing.query()
    );
    let mail = OutgoingMail {
        mail_id: MailId::new(),
        to: email.as_str(),
        content: SignInMail { url: &url, locale }.message(),
        attachments: Vec::new(),
        unsubscribe_url: None,
    };
    mailer(app)?
        .send(&app.settings.mail_from, mail)
        .await
        .context("a sign-in link was not sent")
}
