//! Recording: facts that happened, a batch at a time, in the books in the same database
//! transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::db::Rows;
use crate::ledger::{self, Fact, Parties, PostError, Transfer};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{Amount, AssociationId, CauseId, DonationId, DonorId, EventId, MerchantId};

/// How many donations an order may have, less one: what a person accepts after the first.
pub const LAST_ORDINAL: i16 = 9;

/// What the donor was shown before saying yes (C. conso. L121-17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub shown_at: Option<DateTime<Utc>>,
    pub text_version: Option<String>,
    pub preticked: bool,
}

/// Who paid a donation: one that the merchant paid earns the donor no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum FundedBy {
    Donor,
    Merchant,
}

/// A donation about to be recorded.
#[derive(Clone, Debug)]
pub struct NewDonation {
    pub donation_id: DonationId,
    /// Its number among those of its order, from 0.
    pub ordinal: i16,
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
    pub funded_by: FundedBy,
    /// What a person should look at, such as `consent-missing`.
    pub flags: Vec<&'static str>,
    pub occurred_at: DateTime<Utc>,
}

impl NewDonation {
    fn transfer(&self) -> Transfer {
        let fact = Fact {
            id: self.donation_id.0,
            occurred_at: self.occurred_at,
        };
        let of = Parties {
            merchant: &self.merchant,
            association: &self.association,
        };
        ledger::donation_recorded(fact, of, self.amount)
    }
}

/// Why a batch was not recorded; nothing of it then is.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("one of these orders is recorded already")]
    Known,
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// The donations of a set that are already recorded, each with the hash of its event's content.
pub async fn known(
    db: &mut PgConnection,
    ids: &[DonationId],
) -> Result<BTreeMap<DonationId, Vec<u8>>, sqlx::Error> {
    let rows: Vec<(DonationId, Vec<u8>)> = sqlx::query_as(
        "select donation_id, content_hash from donation where donation_id = any($1)",
    )
    .bind(uuids(ids.iter().copied()))
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Records a batch of donations, each unknown so far, and posts them; one that is known refuses the
/// batch.
pub async fn record(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewDonation],
) -> Result<(), RecordError> {
    if new.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::of(18, new.len());
    for d in new {
        let consent = d.consent.as_ref();
        rows.begin()
            .put(d.donation_id.0)?
            .put(d.merchant_id.0)?
            .put(d.order_id.as_str())?
            .put(d.ordinal)?
            .put(d.event_id.0)?
            .put(d.content_hash.as_slice())?
            .put(d.amount.cents())?
            .put(d.order_total_cents)?
            .put(d.cause_id.0)?
            .put(d.association_id.0)?
            .put(d.donor_id.map(|d| d.0))?
            .put(d.funded_by)?
            .put(consent.and_then(|c| c.shown_at))?
            .put(consent.and_then(|c| c.text_version.as_deref()))?
            .put(consent.map(|c| c.preticked))?
            .put(d.flags.as_slice())?
            .put(d.occurred_at)?
            .put(now)?;
    }
    let written = rows.write(
        db,
        "copy donation (donation_id, merchant_id, order_id, ordinal, event_id, content_hash,
           amount_cents, order_total_cents, cause_id, association_id, donor_id, funded_by,
           consent_shown_at, consent_text_version, consent_preticked, flags, occurred_at,
           recorded_at)
         from stdin (format binary)",
    );
    written.await.map_err(|error| match error {
        sqlx::Error::Database(e) if e.is_unique_violation() => RecordError::Known,
        other => RecordError::Database(other),
    })?;
    let transfers: Vec<Transfer> = new.iter().map(NewDonation::transfer).collect();
    ledger::post(db, now, &transfers).await?;
    if outbox::is_heard(db).await? {
        outbox::announce(
            db,
            now,
            Kind::DonationRecorded,
            &new.iter().map(announcement).collect::<Vec<_>>(),
        )
        .await?;
    }
    Ok(())
}

/// The event for the merchant and the association: nothing of the donor is in it.
fn announcement(d: &NewDonation) -> Announcement {
    Announcement {
        subject: d.donation_id.0,
        merchant: Some(d.merchant_id),
        association: Some(d.association_id),
        occurred_at: d.occurred_at,
        data: json!({"donation_id": d.donation_id.to_string(), "merchant": d.merchant,
            "order_id": d.order_id,
            "association": d.association, "amount": d.amount.to_string(), "flags": d.flags}),
    }
}

/// The ids as the database takes them.
pub(super) fn uuids(ids: impl Iterator<Item = DonationId>) -> Vec<Uuid> {
    ids.map(|d| d.0).collect()
}
