//! Endpoints: where a merchant's webhooks arrive, with the secrets that sign them.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{AddError, seal};
use crate::values::{Dialect, EndpointId, MerchantId, Secret};

/// How long the old secret is still taken after a rotation.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// Where a platform puts the gift, and how a generic sender signs. What is absent has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointSettings {
    /// A product whose SKU begins so is the gift.
    pub sku_prefix: String,
    /// WooCommerce: a fee of this name is the gift, when no fee has our meta key.
    pub fee_label: String,
    /// The meta key, line property or product option that names the cause.
    pub meta_key: String,
    /// Shopify: the note attribute that names the cause of a gift that the shop pays.
    pub attribute: String,
    /// The shop pays the euro itself: its customer gets no receipt.
    pub shop_funded: bool,
    /// Generic: the header with the signature.
    pub signature_header: String,
    /// Generic: what stands before the digest, such as `sha256=`.
    pub signature_prefix: String,
    pub hash: Hash,
    pub encoding: TextEncoding,
    /// Generic: the header that names a delivery; without it the body's hash does.
    pub delivery_header: String,
    /// BigCommerce: the store whose orders are fetched.
    pub store_hash: Option<String>,
    /// BigCommerce: where its API is.
    pub api_base: String,
}

impl Default for EndpointSettings {
    fn default() -> Self {
        Self {
            sku_prefix: "OBOLE".into(),
            fee_label: String::new(),
            meta_key: "_obole_cause".into(),
            attribute: "obole_cause".into(),
            shop_funded: false,
            signature_header: "x-signature".into(),
            signature_prefix: String::new(),
            hash: Hash::Sha256,
            encoding: TextEncoding::Hex,
            delivery_header: "x-delivery-id".into(),
            store_hash: None,
            api_base: "https://api.bigcommerce.com".into(),
        }
    }
}

/// The hash under a generic sender's HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    Sha256,
    Sha512,
}

/// How a digest is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextEncoding {
    Hex,
    Base64,
}

impl EndpointSettings {
    /// Reads `name=value` pairs over what there is.
    pub fn changed(&self, pairs: &[String]) -> Result<Self, AddError> {
        let wrong = |message: String| AddError::field("setting", message);
        let mut all = serde_json::to_value(self).map_err(|e| wrong(e.to_string()))?;
        for pair in pairs {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| wrong(format!("{pair:?} is not NAME=VALUE")))?;
            let before = all.get(name).ok_or_else(|| {
                let known: Vec<&str> = all
                    .as_object()
                    .into_iter()
                    .flat_map(|o| o.keys())
                    .map(String::as_str)
                    .collect();
                wrong(format!(
                    "no setting is called {name:?}; there are {}",
                    known.join(", ")
                ))
            })?;
            let value = if before.is_boolean() {
                Value::Bool(
                    value
                        .parse()
                        .map_err(|_| wrong(format!("{name} is true or false")))?,
                )
            } else {
                Value::String(value.to_owned())
            };
            all[name] = value;
        }
        let read: Self = serde_json::from_value(all).map_err(|e| wrong(e.to_string()))?;
        // An empty prefix would make every product a gift.
        if read.sku_prefix.is_empty() || read.meta_key.is_empty() || read.attribute.is_empty() {
            return Err(wrong(
                "sku_prefix, meta_key and attribute may not be empty".into(),
            ));
        }
        Ok(read)
    }
}

/// An endpoint as the intake needs it. Secrets are the bytes that key the HMAC.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub endpoint_id: EndpointId,
    pub merchant_id: MerchantId,
    pub dialect: Dialect,
    pub settings: EndpointSettings,
    pub test: bool,
    pub secrets: Vec<SigningSecret>,
}

/// The bytes that key the HMAC for a secret as its platform writes it.
pub fn signing_key(dialect: Dialect, secret: &str) -> Result<Vec<u8>, &'static str> {
    match dialect {
        Dialect::Standard | Dialect::Svix => {
            let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
            STANDARD
                .decode(encoded)
                .map_err(|_| "a Standard Webhooks secret is whsec_ and base64")
        }
        // WooCommerce keeps the secret with HTML entities and signs with them decoded.
        Dialect::Woocommerce => {
            let plain = secret
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#039;", "'")
                .replace("&amp;", "&");
            Ok(plain.into_bytes())
        }
        // Stripe's whole string keys it, whsec_ included; the others' secrets are used as they are.
        Dialect::Stripe | Dialect::Shopify | Dialect::Bigcommerce | Dialect::Generic => {
            Ok(secret.as_bytes().to_vec())
        }
    }
}

/// A new secret as the dialect's platform would write it.
fn fresh_secret(dialect: Dialect) -> Result<String, AddError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| AddError::NotYet("the system gives no randomness"))?;
    Ok(match dialect {
        Dialect::Standard | Dialect::Svix | Dialect::Stripe => {
            format!("whsec_{}", STANDARD.encode(bytes))
        }
        Dialect::Shopify | Dialect::Woocommerce | Dialect::Bigcommerce | Dialect::Generic => {
            hex::encode(bytes)
        }
    })
}

/// A secret that signs webhooks, and until when.
#[derive(Clone, Debug)]
pub struct SigningSecret {
    pub bytes: Secret<Vec<u8>>,
    pub valid_until: Option<DateTime<Utc>>,
}

/// What is asked when an endpoint is made.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub dialect: Dialect,
    pub settings: EndpointSettings,
    pub test: bool,
    /// The secret that the platform gave; without it one is made.
    pub secret: Option<String>,
    /// BigCommerce: the token for its API.
    pub api_token: Option<String>,
}

/// Makes an endpoint; answers its id and its secret, which is shown this once.
pub async fn add(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    merchant: MerchantId,
    new: &NewEndpoint,
) -> Result<(EndpointId, String), AddError> {
    let id = EndpointId::new();
    let token = new
        .api_token
        .as_deref()
        .map(|t| seal::seal(key, &token_place(id), t.as_bytes()))
        .transpose()
        .map_err(unsealed)?;
    sqlx::query(
        "insert into endpoint (endpoint_id, merchant_id, dialect, settings, test,
          api_token_sealed, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(merchant)
    .bind(new.dialect.word())
    .bind(Json(&new.settings))
    .bind(new.test)
    .bind(token)
    .bind(now)
    .execute(&mut *db)
    .await?;
    let secret = add_secret(db, now, key, id, new.dialect, new.secret.clone()).await?;
    Ok((id, secret))
}

fn token_place(id: EndpointId) -> String {
    format!("endpoint:{}:api_token", id.0)
}

fn unsealed(_: seal::SealError) -> AddError {
    AddError::NotYet("the secret could not be sealed")
}

/// The token for the platform's API, opened.
pub async fn api_token(
    db: &mut PgConnection,
    key: &[u8; 32],
    id: EndpointId,
) -> Result<Option<Secret<String>>, sqlx::Error> {
    let sealed: Option<Vec<u8>> =
        sqlx::query_scalar("select api_token_sealed from endpoint where endpoint_id = $1")
            .bind(id)
            .fetch_one(db)
            .await?;
    Ok(sealed
        .and_then(|s| String::from_utf8(seal::open(key, &token_place(id), &s).ok()?).ok())
        .map(Secret::new))
}

/// The endpoint of a merchant, a live one before a test one.
pub async fn of_merchant(
    db: &mut PgConnection,
    merchant: &str,
) -> Result<Option<EndpointId>, sqlx::Error> {
    sqlx::query_scalar(
        "select endpoint_id from endpoint join merchant using (merchant_id)
          where slug = $1 order by test, endpoint.created_at limit 1",
    )
    .bind(merchant)
    .fetch_optional(db)
    .await
}

async fn add_secret(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    endpoint: EndpointId,
    dialect: Dialect,
    given: Option<String>,
) -> Result<String, AddError> {
    let secret = given.map_or_else(|| fresh_secret(dialect), Ok)?;
    let bytes = signing_key(dialect, &secret).map_err(|e| AddError::field("secret", e))?;
    if bytes.len() < 16 {
        return Err(AddError::field("secret", "at least 16 bytes are needed"));
    }
    let id = Uuid::now_v7();
    let sealed = seal::seal(key, &format!("endpoint_secret:{id}"), &bytes).map_err(unsealed)?;
    sqlx::query(
        "insert into endpoint_secret (secret_id, endpoint_id, sealed, created_at)
                  values ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(endpoint)
    .bind(sealed)
    .bind(now)
    .execute(db)
    .await?;
    Ok(secret)
}

/// Gives a merchant's endpoint a new secret, made here or given by the platform; the old ones are
/// taken for one more day.
pub async fn rotate_secret(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    merchant: &str,
    given: Option<String>,
) -> Result<(String, DateTime<Utc>), AddError> {
    let endpoint = of_merchant(db, merchant)
        .await?
        .ok_or_else(|| unknown(merchant))?;
    // Two rotations at once would each leave the other's secret without an end.
    let dialect: String =
        sqlx::query_scalar("select dialect from endpoint where endpoint_id = $1 for update")
            .bind(endpoint)
            .fetch_one(&mut *db)
            .await?;
    let dialect: Dialect = dialect
        .parse()
        .map_err(|_| AddError::NotYet("the endpoint's dialect is not known to this version"))?;
    let until = now + OVERLAP;
    sqlx::query(
        "update endpoint_secret set valid_until = $2 where endpoint_id = $1
                  and (valid_until is null or valid_until > $2)",
    )
    .bind(endpoint)
    .bind(until)
    .execute(&mut *db)
    .await?;
    Ok((
        add_secret(db, now, key, endpoint, dialect, given).await?,
        until,
    ))
}

/// Changes the settings of a merchant's endpoint by `name=value` pairs; answers all of them.
pub async fn change_settings(
    db: &mut PgConnection,
    merchant: &str,
    pairs: &[String],
) -> Result<EndpointSettings, AddError> {
    let endpoint = of_merchant(db, merchant)
        .await?
        .ok_or_else(|| unknown(merchant))?;
    let Json(before): Json<EndpointSettings> =
        sqlx::query_scalar("select settings from endpoint where endpoint_id = $1 for update")
            .bind(endpoint)
            .fetch_one(&mut *db)
            .await?;
    let after = before.changed(pairs)?;
    sqlx::query("update endpoint set settings = $2 where endpoint_id = $1")
        .bind(endpoint)
        .bind(Json(&after))
        .execute(db)
        .await?;
    Ok(after)
}

/// Whose an endpoint is, and how its platform phrases what it tells.
#[derive(Clone, Debug)]
pub struct Phrasing {
    pub merchant_id: MerchantId,
    pub dialect: Dialect,
    pub settings: EndpointSettings,
}

/// The phrasings of a set's endpoints.
pub async fn phrasings(
    db: &mut PgConnection,
    ids: impl Iterator<Item = EndpointId>,
) -> Result<HashMap<EndpointId, Phrasing>, sqlx::Error> {
    let distinct: HashSet<EndpointId> = ids.collect();
    let rows: Vec<(EndpointId, MerchantId, String, Json<EndpointSettings>)> = sqlx::query_as(
        "select endpoint_id, merchant_id, dialect, settings from endpoint
                         where endpoint_id = any($1)",
    )
    .bind(distinct.iter().map(|id| id.0).collect::<Vec<_>>())
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(id, merchant_id, dialect, Json(settings))| {
            let dialect = dialect
                .parse()
                .map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
            Ok((
                id,
                Phrasing {
                    merchant_id,
                    dialect,
                    settings,
                },
            ))
        })
        .collect()
}

fn unknown(merchant: &str) -> AddError {
    AddError::field(
        "slug",
        format!("no merchant is called {merchant:?}; see `obole merchant list`"),
    )
}

#[derive(Clone, sqlx::FromRow)]
struct Row {
    merchant_id: MerchantId,
    #[sqlx(try_from = "String")]
    dialect: Dialect,
    settings: Json<EndpointSettings>,
    test: bool,
    secret_id: Uuid,
    sealed: Vec<u8>,
    valid_until: Option<DateTime<Utc>>,
}

/// The endpoint with its secrets opened, or none.
pub async fn find(
    db: &mut PgConnection,
    key: &[u8; 32],
    id: EndpointId,
) -> Result<Option<Endpoint>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select merchant_id, dialect, settings, test, secret_id, sealed, valid_until
          from endpoint join endpoint_secret using (endpoint_id)
         where endpoint_id = $1 order by endpoint_secret.created_at desc",
    )
    .bind(id)
    .fetch_all(db)
    .await?;
    let Some(Row {
        merchant_id,
        dialect,
        settings: Json(settings),
        test,
        ..
    }) = rows.first().cloned()
    else {
        return Ok(None);
    };
    let secrets = rows
        .into_iter()
        .filter_map(
            |Row {
                 secret_id,
                 sealed,
                 valid_until,
                 ..
             }| match seal::open(key, &format!("endpoint_secret:{secret_id}"), &sealed)
            {
                Ok(plain) => Some(SigningSecret {
                    bytes: Secret::new(plain),
                    valid_until,
                }),
                Err(error) => {
                    tracing::error!(%error, "a webhook secret does not open");
                    None
                }
            },
        )
        .collect();
    Ok(Some(Endpoint {
        endpoint_id: id,
        merchant_id,
        dialect,
        settings,
        test,
        secrets,
    }))
}
