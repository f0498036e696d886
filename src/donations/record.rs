//! Recording: facts that happened, a batch at a time, in the books in the same database transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ledger::{self, Fact, PostError, Transfer};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{Amount, AssociationId, CauseId, DonationId, DonorId, EventId, MerchantId};

/// What the donor was shown before saying yes (C. conso. L121-17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub shown_at: Option<DateTime<Utc>>,
    pub text_version: Option<String>,
    pub preticked: bool,
}

/// A donation about to be recorded.
#[derive(Clone, Debug)]
pub struct NewDonation {
    pub donation_id: DonationId,
    pub merchant_id: MerchantId,
    pub merchant: String,
    pub order_id: String,
    pub event_id: EventId,
    pub content_hash: Vec<u8>,
    pub amount: Amount,
    pub order_total_cents: i64,
    pub cause_id: CauseId,
    pub association_id: AssociationId,
    pub association: String,
    pub donor_id: Option<DonorId>,
    pub consent: Option<Consent>,
    /// `donor` or `merchant`: who paid the euro.
    pub funded_by: &'static str,
    /// What a person should look at, such as `consent-missing`.
    pub flags: Vec<&'static str>,
    pub occurred_at: DateTime<Utc>,
}

/// Why a batch was not recorded; nothing of it then is.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("another batch recorded one of these orders meanwhile")]
    Raced,
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// The donations of a set that are already recorded, each with the hash of what was said of it.
pub async fn known(db: &mut PgConnection, ids: &[DonationId]) -> Result<BTreeMap<DonationId, Vec<u8>>, sqlx::Error> {
    let rows: Vec<(DonationId, Vec<u8>)> = sqlx::query_as("select donation_id, content_hash from donation where donation_id = any($1)")
        .bind(uuids(ids.iter().copied()))
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Records a batch of donations, each unknown so far, and posts them.
pub async fn record(db: &mut PgConnection, now: DateTime<Utc>, new: &[NewDonation]) -> Result<(), RecordError> {
    if new.is_empty() {
        return Ok(());
    }
    let inserted = sqlx::query(
        "insert into donation (donation_id, merchant_id, order_id, event_id, content_hash, amount_cents, order_total_cents, cause_id,
           association_id, donor_id, funded_by, consent_shown_at, consent_text_version, consent_preticked, flags, occurred_at, recorded_at)
         select d, m, o, e, h, a, t, c, s, n, by, ca, cv, cp, string_to_array(f, ','), at, $16
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bytea[], $6::bigint[], $7::bigint[], $8::uuid[], $9::uuid[],
           $10::uuid[], $11::timestamptz[], $12::text[], $13::boolean[], $14::text[], $15::timestamptz[], $17::text[])
           x(d, m, o, e, h, a, t, c, s, n, ca, cv, cp, f, at, by)
         on conflict do nothing",
    )
    .bind(column(new, |d| d.donation_id.0))
    .bind(column(new, |d| d.merchant_id.0))
    .bind(column(new, |d| d.order_id.as_str()))
    .bind(column(new, |d| d.event_id.0))
    .bind(column(new, |d| d.content_hash.as_slice()))
    .bind(column(new, |d| d.amount.cents()))
    .bind(column(new, |d| d.order_total_cents))
    .bind(column(new, |d| d.cause_id.0))
    .bind(column(new, |d| d.association_id.0))
    .bind(column(new, |d| d.donor_id.map(|d| d.0)))
    .bind(column(new, |d| d.consent.as_ref().and_then(|c| c.shown_at)))
    .bind(column(new, |d| d.consent.as_ref().and_then(|c| c.text_version.as_deref())))
    .bind(column(new, |d| d.consent.as_ref().map(|c| c.preticked)))
    .bind(column(new, |d| d.flags.join(",")))
    .bind(column(new, |d| d.occurred_at))
    .bind(now)
    .bind(column(new, |d| d.funded_by))
    .execute(&mut *db)
    .await?;
    if inserted.rows_affected() != new.len() as u64 {
        return Err(RecordError::Raced);
    }
    let transfers: Vec<Transfer> = new
        .iter()
        .map(|d| ledger::donation_recorded(Fact { id: d.donation_id.0, occurred_at: d.occurred_at }, &d.merchant, &d.association, d.amount))
        .collect();
    ledger::post(db, now, &transfers).await?;
    if outbox::is_heard(db).await? {
        outbox::announce(db, now, Kind::DonationRecorded, &new.iter().map(announcement).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// What the shop and the association are told of a gift: nothing of its donor.
fn announcement(d: &NewDonation) -> Announcement {
    Announcement {
        subject: d.donation_id.0,
        merchant: Some(d.merchant_id),
        association: Some(d.association_id),
        occurred_at: d.occurred_at,
        data: json!({"donation_id": d.donation_id.to_string(), "merchant": d.merchant, "order_id": d.order_id,
            "association": d.association, "amount": d.amount.to_string(), "flags": d.flags}),
    }
}

fn column<'a, T>(new: &'a [NewDonation], of: impl Fn(&'a NewDonation) -> T) -> Vec<T> {
    new.iter().map(of).collect()
}

/// The ids as the database takes them.
pub(super) fn uuids(ids: impl Iterator<Item = DonationId>) -> Vec<Uuid> {
    ids.map(|d| d.0).collect()
}
