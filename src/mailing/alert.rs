//! The message to the team about new cases.

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::send::mailer;
use crate::app::App;
use crate::cases::{self, Case};
use crate::gateways::mailer::OutgoingMail;
use crate::mail::AlertMail;
use crate::values::MailId;

/// How many cases one message lists.
const MOST_LISTED: usize = 50;

/// Tells the address of `OBOLE_ALERT_MAIL`, if there is one, of the cases that are new: one message
/// for all. Returns how many. A message that cannot leave is tried again at the next call.
pub async fn send_alerts(app: &App, now: DateTime<Utc>) -> anyhow::Result<usize> {
    let Some(to) = &app.settings.alert_mail else {
        return Ok(0);
    };
    let mut tx = app.db.begin().await?;
    let new = cases::claim_alerts(&mut tx, now).await?;
    if new.is_empty() {
        return Ok(0);
    }
    let listed: Vec<String> = new.iter().take(MOST_LISTED).map(Case::words).collect();
    let mail = OutgoingMail {
        mail_id: MailId::new(),
        to: to.as_str(),
        content: AlertMail {
            cases: &listed,
            more: new.len() - listed.len(),
        }
        .message(),
        attachments: Vec::new(),
        unsubscribe_url: None,
    };
    mailer(app)?
        .send(&app.settings.mail_from, mail)
        .await
        .context("the message about new cases was not sent")?;
    tx.commit().await?;
    Ok(new.len())
}
