//! Submitting: the request for payment leaves, so the merchant no longer owes and the money is on
//! its way.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::ledger::{self, Fact, PostError};
use crate::rails::Rail;
use crate::values::{Amount, CollectionId, MerchantId, paris_midnight};

#[derive(FromRow)]
struct PreparedCollection {
    collection_id: CollectionId,
    merchant: String,
    rail: Rail,
    amount_cents: i64,
    reference: String,
}

/// Submits the prepared collections of these merchants, each by its first attempt over the
/// merchant's rail.
///
/// The caller holds the settlement lock of their partition.
pub async fn submit(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    merchants: &[MerchantId],
) -> Result<(), PostError> {
    let prepared: Vec<PreparedCollection> = sqlx::query_as(
        "select collection_id, m.slug as merchant, m.rail, amount_cents, reference
         from collection c join merchant m using (merchant_id)
         where merchant_id = any($1) and not exists (
           select 1 from collection_state s where s.collection_id = c.collection_id and s.n > 1)
         order by collection_id",
    )
    .bind(merchants.iter().map(|m| m.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<Uuid> = prepared.iter().map(|c| c.collection_id.0).collect();
    sqlx::query(
        "with attempted as (
           insert into collection_attempt
             (collection_id, n, rail, amount_cents, due_on, end_to_end_id, submitted_at)
           select a.collection_id, 1, a.rail, a.amount_cents, $5, a.reference, $6
           from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[])
             a(collection_id, rail, amount_cents, reference))
         insert into collection_state (collection_id, n, state, occurred_on, recorded_at)
         select collection_id, 2, 'submitted', $5, $6 from unnest($1::uuid[]) s(collection_id)",
    )
    .bind(&ids)
    .bind(prepared.iter().map(|c| c.rail.word()).collect::<Vec<_>>())
    .bind(prepared.iter().map(|c| c.amount_cents).collect::<Vec<_>>())
    .bind(
        prepared
            .iter()
            .map(|c| c.reference.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(on)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let mut transfers = Vec::with_capacity(prepared.len());
    for c in &prepared {
        let amount = Amount::from_cents(c.amount_cents).map_err(|_| PostError::Overflow)?;
        let fact = Fact {
            id: c.collection_id.0,
            occurred_at: paris_midnight(on),
        };
        transfers.push(ledger::collection_submitted(
            fact,
            c.rail,
            &c.merchant,
            amount,
        ));
    }
    ledger::post(tx, now, &transfers).await
}
