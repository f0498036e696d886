//! The monthly statement to each merchant.

use chrono::{DateTime, Utc};

use super::attachments::statement_path;
use super::send::Postbox;
use crate::app::App;
use crate::collections::{self, Collection, CollectionFilter};
use crate::concurrent::for_each_concurrent;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, MAX_CONNECTIONS, OutgoingMail};
use crate::mail::StatementMail;
use crate::progress::Step;
use crate::values::{CollectionId, Locale, MailId, Reader, SetAside, derived_id};

/// Sends each statement that is not marked as mailed. Returns the merchants whose statement was
/// refused.
pub async fn send_statements(app: &App, now: DateTime<Utc>) -> anyhow::Result<Vec<SetAside>> {
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "sending statements").await?;
    let unmailed = collections::list(
        &mut *app.db.acquire().await?,
        Reader::System,
        CollectionFilter::Unmailed,
    )
    .await?;
    let sent = app.progress.count(Step::MailStatements, unmailed.len());
    let (postbox, app) = (Postbox::open(app, now).await?, app.clone());
    let refused = for_each_concurrent(MAX_CONNECTIONS as usize, unmailed, move |c| {
        let (app, postbox, sent) = (app.clone(), postbox.clone(), sent.clone());
        async move {
            let refused = send_statement(&app, &postbox, now, &c).await?;
            sent.add_one();
            Ok(refused)
        }
    })
    .await?;
    lock.release().await?;
    Ok(refused.into_iter().flatten().collect())
}

/// The message with the statement of a collection.
pub(super) fn statement_mail(id: CollectionId) -> MailId {
    MailId(derived_id(&format!("statement:{id}")))
}

/// Sends one statement. Returns the merchant when it was refused.
async fn send_statement(
    app: &App,
    postbox: &Postbox,
    now: DateTime<Utc>,
    c: &Collection,
) -> anyhow::Result<Option<SetAside>> {
    let id = c.collection_id;
    let mail_id = statement_mail(id);
    if postbox.is_left(mail_id) {
        return Ok(None);
    }
    // The run that prepared the collection wrote the file, unless it was cut short before.
    let csv = match tokio::fs::read_to_string(statement_path(app, c)).await {
        Ok(written) => written,
        Err(_) => collections::csv(
            &collections::lines(&mut *app.db.acquire().await?, Reader::System, id).await?,
        ),
    };
    let account = &app.settings.account;
    let content = StatementMail {
        merchant: &c.merchant_name,
        period: c.period,
        count: c.count,
        amount_cents: c.amount_cents,
        credited_cents: c.credited_cents,
        reference: &c.reference,
        holder: &account.holder,
        iban: account.iban.as_str(),
        bic: account.bic.as_str(),
        // Merchants and their accountants are in France.
        locale: Locale::Fr,
    }
    .message();
    let file_name = format!("releve-{}-{}.csv", c.merchant, c.period);
    let mail = OutgoingMail {
        mail_id,
        to: &c.merchant_email,
        content,
        attachments: vec![FileAttachment::csv(file_name, &csv)],
        unsubscribe_url: None,
    };
    let about = format!("the statement of {} for {}", c.merchant, c.period);
    Ok(match postbox.send(about, mail).await? {
        Ok(()) => {
            collections::mark_mailed(&mut *app.db.acquire().await?, now, id).await?;
            None
        }
        Err(refusal) => Some(SetAside::new(&c.merchant, refusal.reason)),
    })
}
