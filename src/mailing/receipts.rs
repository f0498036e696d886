//! The receipts of a run to each donor, in one mail, and what became of a receipt.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::attachments::receipt_document;
use super::send::Postbox;
use crate::app::App;
use crate::concurrent::for_each_concurrent;
use crate::db::AdvisoryLock;
use crate::gateways::mailer::{FileAttachment, MAX_CONNECTIONS, OutgoingMail, Refusal};
use crate::mail::{
    CancellationMail, EnclosedReceipt, ReceiptsMail, RemainingCents, ReplacementMail,
};
use crate::parties::donor::{self, Donor};
use crate::parties::donor_link::DonorLink;
use crate::progress::{Step, UnitCounter};
use crate::receipts::{self, ContentError, MailKind, OpenMail, Outlook, Receipt};
use crate::values::{MailContent, MailId, Reader, paris_day};

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
    let (postbox, app) = (Postbox::open(app, now).await?, app.clone());
    let counts = for_each_concurrent(workers, groups, move |group: Vec<OpenMail>| {
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
    group: &[OpenMail],
    done: &UnitCounter,
) -> anyhow::Result<MailCounts> {
    let mut db = app.db.acquire().await?;
    let donors = donor::of_ids(&mut db, Reader::System, group.iter().map(|m| m.donor_id)).await?;
    let mut contents = contents(app, &mut db, group).await?;
    // The pool's connections must not wait for the mail server.
    drop(db);
    let mut counts = MailCounts::default();
    for mail in group {
        // A donor who was erased has no address; their receipts stay sealed in the database.
        let donor = donors.get(&mail.donor_id).filter(|d| d.email.is_some());
        let Some(donor) = donor.filter(|_| !postbox.is_left(mail.mail_id)) else {
            done.add_one();
            continue;
        };
        let sent = if contents.unreadable.contains(&mail.mail_id) {
            refuse(postbox, mail, "what they say cannot be opened").await?;
            false
        } else {
            let of_mail = contents.receipts.remove(&mail.mail_id).unwrap_or_default();
            // One that brings receipts never goes without them: they became invalid meanwhile.
            if of_mail.is_empty() && !tells_of_end(mail) {
                done.add_one();
                continue;
            }
            send_to_donor(app, postbox, now, mail, donor, of_mail).await?
        };
        if sent {
            receipts::mark_sent(&mut *app.db.acquire().await?, now, mail.mail_id).await?;
            counts.sent += 1;
        } else {
            counts.refused += 1;
        }
        done.add_one();
    }
    Ok(counts)
}

/// What a group's mails bring.
#[derive(Default)]
struct Contents {
    receipts: HashMap<MailId, Vec<Receipt>>,
    /// Mails of receipts that cannot be opened.
    unreadable: HashSet<MailId>,
}

/// Opens the receipts of a group's mails. Where one cannot be opened, the others are.
async fn contents(
    app: &App,
    db: &mut PgConnection,
    group: &[OpenMail],
) -> anyhow::Result<Contents> {
    let (key, mails) = (app.key.expose(), group.iter().map(|m| m.mail_id));
    let mut contents = Contents::default();
    match receipts::of_mails(db, key, mails.clone()).await {
        Err(ContentError::Seal(_) | ContentError::Read(_)) => {}
        all => {
            contents.receipts = all?;
            return Ok(contents);
        }
    }
    for mail in mails {
        match receipts::of_mails(db, key, std::iter::once(mail)).await {
            Err(ContentError::Database(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(%mail, %error, "a message has no receipts");
                contents.unreadable.insert(mail);
            }
            Ok(of_mail) => contents.receipts.extend(of_mail),
        }
    }
    Ok(contents)
}

/// Notes that a mail cannot be made.
async fn refuse(postbox: &Postbox, mail: &OpenMail, reason: &str) -> anyhow::Result<()> {
    let refusal = Refusal::permanent(reason);
    postbox.refuse(about(mail), mail.mail_id, &refusal).await
}

fn about(mail: &OpenMail) -> String {
    format!("the receipts of {}", mail.donor_id)
}

/// Sends one mail to a donor. Returns false when the mail was refused, which stops nobody else's.
async fn send_to_donor(
    app: &App,
    postbox: &Postbox,
    now: DateTime<Utc>,
    mail: &OpenMail,
    to: &Donor,
    receipts: Vec<Receipt>,
) -> anyhow::Result<bool> {
    let url = &app.settings.public_url;
    let outlook = outlook(app, now, mail).await?;
    let content = message(mail, to, &receipts, outlook, &format!("{url}/donor"));
    let mut attachments = Vec::with_capacity(receipts.len());
    for r in receipts {
        let file_name = format!("recu-{}.pdf", r.number);
        match receipt_document(app, r).await {
            Ok(pdf) => attachments.push(FileAttachment::pdf(file_name, pdf)),
            Err(error) => {
                let (mail_id, error) = (mail.mail_id, format!("{error:#}"));
                tracing::error!(%mail_id, error, "a receipt has no document");
                refuse(postbox, mail, "a document of them cannot be made").await?;
                return Ok(false);
            }
        }
    }
    // What became of a receipt is told to everybody who has it.
    let is_optional = mail.kind == MailKind::Receipts;
    let unsubscribe = DonorLink::Unsubscribe.path(app.key.expose(), to.donor_id);
    let outgoing = OutgoingMail {
        mail_id: mail.mail_id,
        to: to.email.as_deref().unwrap_or_default(),
        content,
        attachments,
        unsubscribe_url: is_optional.then(|| format!("{url}{unsubscribe}")),
    };
    Ok(postbox.send(about(mail), outgoing).await?.is_ok())
}

/// Whether a mail goes without a receipt: it tells that one ended, and has none to bring. A
/// replacement whose successor ended as well is one, for the donor holds the receipt before it.
fn tells_of_end(mail: &OpenMail) -> bool {
    match mail.kind {
        MailKind::Receipts => false,
        MailKind::Cancellation => true,
        MailKind::Replacement => mail.brings_ended,
    }
}

/// What follows the receipt whose end a mail tells; nothing for another mail.
async fn outlook(app: &App, now: DateTime<Utc>, mail: &OpenMail) -> anyhow::Result<Outlook> {
    let (true, Some(receipt)) = (tells_of_end(mail), mail.about_id) else {
        return Ok(Outlook::default());
    };
    let mut db = app.db.acquire().await?;
    let (rule, today) = (app.settings.tax_date, paris_day(now));
    Ok(receipts::outlook(&mut db, rule, today, receipt).await?)
}

fn message(
    mail: &OpenMail,
    to: &Donor,
    receipts: &[Receipt],
    outlook: Outlook,
    dashboard: &str,
) -> MailContent {
    let first_name = to.first_name.as_deref();
    let about = mail.about.as_deref().unwrap_or_default();
    let lines: Vec<EnclosedReceipt<'_>> = receipts
        .iter()
        .map(|r| EnclosedReceipt {
            number: &r.number,
            association: &r.content.beneficiary.name,
            tax_year: r.tax_year,
            tax_box: r.tax_box,
            amount_cents: r.amount_cents,
            replaces: &r.content.replaces,
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
        _ if tells_of_end(mail) => CancellationMail {
            first_name,
            number: about,
            amount_cents: mail.about_cents.unwrap_or_default(),
            reason: mail.reason,
            remains: RemainingCents {
                receipted: outlook.receipted_cents,
                not_wanted: outlook.not_wanted_cents,
                unreceipted: outlook.unreceipted_cents,
            },
            dashboard,
            locale: to.locale,
        }
        .message(),
        MailKind::Cancellation | MailKind::Replacement => ReplacementMail {
            first_name,
            number: about,
            amount_cents: mail.about_cents.unwrap_or_default(),
            reason: mail.reason,
            successors: &lines,
            dashboard,
            locale: to.locale,
        }
        .message(),
    }
}
