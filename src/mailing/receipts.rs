//! The receipts of a run to each donor, in one mail, and what became of a receipt.

use chrono::{DateTime, Utc};

use super::attachments::receipt_document;
use super::send::{mailer, send_or_log_refusal};
use crate::app::App;
use crate::concurrent::for_each_concurrent;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, MAX_CONNECTIONS, Mailer, OutgoingMail};
use crate::mail::{CancellationMail, EnclosedReceipt, ReceiptsMail, ReplacementMail};
use crate::parties::donor::{self, Donor};
use crate::parties::unsubscribe;
use crate::progress::{Step, UnitCounter};
use crate::receipts::{self, MailKind, OpenMail, Receipt};
use crate::values::{MailContent, MailId, Reader};

/// The most mails whose contents are loaded by one query.
const MAX_GROUP: usize = 20;

/// The outcome of sending mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailCounts {
    pub sent: usize,
    /// Mails that the server refused, each for itself.
    pub refused: usize,
}

/// Sends each mail to donors that is not marked as sent, after writing down those of new receipts.
pub async fn send_receipts(app: &App, now: DateTime<Utc>) -> anyhow::Result<MailCounts> {
    let mut tx = app.db.begin().await?;
    receipts::prepare_mailings(&mut tx, now).await?;
    tx.commit().await?;
    send_written(app, now, None).await
}

/// Sends the mails that are written down and not marked as sent: all, or one of them.
pub async fn send_written(
    app: &App,
    now: DateTime<Utc>,
    only: Option<MailId>,
) -> anyhow::Result<MailCounts> {
    // A mail is marked after it left: two runs at once would both send it.
    let lock = AdvisoryLock::acquire(&app.db, "sending receipts").await?;
    let mails = receipts::open_mailings(&mut *app.db.acquire().await?, only).await?;
    let done = app.progress.count(Step::MailReceipts, mails.len());
    // Mail servers are slow to respond: many mails wait for them while the cores typeset others.
    // The contents of a group of mails are loaded by one query; groups are small so that no worker
    // ends with the last big one.
    let workers = MAX_CONNECTIONS as usize;
    let size = (mails.len() / (4 * workers)).clamp(1, MAX_GROUP);
    let groups = mails.chunks(size).map(<[_]>::to_vec).collect();
    let (mailer, app) = (mailer(app)?, app.clone());
    let counts = for_each_concurrent(workers, groups, move |group: Vec<OpenMail>| {
        let (app, mailer, done) = (app.clone(), mailer.clone(), done.clone());
        async move { send_group(&app, &mailer, now, &group, &done).await }
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
    mailer: &Mailer,
    now: DateTime<Utc>,
    group: &[OpenMail],
    done: &UnitCounter,
) -> anyhow::Result<MailCounts> {
    let mut db = app.db.acquire().await?;
    let donors = donor::of_ids(&mut db, Reader::System, group.iter().map(|m| m.donor_id)).await?;
    let mail_ids = group.iter().map(|m| m.mail_id);
    let mut receipts = receipts::of_mails(&mut db, app.key.expose(), mail_ids).await?;
    // The pool's connections must not wait for the mail server.
    drop(db);
    let mut counts = MailCounts::default();
    for mail in group {
        // A donor who was erased has no address; their receipts stay sealed in the database.
        let Some(donor) = donors.get(&mail.donor_id).filter(|d| d.email.is_some()) else {
            done.add_one();
            continue;
        };
        let of_mail = receipts.remove(&mail.mail_id);
        // One that brings receipts never goes without them: they became invalid meanwhile.
        if of_mail.is_none() && mail.kind != MailKind::Cancellation {
            done.add_one();
            continue;
        }
        if send_to_donor(app, mailer, mail, donor, of_mail.unwrap_or_default()).await? {
            receipts::mark_sent(&mut *app.db.acquire().await?, now, mail.mail_id).await?;
            counts.sent += 1;
        } else {
            counts.refused += 1;
        }
        done.add_one();
    }
    Ok(counts)
}

/// Sends one mail to a donor. Returns false when the server refused the mail.
async fn send_to_donor(
    app: &App,
    mailer: &Mailer,
    mail: &OpenMail,
    to: &Donor,
    receipts: Vec<Receipt>,
) -> anyhow::Result<bool> {
    let url = &app.settings.public_url;
    let content = message(mail, to, &receipts, &format!("{url}/donor"));
    let mut attachments = Vec::with_capacity(receipts.len());
    for r in receipts {
        let file_name = format!("recu-{}.pdf", r.number);
        attachments.push(FileAttachment::pdf(
            file_name,
            receipt_document(app, r).await?,
        ));
    }
    // What became of a receipt is told to everybody who has it.
    let is_optional = mail.kind == MailKind::Receipts;
    let unsubscribe = unsubscribe::unsubscribe_path(app.key.expose(), to.donor_id);
    let mail = OutgoingMail {
        mail_id: mail.mail_id,
        to: to.email.as_deref().unwrap_or_default(),
        content,
        attachments,
        unsubscribe_url: is_optional.then(|| format!("{url}{unsubscribe}")),
    };
    Ok(send_or_log_refusal(app, mailer, mail).await?)
}

fn message(mail: &OpenMail, to: &Donor, receipts: &[Receipt], dashboard: &str) -> MailContent {
    let first_name = to.first_name.as_deref();
    let about = mail.about.as_deref().unwrap_or_default();
    let lines: Vec<EnclosedReceipt<'_>> = receipts
        .iter()
        .map(|r| EnclosedReceipt {
            number: &r.number,
            association: &r.content.beneficiary.name,
            amount_cents: r.amount_cents,
        })
        .collect();
    match mail.kind {
        MailKind::Receipts => ReceiptsMail {
            first_name,
            receipts: &lines,
            dashboard,
            locale: to.locale,
        }
        .message(),
        MailKind::Cancellation => CancellationMail {
            first_name,
            number: about,
            dashboard,
            locale: to.locale,
        }
        .message(),
        MailKind::Replacement => ReplacementMail {
            first_name,
            number: about,
            successors: &lines,
            dashboard,
            locale: to.locale,
        }
        .message(),
    }
}
