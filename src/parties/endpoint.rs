//! Endpoints: where a merchant's webhooks arrive, with the secrets that sign them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{AddError, seal};
use crate::settings::Secret;
use crate::values::{EndpointId, MerchantId};

/// Ways to sign and phrase a webhook that are built; the others come with the platforms' extractors.
pub const DIALECTS: [&str; 1] = ["standard"];

/// How long the old secret is still taken after a rotation.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// An endpoint as the intake needs it. Secrets are the decoded bytes of `whsec_…`.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub endpoint_id: EndpointId,
    pub merchant_id: MerchantId,
    pub test: bool,
    pub secrets: Vec<SigningSecret>,
}

/// A secret that signs webhooks, and until when.
#[derive(Clone, Debug)]
pub struct SigningSecret {
    pub bytes: Secret<Vec<u8>>,
    pub valid_until: Option<DateTime<Utc>>,
}

/// Makes an endpoint; answers its id and its secret, which is shown this once.
pub async fn add(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    merchant: MerchantId,
    dialect: &str,
    test: bool,
) -> Result<(EndpointId, String), AddError> {
    if !DIALECTS.contains(&dialect) {
        return Err(AddError::NotYet("only the dialect `standard` is built so far: sign with Standard Webhooks (--dialect standard)"));
    }
    let id = EndpointId::new();
    sqlx::query("insert into endpoint (endpoint_id, merchant_id, dialect, test, created_at) values ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(merchant)
        .bind(dialect)
        .bind(test)
        .bind(now)
        .execute(&mut *db)
        .await?;
    let secret = add_secret(db, now, key, id).await?;
    Ok((id, secret))
}

/// The endpoint of a merchant, a live one before a test one.
pub async fn of_merchant(db: &mut PgConnection, merchant: &str) -> Result<Option<EndpointId>, sqlx::Error> {
    sqlx::query_scalar(
        "select endpoint_id from endpoint join merchant using (merchant_id) where slug = $1 order by test, endpoint.created_at limit 1",
    )
    .bind(merchant)
    .fetch_optional(db)
    .await
}

async fn add_secret(db: &mut PgConnection, now: DateTime<Utc>, key: &[u8; 32], endpoint: EndpointId) -> Result<String, AddError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| AddError::NotYet("the system gives no randomness"))?;
    let id = Uuid::now_v7();
    let sealed =
        seal::seal(key, &format!("endpoint_secret:{id}"), &bytes).map_err(|_| AddError::NotYet("the secret could not be sealed"))?;
    sqlx::query("insert into endpoint_secret (secret_id, endpoint_id, sealed, created_at) values ($1, $2, $3, $4)")
        .bind(id)
        .bind(endpoint)
        .bind(sealed)
        .bind(now)
        .execute(db)
        .await?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

/// Gives each live endpoint of a merchant a new secret; the old ones are taken for one more day.
pub async fn rotate_secret(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    merchant: &str,
) -> Result<(String, DateTime<Utc>), AddError> {
    let endpoint = of_merchant(db, merchant)
        .await?
        .ok_or_else(|| AddError::field("slug", format!("no merchant is called {merchant:?}; see `obole merchant list`")))?;
    let until = now + OVERLAP;
    sqlx::query("update endpoint_secret set valid_until = $2 where endpoint_id = $1 and (valid_until is null or valid_until > $2)")
        .bind(endpoint)
        .bind(until)
        .execute(&mut *db)
        .await?;
    Ok((add_secret(db, now, key, endpoint).await?, until))
}

#[derive(Clone, sqlx::FromRow)]
struct Row {
    merchant_id: MerchantId,
    test: bool,
    secret_id: Uuid,
    sealed: Vec<u8>,
    valid_until: Option<DateTime<Utc>>,
}

/// The endpoint with its secrets opened, or none.
pub async fn find(db: &mut PgConnection, key: &[u8; 32], id: EndpointId) -> Result<Option<Endpoint>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select merchant_id, test, secret_id, sealed, valid_until from endpoint join endpoint_secret using (endpoint_id)
         where endpoint_id = $1 order by endpoint_secret.created_at desc",
    )
    .bind(id)
    .fetch_all(db)
    .await?;
    let Some(Row { merchant_id, test, .. }) = rows.first().cloned() else { return Ok(None) };
    let secrets = rows
        .into_iter()
        .filter_map(|Row { secret_id, sealed, valid_until, .. }| match seal::open(key, &format!("endpoint_secret:{secret_id}"), &sealed) {
            Ok(plain) => Some(SigningSecret { bytes: Secret::new(plain), valid_until }),
            Err(error) => {
                tracing::error!(%error, "a webhook secret does not open");
                None
            }
        })
        .collect();
    Ok(Some(Endpoint { endpoint_id: id, merchant_id, test, secrets }))
}
