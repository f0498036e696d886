//! Settling: the shop's money is on the account, so what was promised can be paid out.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::ledger::{self, Fact, PostError};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{Amount, CollectionId, MerchantId, Period, paris_midnight};

/// What a credit line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Now(CollectionId),
    /// No open collection of this reference and amount.
    No,
}

/// Settles, under the settlement gate, the open collection that one of the references names, if the amount is exactly what was asked for.
pub async fn settle(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    references: &[String],
    amount: Amount,
) -> Result<Settled, PostError> {
    let found: Option<CollectionId> = sqlx::query_scalar(
        "select collection_id from collection c where reference = any($1) and amount_cents = $2
           and not exists (select from collection_state s where s.collection_id = c.collection_id and state <> 'submitted')",
    )
    .bind(references)
    .bind(amount.cents())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(id) = found else { return Ok(Settled::No) };
    sqlx::query("insert into collection_state values ($1, 'settled', $2, $3)").bind(id).bind(on).bind(now).execute(&mut *tx).await?;
    let sums: Vec<(String, i64)> = sqlx::query_as(
        "select a.slug, sum(amount_cents)::bigint from collection_donation l
         cross join lateral (select * from donation d where d.donation_id = l.donation_id limit 1) d join association a using (association_id)
         where collection_id = $1 and live group by a.slug order by a.slug",
    )
    .bind(id)
    .fetch_all(&mut *tx)
    .await?;
    let mut associations = Vec::with_capacity(sums.len());
    for (slug, cents) in sums {
        associations.push((slug, Amount::from_cents(cents).map_err(|_| PostError::Overflow)?));
    }
    let fact = Fact { id: id.0, occurred_at: paris_midnight(on) };
    ledger::post(tx, now, &ledger::collection_settled(fact, amount, &associations)).await?;
    let (merchant, period, count, reference): (MerchantId, NaiveDate, i32, String) =
        sqlx::query_as("select merchant_id, period, count, reference from collection where collection_id = $1")
            .bind(id)
            .fetch_one(&mut *tx)
            .await?;
    let data = json!({"collection_id": id.to_string(), "period": Period::of(period).to_string(), "count": count, "amount": amount.to_string(),
        "reference": reference, "settled_on": on});
    let told = Announcement { subject: id.0, merchant: Some(merchant), association: None, occurred_at: paris_midnight(on), data };
    outbox::announce(tx, now, Kind::CollectionSettled, &[told]).await?;
    Ok(Settled::Now(id))
}
