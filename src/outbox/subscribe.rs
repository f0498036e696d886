//! Subscribing: an address and the secret that signs what is sent there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::parties::seal;
use crate::values::{Reader, SubscriptionId};

/// Why nobody could be subscribed.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    #[error("url: {0}")]
    Url(String),
    #[error("no {0} is called {1:?}")]
    Unknown(&'static str, String),
    #[error("the secret could not be made")]
    Secret,
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// Who subscribes, by slug.
#[derive(Clone, Debug)]
pub enum Subscriber {
    Merchant(String),
    Association(String),
}

pub(super) fn seal_place(id: SubscriptionId) -> String {
    format!("subscription:{}", id.0)
}

/// Subscribes an address; returns its id and the secret that signs, which is shown this once.
pub async fn subscribe(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    who: &Subscriber,
    url: &str,
) -> Result<(SubscriptionId, String), SubscribeError> {
    let (kind, slug, sql) = match who {
        Subscriber::Merchant(slug) => (
            "merchant",
            slug,
            "select merchant_id from merchant where slug = $1",
        ),
        Subscriber::Association(slug) => (
            "association",
            slug,
            "select association_id from association where slug = $1",
        ),
    };
    let owner: Option<Uuid> = sqlx::query_scalar(sql)
        .bind(slug)
        .fetch_optional(&mut *db)
        .await?;
    let owner = owner.ok_or_else(|| SubscribeError::Unknown(kind, slug.clone()))?;
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| SubscribeError::Secret)?;
    let id = SubscriptionId::new();
    let sealed = seal::seal(key, &seal_place(id), &bytes).map_err(|_| SubscribeError::Secret)?;
    let (merchant, association) = if kind == "merchant" {
        (Some(owner), None)
    } else {
        (None, Some(owner))
    };
    sqlx::query(
        "insert into subscription (subscription_id, merchant_id, association_id, url, sealed,
          created_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(merchant)
    .bind(association)
    .bind(url)
    .bind(sealed)
    .bind(now)
    .execute(db)
    .await?;
    Ok((id, format!("whsec_{}", STANDARD.encode(bytes))))
}

/// Whether a subscription is sent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, Serialize)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionState {
    Live,
    /// The last attempts failed; more follow.
    Failing,
    /// It failed for five days and is sent nothing more.
    Disabled,
}

/// A subscription in a list.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct SubscriptionSummary {
    #[serde(serialize_with = "crate::values::as_text")]
    pub subscription_id: SubscriptionId,
    pub subscriber: String,
    pub url: String,
    pub state: SubscriptionState,
    pub waiting: i64,
    #[serde(rename = "last_answer")]
    pub last_response: Option<String>,
}

/// The subscriptions that a reader may see, oldest first.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
) -> Result<Vec<SubscriptionSummary>, sqlx::Error> {
    sqlx::query_as(
        "select subscription_id, coalesce(m.slug, a.slug) as subscriber, url,
           case when disabled_at is not null then 'disabled'
             when failing_since is not null then 'failing' else 'live' end as state,
           (select count(*) from outbox o
            where o.subscription_id = s.subscription_id and delivered_at is null) as waiting,
           (select last_response from outbox o
            where o.subscription_id = s.subscription_id and last_response is not null
            order by next_at desc limit 1) as last_response
         from subscription s left join merchant m using (merchant_id)
         left join association a using (association_id)
         where $1 or merchant_id = $2 or association_id = $3 order by s.created_at",
    )
    .bind(reader.sees_everything())
    .bind(reader.merchants().only())
    .bind(reader.associations().only())
    .fetch_all(db)
    .await
}

/// Sends again to an address that was disabled; what waits is due at once.
pub async fn enable(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    id: SubscriptionId,
) -> Result<bool, sqlx::Error> {
    let known = sqlx::query(
        "update subscription set disabled_at = null, failing_since = null
          where subscription_id = $1",
    )
    .bind(id)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "update outbox set next_at = $2 where subscription_id = $1 and delivered_at is null",
    )
    .bind(id)
    .bind(now)
    .execute(db)
    .await?;
    Ok(known.rows_affected() == 1)
}
