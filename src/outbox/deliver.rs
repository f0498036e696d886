//! Delivering: what is due is taken under a lease, sent outside any database transaction, and its
//! outcome noted.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, types::Json};

use super::subscribe::seal_place;
use crate::parties::seal;
use crate::values::{MessageId, Secret, SubscriptionId};

/// While a message is being sent nobody else takes it; a process that died loses it after this
/// long.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// An address that fails for so long is sent nothing more.
const PATIENCE: TimeDelta = TimeDelta::days(5);
/// Waits between attempts; the last one repeats.
const WAITS: [i64; 8] = [5, 60, 300, 1800, 7200, 18_000, 36_000, 43_200];

/// A message to send.
#[derive(Clone, Debug)]
pub struct OutboundMessage {
    pub message_id: MessageId,
    pub subscription_id: SubscriptionId,
    pub url: String,
    pub secret: Secret<Vec<u8>>,
    pub body: String,
    pub attempts: i32,
}

#[derive(FromRow)]
struct Row {
    message_id: MessageId,
    subscription_id: SubscriptionId,
    url: String,
    sealed: Vec<u8>,
    payload: Json<Value>,
    attempts: i32,
}

/// Takes up to `limit` messages that are due, a few an address, so that a slow one does not hold up
/// the others.
pub async fn take_due(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    limit: i64,
) -> Result<Vec<OutboundMessage>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "with due as (
           select message_id, row_number() over (partition by subscription_id
             order by next_at) as nth
           from outbox join subscription using (subscription_id) where next_at <= $1
             and delivered_at is null and disabled_at is null),
         taken as (
           select message_id from outbox where message_id = any(array(select message_id
             from due where nth <= 8 order by nth limit $2))
             and next_at <= $1 and delivered_at is null for update skip locked)
         update outbox o set next_at = $3, attempts = attempts + 1 from taken, subscription s
         where o.message_id = taken.message_id and s.subscription_id = o.subscription_id
         returning o.message_id, o.subscription_id, url, sealed, payload, attempts",
    )
    .bind(now)
    .bind(limit)
    .bind(now + LEASE)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(
            |r| match seal::open(key, &seal_place(r.subscription_id), &r.sealed) {
                Ok(secret) => Some(OutboundMessage {
                    message_id: r.message_id,
                    subscription_id: r.subscription_id,
                    url: r.url,
                    secret: Secret::new(secret),
                    body: r.payload.to_string(),
                    attempts: r.attempts,
                }),
                Err(error) => {
                    tracing::error!(%error, "a subscription's secret does not open");
                    None
                }
            },
        )
        .collect())
}

/// Notes that a message arrived.
pub async fn delivered(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    message: &OutboundMessage,
    response: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update outbox set delivered_at = $2, last_response = $3 where message_id = $1")
        .bind(message.message_id)
        .bind(now)
        .bind(response)
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "update subscription set failing_since = null where subscription_id = $1
                  and failing_since is not null",
    )
    .bind(message.subscription_id)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a message did not arrive; it is tried again later, the waits growing and never the
/// same for all, until the address has failed for five days.
pub async fn failed(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    message: &OutboundMessage,
    response: &str,
) -> Result<(), sqlx::Error> {
    let nth = usize::try_from(message.attempts - 1)
        .unwrap_or(0)
        .min(WAITS.len() - 1);
    let wait = WAITS.get(nth).copied().unwrap_or(43_200);
    // The message's own id spreads the retries: from the wait to half as much more.
    let spread = i64::try_from(message.message_id.0.as_u128() % 1000).unwrap_or(0) * wait / 2000;
    sqlx::query("update outbox set next_at = $2, last_response = $3 where message_id = $1")
        .bind(message.message_id)
        .bind(now + TimeDelta::seconds(wait + spread))
        .bind(response)
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "update subscription
          set failing_since = coalesce(failing_since, $2), disabled_at = case
          when failing_since < $3 then $2 end
         where subscription_id = $1",
    )
    .bind(message.subscription_id)
    .bind(now)
    .bind(now - PATIENCE)
    .execute(db)
    .await?;
    Ok(())
}

/// Sends the messages of a subscription since an instant again; returns how many.
pub async fn replay(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    id: SubscriptionId,
    since: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let again = sqlx::query(
        "update outbox set delivered_at = null, next_at = $2, attempts = 0
                      where subscription_id = $1 and occurred_at >= $3",
    )
    .bind(id)
    .bind(now)
    .bind(since)
    .execute(db)
    .await?;
    Ok(again.rows_affected())
}
