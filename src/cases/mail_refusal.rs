//! Mails that were refused, each for itself: when that becomes a case, and when it is over.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::close::{Decision, close};
use super::kind::CaseKind;
use super::open::{NewCase, open};
use crate::values::MailId;

/// A temporary refusal becomes a case when so many attempts met it: a server that asks for
/// patience (RFC 5321, 4.2.1) has it for two runs.
const PATIENCE: i64 = 3;

/// A mail that could not be sent.
#[derive(Clone, Debug)]
pub struct RefusedMail {
    pub mail_id: MailId,
    /// What the mail is and for whom, by a slug or an id: no address.
    pub about: String,
    /// Why, without the recipient's address.
    pub reason: String,
    /// Whether another attempt would end the same way.
    pub permanent: bool,
}

/// Notes a refusal. Opens a case for a permanent one at once, and for a temporary one when it
/// lasts.
pub async fn note_refusal(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    refused: &RefusedMail,
) -> Result<(), sqlx::Error> {
    let times: Option<i16> = sqlx::query_scalar(
        "insert into mail_refusal (mail_id, n, permanent, reason, refused_at)
         select $1, (select coalesce(max(n), 0) + 1 from mail_refusal where mail_id = $1), $2, $3,
           $4
         where not exists (select 1 from open_case where kind = $5 and subject = $1)
           and not exists (select 1 from case_file f join case_decision d using (case_id)
             where f.kind = $5 and f.subject = $1 and d.decision = 'leave')
         returning n",
    )
    .bind(refused.mail_id)
    .bind(refused.permanent)
    .bind(&refused.reason)
    .bind(now)
    .bind(CaseKind::MessageRefused.word())
    .fetch_optional(&mut *tx)
    .await?;
    // A case that is open says it already, and a person may have decided to leave it.
    if times.is_none_or(|n| !refused.permanent && i64::from(n) < PATIENCE) {
        return Ok(());
    }
    let what = format!("{}: {}", refused.about, refused.reason);
    let case = NewCase::new(CaseKind::MessageRefused, refused.mail_id.0, what);
    open(tx, now, &[case]).await
}

/// The mails that a case is open for.
pub async fn refused_mails(db: &mut PgConnection) -> Result<HashSet<MailId>, sqlx::Error> {
    let mails: Vec<Uuid> = sqlx::query_scalar("select subject from open_case where kind = $1")
        .bind(CaseKind::MessageRefused.word())
        .fetch_all(db)
        .await?;
    Ok(mails.into_iter().map(MailId).collect())
}

/// The mails that a person decided to leave unsent.
pub async fn left_mails(db: &mut PgConnection) -> Result<HashSet<MailId>, sqlx::Error> {
    let mails: Vec<Uuid> = sqlx::query_scalar(
        "select f.subject from case_file f join case_decision d using (case_id)
         where f.kind = $1 and d.decision = 'leave'",
    )
    .bind(CaseKind::MessageRefused.word())
    .fetch_all(db)
    .await?;
    Ok(mails.into_iter().map(MailId).collect())
}

/// Closes the case of a mail that left after all.
pub async fn note_sent(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    mail_id: MailId,
) -> Result<(), sqlx::Error> {
    let sent = Decision {
        decision: "sent",
        by: "obole",
        why: "the message left at a later attempt",
    };
    close(tx, now, CaseKind::MessageRefused, &[mail_id.0], sent).await?;
    Ok(())
}
