//! Sends a sign-in link, apart from the page that asks for it, so that the page takes the same time for every address.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::app::App;
use crate::gateways::smtp::{Mailer, OutgoingMail};
use crate::mail::SignInMail;
use crate::parties::sign_in;
use crate::values::{Email, Locale, MailId};

/// Sends a link to an address that is known here and has not asked too often.
pub async fn send_link(
    app: &App,
    db: &mut PgConnection,
    now: DateTime<Utc>,
    email: &Email,
    locale: Locale,
) -> anyhow::Result<()> {
    if !sign_in::is_known(db, email).await? {
        return Ok(());
    }
    if sign_in::asks_too_often(db, now, email).await? {
        tracing::warn!("an address asks for sign-in links too often");
        return Ok(());
    }
    let token = sign_in::prepare_link(db, now, email).await?;
    let url = format!("{}/login/{token}", app.settings.public_url);
    let message = SignInMail { url: &url, locale }.message();
    let outgoing = OutgoingMail {
        mail_id: MailId::new(),
        to: email.as_str(),
        message,
        files: Vec::new(),
        unsubscribe: None,
    };
    Mailer::of(&app.settings)?
        .send(&app.settings.mail_from, outgoing)
        .await
        .context("a sign-in link was not sent")
}
