//! The message to each donor of a suspended association, once.

use chrono::{DateTime, Utc};

use super::receipts::MailCounts;
use super::send::Postbox;
use crate::app::App;
use crate::concurrent::for_each_concurrent;
use crate::db::AdvisoryLock;
use crate::donations::{self, ChoiceRequest};
use crate::gateways::mailer::{MAX_CONNECTIONS, OutgoingMail};
use crate::mail::ChoiceMail;
use crate::parties::donor;
use crate::values::Reader;

/// Sends each message to the donors of suspended associations that is not marked as sent.
pub async fn send_choice_requests(app: &App, now: DateTime<Utc>) -> anyhow::Result<MailCounts> {
    // A mail is marked after it left: two at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "asking to choose again").await?;
    let requests = donations::open_choice_requests(&mut *app.db.acquire().await?).await?;
    if requests.is_empty() {
        lock.release().await?;
        return Ok(MailCounts::default());
    }
    let (postbox, app) = (Postbox::open(app, now).await?, app.clone());
    let sent = for_each_concurrent(MAX_CONNECTIONS as usize, requests, move |request| {
        let (app, postbox) = (app.clone(), postbox.clone());
        async move { ask(&app, &postbox, now, request).await }
    })
    .await?;
    lock.release().await?;
    Ok(MailCounts {
        sent: sent.iter().filter(|s| **s == Some(true)).count(),
        refused: sent.iter().filter(|s| **s == Some(false)).count(),
    })
}

/// Asks one donor; returns whether the mail left. None when there is nobody to ask.
async fn ask(
    app: &App,
    postbox: &Postbox,
    now: DateTime<Utc>,
    request: ChoiceRequest,
) -> anyhow::Result<Option<bool>> {
    let (mail_id, donor_id) = (request.mail_id, request.donor_id);
    let donor = donor::load(&mut *app.db.acquire().await?, Reader::System, donor_id).await?;
    // A donor who was erased has no address.
    let Some(to) = donor.email.as_deref().filter(|_| !postbox.is_left(mail_id)) else {
        return Ok(None);
    };
    let content = ChoiceMail {
        first_name: donor.first_name.as_deref(),
        association: &request.association,
        causes: &format!("{}/donor/causes", app.settings.public_url),
        locale: donor.locale,
    }
    .message();
    let mail = OutgoingMail {
        mail_id,
        to,
        content,
        attachments: Vec::new(),
        // Nothing else says that their choice does not work any more.
        unsubscribe_url: None,
    };
    let about = format!("the new choice of {donor_id}");
    let sent = postbox.send(about, mail).await?.is_ok();
    if sent {
        donations::mark_choice_requested(&mut *app.db.acquire().await?, now, mail_id).await?;
    }
    Ok(Some(sent))
}
