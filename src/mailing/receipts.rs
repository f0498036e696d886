//! The receipts of a run to each donor, in one mail.

use chrono::{DateTime, Utc};

use super::attachments::receipt_document;
use super::send::{mailer, send_or_log_refusal};
use crate::app::App;
use crate::concurrent::for_each_concurrent;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, MAX_CONNECTIONS, Mailer, OutgoingMail};
use crate::mail::{EnclosedReceipt, ReceiptsMail};
use crate::parties::donor::{self, Donor};
use crate::parties::unsubscribe;
use crate::progress::{Step, UnitCounter};
use crate::receipts::{self, Receipt};
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
    let (mailer, app) = (mailer(app)?, app.clone());
    let counts = for_each_concurrent(workers, groups, move |group: Vec<(MailId, DonorId)>| {
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
    let mail_ids = group.iter().map(|(mail, _)| *mail);
    let mut receipts = receipts::of_mails(&mut db, app.key.expose(), mail_ids).await?;
    // The pool's connections must not wait for the mail server.
    drop(db);
    let mut counts = MailCounts::default();
    for (mail_id, donor_id) in group {
        // A donor who was erased has no address; their receipts stay sealed in the database.
        let Some(donor) = donors.get(donor_id).filter(|d| d.email.is_some()) else {
            done.add_one();
            continue;
        };
        let of_mail = receipts.remove(mail_id).unwrap_or_default();
        if send_to_donor(app, mailer, *mail_id, donor, of_mail).await? {
            receipts::mark_sent(&mut *app.db.acquire().await?, now, *mail_id).await?;
            counts.sent += 1;
        } else {
            counts.refused += 1;
        }
        done.add_one();
    }
    Ok(counts)
}

/// Sends one donor's receipts. Returns false when the server refused the mail.
async fn send_to_donor(
    app: &App,
    mailer: &Mailer,
    mail_id: MailId,
    to: &Donor,
    receipts: Vec<Receipt>,
) -> anyhow::Result<bool> {
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
        attachments.push(FileAttachment::pdf(
            file_name,
            receipt_document(app, r).await?,
        ));
    }
    let unsubscribe = unsubscribe::unsubscribe_path(app.key.expose(), to.donor_id);
    let mail = OutgoingMail {
        mail_id,
        to: to.email.as_deref().unwrap_or_default(),
        content,
        attachments,
        unsubscribe_url: Some(format!("{url}{unsubscribe}")),
    };
    Ok(send_or_log_refusal(app, mailer, mail).await?)
}
