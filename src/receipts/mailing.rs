//! Mailing: each receipt goes out in one message, written down before it is sent.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::content::{ContentError, Receipt, SealedReceipt};
use crate::db::settlement_lock;
use crate::values::{DonorId, MailId};

/// Writes a message to send for each donor who has receipts in none. Returns how many receipts they
/// bring.
pub async fn prepare_mailings(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    settlement_lock::lock_exclusive(tx).await?;
    let donors: Vec<DonorId> = sqlx::query_scalar(
        "select distinct donor_id from receipt r where not exists (
           select 1 from mailing_receipt m where m.receipt_id = r.receipt_id)
         order by donor_id",
    )
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query(
        "insert into mailing (mail_id, kind, donor_id, created_at)
         select mail_id, 'receipts', donor_id, $3
           from unnest($1::uuid[], $2::uuid[]) n(mail_id, donor_id)",
    )
    .bind(donors.iter().map(|_| MailId::new().0).collect::<Vec<_>>())
    .bind(donors.iter().map(|d| d.0).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let linked = sqlx::query(
        "insert into mailing_receipt (receipt_id, mail_id)
         select r.receipt_id, m.mail_id from receipt r join mailing m using (donor_id)
         where m.created_at = $1 and m.sent_at is null and not exists (
           select 1 from mailing_receipt x where x.receipt_id = r.receipt_id)",
    )
    .bind(now)
    .execute(tx)
    .await?;
    Ok(linked.rows_affected())
}

/// Messages that are not known to be sent.
pub async fn open_mailings(db: &mut PgConnection) -> Result<Vec<(MailId, DonorId)>, sqlx::Error> {
    sqlx::query_as(
        "select mail_id, donor_id from mailing where sent_at is null order by created_at, mail_id",
    )
    .fetch_all(db)
    .await
}

#[derive(sqlx::FromRow)]
struct MailedReceipt {
    mail_id: MailId,
    #[sqlx(flatten)]
    receipt: SealedReceipt,
}

/// The receipts of some messages, opened.
pub async fn of_mails(
    db: &mut PgConnection,
    key: &[u8; 32],
    mails: impl Iterator<Item = MailId>,
) -> Result<HashMap<MailId, Vec<Receipt>>, ContentError> {
    let rows: Vec<MailedReceipt> = sqlx::query_as(
        "select mail_id, receipt_id, number, a.slug as association, donor_id, amount_cents, sealed
         from mailing_receipt join receipt using (receipt_id)
           join receipt_content using (receipt_id)
         join association a using (association_id)
         where mail_id = any($1) order by mail_id, number",
    )
    .bind(mails.map(|m| m.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    let mut receipts: HashMap<MailId, Vec<Receipt>> = HashMap::new();
    for row in rows {
        receipts
            .entry(row.mail_id)
            .or_default()
            .push(row.receipt.open(key)?);
    }
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
