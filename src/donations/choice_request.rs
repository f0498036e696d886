//! Donors of a suspended association: who is asked to choose again, once.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use crate::values::{DonorId, MailId};

/// A message that is not known to be sent.
#[derive(Clone, Debug, FromRow)]
pub struct ChoiceRequest {
    pub mail_id: MailId,
    pub donor_id: DonorId,
    /// The name of the association that was suspended.
    pub association: String,
}

/// Writes a message to send for each donor who chose a cause of an association, or who gave to it
/// what has not left for it yet. Returns how many.
pub async fn ask_to_choose_again(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    slug: &str,
) -> Result<u64, sqlx::Error> {
    let donors: Vec<DonorId> = sqlx::query_scalar(
        "with suspended as (select association_id from association where slug = $1),
         concerned as (
           select h.donor_id from donor_choice h join cause c using (cause_id)
           join suspended using (association_id)
           union
           select coalesce(d.donor_id, k.donor_id)
           from donation d join suspended using (association_id)
           left join donation_claim k using (donation_id)
           left join refund_taken r using (donation_id)
           where d.amount_cents > coalesce(r.taken_cents, 0) and not exists (
             select 1 from payout_donation p join payout_current_state s using (payout_id)
             where p.donation_id = d.donation_id and p.live
               and s.state in ('submitted', 'settled')))
         select donor_id from concerned join donor using (donor_id) where email is not null
         order by donor_id",
    )
    .bind(slug)
    .fetch_all(&mut *tx)
    .await?;
    let written = sqlx::query(
        "insert into choice_request (mail_id, donor_id, association_id, created_at)
         select n.mail_id, n.donor_id, a.association_id, $4
         from unnest($1::uuid[], $2::uuid[]) n(mail_id, donor_id)
         join association a on a.slug = $3 on conflict do nothing",
    )
    .bind(donors.iter().map(|_| MailId::new().0).collect::<Vec<_>>())
    .bind(donors.iter().map(|d| d.0).collect::<Vec<_>>())
    .bind(slug)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(written.rows_affected())
}

/// Nobody is asked any more: the suspension is lifted.
pub async fn end_choice_requests(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    slug: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update choice_request set ended_at = $2 where ended_at is null
           and association_id = (select association_id from association where slug = $1)",
    )
    .bind(slug)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// The messages that are not known to be sent, and still to be.
pub async fn open_choice_requests(
    db: &mut PgConnection,
) -> Result<Vec<ChoiceRequest>, sqlx::Error> {
    sqlx::query_as(
        "select r.mail_id, r.donor_id, a.name as association
         from choice_request r join association a using (association_id)
         where r.sent_at is null and r.ended_at is null order by r.created_at, r.mail_id",
    )
    .fetch_all(db)
    .await
}

/// Notes that a message was sent.
pub async fn mark_choice_requested(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    mail: MailId,
) -> Result<(), sqlx::Error> {
    sqlx::query("update choice_request set sent_at = $2 where mail_id = $1")
        .bind(mail)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// The donor whom a message asks.
pub async fn asked_by(db: &mut PgConnection, mail: MailId) -> Result<Option<DonorId>, sqlx::Error> {
    sqlx::query_scalar("select donor_id from choice_request where mail_id = $1")
        .bind(mail)
        .fetch_optional(db)
        .await
}
