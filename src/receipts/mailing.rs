//! Mailing: each receipt goes out in one message, written down before it is sent; so do the
//! messages that tell what became of one.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use super::content::{ContentError, Receipt, SealedReceipt};
use super::standing::ReceiptStanding;
use crate::db::settlement_lock;
use crate::values::{DonorId, EndReason, MailId, ReceiptId};

/// What a message to a donor is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum MailKind {
    /// It brings receipts.
    Receipts,
    /// It tells that a receipt was cancelled.
    Cancellation,
    /// It brings the receipt that replaces another.
    Replacement,
}

/// A message that is not known to be sent.
#[derive(Clone, Debug, FromRow)]
pub struct OpenMail {
    pub mail_id: MailId,
    pub donor_id: DonorId,
    pub kind: MailKind,
    /// The receipt that was cancelled or replaced; none for a message that only brings receipts.
    pub about_id: Option<ReceiptId>,
    /// Its number.
    pub about: Option<String>,
    /// What it said, in cents.
    pub about_cents: Option<i64>,
    /// Why it ended; none where that was decided before reasons were asked for.
    pub reason: Option<EndReason>,
    /// What it would bring was cancelled or replaced before it left.
    pub brings_ended: bool,
}

/// Writes a message to send for each donor who has valid receipts in none. Returns how many
/// receipts they bring.
///
/// A receipt that is not valid any more leaves its message, if that was not sent yet; it gets
/// another one when it is valid again.
pub async fn prepare_mailings(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    settlement_lock::lock_exclusive(tx).await?;
    take_out_invalid(tx).await?;
    // Standing is derived for each receipt that waits, and for no other.
    let waiting: Vec<(ReceiptId, DonorId)> = sqlx::query_as(
        "with waiting as materialized (
           select r.receipt_id, r.donor_id from receipt r
           where not exists (
               select 1 from mailing_receipt m where m.receipt_id = r.receipt_id)
             and exists (select 1 from receipt_content c where c.receipt_id = r.receipt_id))
         select w.receipt_id, w.donor_id from waiting w
         cross join lateral (
           select standing from receipt_register g where g.receipt_id = w.receipt_id offset 0) s
         where s.standing = 'valid' order by w.donor_id, w.receipt_id",
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut mails: Vec<(MailId, DonorId)> = Vec::new();
    let mut links: Vec<(ReceiptId, MailId)> = Vec::with_capacity(waiting.len());
    for (receipt, donor) in waiting {
        let mail = match mails.last() {
            Some((mail, of)) if *of == donor => *mail,
            _ => {
                let mail = MailId::new();
                mails.push((mail, donor));
                mail
            }
        };
        links.push((receipt, mail));
    }
    sqlx::query(
        "insert into mailing (mail_id, kind, donor_id, created_at)
         select mail_id, 'receipts', donor_id, $3
           from unnest($1::uuid[], $2::uuid[]) n(mail_id, donor_id)",
    )
    .bind(mails.iter().map(|m| m.0.0).collect::<Vec<_>>())
    .bind(mails.iter().map(|m| m.1.0).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    link(tx, &links).await
}

/// Takes the receipts that are not valid, or whose content is destroyed, out of the messages that
/// were not sent. The one that a replacement brings stays: nothing else tells of it.
async fn take_out_invalid(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with unsent as materialized (
           select x.receipt_id from mailing_receipt x join mailing m using (mail_id)
           where m.sent_at is null and m.kind = 'receipts')
         delete from mailing_receipt where receipt_id in (
           select u.receipt_id from unsent u cross join lateral (
             select standing from receipt_register g where g.receipt_id = u.receipt_id offset 0) s
           where s.standing <> 'valid'
             or not exists (select 1 from receipt_content c where c.receipt_id = u.receipt_id))",
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn link(tx: &mut PgConnection, links: &[(ReceiptId, MailId)]) -> Result<u64, sqlx::Error> {
    let linked = sqlx::query(
        "insert into mailing_receipt (receipt_id, mail_id)
         select receipt_id, mail_id from unnest($1::uuid[], $2::uuid[]) n(receipt_id, mail_id)",
    )
    .bind(links.iter().map(|l| l.0.0).collect::<Vec<_>>())
    .bind(links.iter().map(|l| l.1.0).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(linked.rows_affected())
}

/// Writes the message that tells a donor what became of a receipt, and brings its successor if it
/// has one.
pub(super) async fn write_message(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    kind: MailKind,
    donor: DonorId,
    about: ReceiptId,
    brings: Option<ReceiptId>,
) -> Result<MailId, sqlx::Error> {
    let mail_id = MailId::new();
    sqlx::query(
        "insert into mailing (mail_id, kind, donor_id, created_at, about)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(mail_id)
    .bind(kind)
    .bind(donor)
    .bind(now)
    .bind(about)
    .execute(&mut *tx)
    .await?;
    if let Some(receipt) = brings {
        link(tx, &[(receipt, mail_id)]).await?;
    }
    Ok(mail_id)
}

/// Messages that are not known to be sent: all, or one of them.
pub async fn open_mailings(
    db: &mut PgConnection,
    only: Option<MailId>,
) -> Result<Vec<OpenMail>, sqlx::Error> {
    sqlx::query_as(
        "select mail_id, m.donor_id, kind, r.receipt_id as about_id, r.number as about,
           r.amount_cents as about_cents, s.reason,
           exists (select 1 from mailing_receipt x join receipt_state e using (receipt_id)
             where x.mail_id = m.mail_id) as brings_ended
         from mailing m left join receipt r on r.receipt_id = m.about
           left join receipt_state s on s.receipt_id = m.about
         where sent_at is null and ($1::uuid is null or mail_id = $1)
           and (kind = 'cancellation'
             or exists (select 1 from mailing_receipt x where x.mail_id = m.mail_id))
         order by created_at, mail_id",
    )
    .bind(only)
    .fetch_all(db)
    .await
}

#[derive(FromRow)]
struct MailedReceipt {
    mail_id: MailId,
    standing: ReceiptStanding,
    has_content: bool,
    #[sqlx(flatten)]
    receipt: SealedReceipt,
}

/// The receipts of some messages, opened. A message is left out unless all that it brings is valid
/// and can be opened: none goes without its receipts, or with one that cannot be relied on.
pub async fn of_mails(
    db: &mut PgConnection,
    key: &[u8; 32],
    mails: impl Iterator<Item = MailId>,
) -> Result<HashMap<MailId, Vec<Receipt>>, ContentError> {
    let rows: Vec<MailedReceipt> = sqlx::query_as(
        "select mail_id, r.standing, c.sealed is not null as has_content, r.receipt_id, number,
           a.slug as association, donor_id, tax_year, a.rate_percent, amount_cents,
           coalesce(c.sealed, '') as sealed
         from mailing_receipt join receipt_register r using (receipt_id)
           left join receipt_content c using (receipt_id)
         join association a using (association_id)
         where mail_id = any($1) order by mail_id, number",
    )
    .bind(mails.map(|m| m.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let mut receipts: HashMap<MailId, Vec<Receipt>> = HashMap::new();
    let mut incomplete = HashSet::new();
    for row in rows {
        if row.standing != ReceiptStanding::Valid || !row.has_content {
            incomplete.insert(row.mail_id);
            continue;
        }
        receipts
            .entry(row.mail_id)
            .or_default()
            .push(row.receipt.open(key)?);
    }
    receipts.retain(|mail, _| !incomplete.contains(mail));
    Ok(receipts)
}

/// Notes that a message was sent.
pub async fn mark_sent(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    mail: MailId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update mailing set sent_at = $2 where mail_id = $1")
        .bind(mail)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// The donor whom a message about receipts is for.
pub async fn addressed_donor(
    db: &mut PgConnection,
    mail: MailId,
) -> Result<Option<DonorId>, sqlx::Error> {
    sqlx::query_scalar(
        "select donor_id from mailing where mail_id = $1
         union all select donor_id from identity_request where mail_id = $1",
    )
    .bind(mail)
    .fetch_optional(db)
    .await
}
