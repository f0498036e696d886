//! The receipts of a run to each donor, in one mail.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::attachments::receipt_document;
use super::send::Postbox;
use crate::app::App;
use crate::concurrent::for_each_concurrent;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, MAX_CONNECTIONS, OutgoingMail, Refusal};
use crate::mail::{EnclosedReceipt, ReceiptsMail};
use crate::parties::donor::{self, Donor};
use crate::parties::unsubscribe;
use crate::progress::{Step, UnitCounter};
use crate::receipts::{self, ContentError, Receipt};
use crate::values::{DonorId, MailId, Reader};

/// The most mails whose contents are loaded by one query.
const MAX_GROUP: usize = 20;

/// The outcome of sending mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailCounts {
    pub sent: usize,
    /// Mails that the server refused, each for itself.
    pub refused: usize,
}

/// Sends each mail of receipts that is not marked as sent.
pub async fn send_receipts(app: &App, now: DateTime<Utc>) -> anyhow::Result<MailCounts> {
    let mut tx = app.db.begin().await?;
    receipts::prepare_mailings(&mut tx, now).await?;
    tx.commit().await?;
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "sending receipts").await?;
    let mails = receipts::open_mailings(&mut *app.db.acquire().await?).await?;
    let done = app.progress.count(Step::MailReceipts, mails.len());
    // Mail servers are slow to respond: many mails wait for them while the cores typeset others.
    // The contents of a group of mails are loaded by one query; groups are small so that no worker
    // ends with the last big one.
    let workers = MAX_CONNECTIONS as usize;
    let size = (mails.len() / (4 * workers)).clamp(1, MAX_GROUP);
    let groups = mails.chunks(size).map(<[_]>::to_vec).collect();
    let (postbox, app) = (Postbox::open(app, now).await?, app.clone());
    let counts = for_each_concurrent(workers, groups, move |group: Vec<(MailId, DonorId)>| {
        let (app, postbox, done) = (app.clone(), postbox.clone(), done.clone());
        async move { send_group(&app, &postbox, now, &group, &done).await }
    })
    .await?;
    lock.release().await?;
    Ok(MailCounts {
        sent: counts.iter().map(|c| c.sent).sum(),
        refused: counts.iter().map(|c| c.refused).sum(),
    })
}

async fn send_group(
    app: &App,
    postbox: &Postbox,
    now: DateTime<Utc>,
    group: &[(MailId, DonorId)],
    done: &UnitCounter,
) -> anyhow::Result<MailCounts> {
    let mut db = app.db.acquire().await?;
    let donors = donor::of_ids(
        &mut db,
        Reader::System,
        group.iter().map(|(_, donor)| *donor),
    )
    .await?;
    let mut receipts = contents(app, &mut db, group).await?;
    // The pool's connections must not wait for the mail server.
    drop(db);
    let mut counts = MailCounts::default();
    for (mail_id, donor_id) in group {
        // A donor who was erased has no address; their receipts stay sealed in the database.
        let Some(donor) = donors.get(donor_id).filter(|d| d.email.is_some()) else {
            done.add_one();
            continue;
        };
        let of_mail = receipts.remove(mail_id);
        if send_to_donor(app, postbox, *mail_id, donor, of_mail).await? {
            receipts::mark_sent(&mut *app.db.acquire().await?, now, *mail_id).await?;
            counts.sent += 1;
        } else {
            counts.refused += 1;
        }
        done.add_one();
    }
    Ok(counts)
}

/// The receipts of a group's mails. Where one cannot be opened, the others are loaded without it.
async fn contents(
    app: &App,
    db: &mut PgConnection,
    group: &[(MailId, DonorId)],
) -> anyhow::Result<HashMap<MailId, Vec<Receipt>>> {
    let (key, mails) = (app.key.expose(), group.iter().map(|(mail, _)| *mail));
    match receipts::of_mails(db, key, mails.clone()).await {
        Err(ContentError::Seal(_) | ContentError::Read(_)) => {}
        all => return Ok(all?),
    }
    let mut found = HashMap::new();
    for mail in mails {
        match receipts::of_mails(db, key, std::iter::once(mail)).await {
            Err(ContentError::Database(error)) => return Err(error.into()),
            Err(error) => tracing::error!(%mail, %error, "a message has no receipts"),
            Ok(of_mail) => found.extend(of_mail),
        }
    }
    Ok(found)
}

/// Sends one donor's receipts; none when they cannot be opened. Returns false when the mail was
/// refused, which stops nobody else's.
async fn send_to_donor(
    app: &App,
    postbox: &Postbox,
    mail_id: MailId,
    to: &Donor,
    receipts: Option<Vec<Receipt>>,
) -> anyhow::Result<bool> {
    let about = format!("the receipts of {}", to.donor_id);
    let refused = async |about, reason| {
        postbox
            .refuse(about, mail_id, &Refusal::permanent(reason))
            .await
    };
    let Some(receipts) = receipts else {
        refused(about, "what they say cannot be opened").await?;
        return Ok(false);
    };
    let url = &app.settings.public_url;
    let lines: Vec<EnclosedReceipt<'_>> = receipts
        .iter()
        .map(|r| EnclosedReceipt {
            number: &r.number,
            association: &r.content.beneficiary.name,
            amount_cents: r.amount_cents,
        })
        .collect();
    let content = ReceiptsMail {
        first_name: to.first_name.as_deref(),
        receipts: &lines,
        dashboard: &format!("{url}/donor"),
        locale: to.locale,
    }
    .message();
    let mut attachments = Vec::with_capacity(receipts.len());
    for r in receipts {
        let file_name = format!("recu-{}.pdf", r.number);
        match receipt_document(app, r).await {
            Ok(pdf) => attachments.push(FileAttachment::pdf(file_name, pdf)),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(%mail_id, error, "a receipt has no document");
                refused(about, "a document of them cannot be made").await?;
                return Ok(false);
            }
        }
    }
    let unsubscribe = unsubscribe::unsubscribe_path(app.key.expose(), to.donor_id);
    let mail = OutgoingMail {
        mail_id,
        to: to.email.as_deref().unwrap_or_default(),
        content,
        attachments,
        unsubscribe_url: Some(format!("{url}{unsubscribe}")),
    };
    Ok(postbox.send(about, mail).await?.is_ok())
}
