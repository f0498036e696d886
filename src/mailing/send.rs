//! Sending one mail of many: a refusal of one must not stop the others.

use crate::app::App;
use crate::gateways::mailer::{MailError, Mailer, OutgoingMail};

/// The mailer of the settings.
pub(super) fn mailer(app: &App) -> Result<Mailer, MailError> {
    let smtp_url = app.settings.smtp_url.as_ref().map(|u| u.expose().as_str());
    Mailer::new(smtp_url, &app.settings.data.join("mail"))
}

/// Sends a mail. Returns false when the server refused this mail; the next run tries it again.
pub(super) async fn send_or_log_refusal(
    app: &App,
    mailer: &Mailer,
    mail: OutgoingMail<'_>,
) -> Result<bool, MailError> {
    let mail_id = mail.mail_id;
    match mailer.send(&app.settings.mail_from, mail).await {
        Ok(()) => Ok(true),
        Err(MailError::Refused(code)) => {
            tracing::warn!(%mail_id, code, "a message was refused; the next run tries it again");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
