//! Announcing: messages are written in the database transaction of their fact, so that neither
//! is without the other.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::values::{AssociationId, MerchantId};

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    DonationRecorded,
    CollectionSettled,
    PayoutSettled,
    ReceiptIssued,
}

impl Kind {
    /// The event's `type`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DonationRecorded => "donation.recorded",
            Self::CollectionSettled => "collection.settled",
            Self::PayoutSettled => "payout.settled",
            Self::ReceiptIssued => "receipt.issued",
        }
    }
}

/// A fact for the merchant, the association, or both. Nothing personal is in it.
#[derive(Clone, Debug)]
pub struct Announcement {
    pub subject: Uuid,
    pub merchant: Option<MerchantId>,
    pub association: Option<AssociationId>,
    pub occurred_at: DateTime<Utc>,
    pub data: Value,
}

/// Whether there is any subscription, so that the usual case costs one look-up.
pub async fn is_heard(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from subscription where disabled_at is null)")
        .fetch_one(db)
        .await
}

/// Writes a message for each address that wants one. A fact announced twice gives no second
/// message.
pub async fn announce(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    kind: Kind,
    facts: &[Announcement],
) -> Result<(), sqlx::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let payload = |f: &Announcement| {
        Json(json!({"type": kind.word(), "timestamp": f.occurred_at, "data": f.data}))
    };
    sqlx::query(
        "insert into outbox (message_id, subscription_id, kind, subject, payload, occurred_at,
          next_at)
         select gen_random_uuid(), subscription_id, $1, f.subject, f.payload, f.occurred_at, $2
         from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::jsonb[],
           $7::timestamptz[]) f(subject, merchant, association, payload, occurred_at)
         join subscription s on s.disabled_at is null and (s.merchant_id = f.merchant
           or s.association_id = f.association)
         on conflict do nothing",
    )
    .bind(kind.word())
    .bind(now)
    .bind(facts.iter().map(|f| f.subject).collect::<Vec<_>>())
    .bind(
        facts
            .iter()
            .map(|f| f.merchant.map(|m| m.0))
            .collect::<Vec<_>>(),
    )
    .bind(
        facts
            .iter()
            .map(|f| f.association.map(|a| a.0))
            .collect::<Vec<_>>(),
    )
    .bind(facts.iter().map(payload).collect::<Vec<_>>())
    .bind(facts.iter().map(|f| f.occurred_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
