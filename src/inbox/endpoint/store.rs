//! Endpoints in the database: made, found, and their settings changed.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::secrets::{self, SigningSecret};
use super::settings::EndpointSettings;
use crate::parties::AddError;
use crate::values::{Dialect, EndpointId, MerchantId, Secret};

/// An endpoint as the way in needs it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub endpoint_id: EndpointId,
    pub merchant_id: MerchantId,
    pub dialect: Dialect,
    pub settings: EndpointSettings,
    pub test: bool,
    /// Newest first; those that have ended are among them.
    pub secrets: Vec<SigningSecret>,
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

/// Makes an endpoint of a merchant. Returns its id and its secret, which is shown this once.
pub async fn add(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    merchant: MerchantId,
    new: &NewEndpoint,
) -> Result<(EndpointId, String), AddError> {
    let id = EndpointId::new();
    let token = new
        .api_token
        .as_deref()
        .map(|t| secrets::seal_api_token(key, id, t))
        .transpose()?;
    sqlx::query(
        "insert into endpoint
           (endpoint_id, merchant_id, dialect, settings, test, api_token_sealed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(merchant)
    .bind(new.dialect.word())
    .bind(Json(&new.settings))
    .bind(new.test)
    .bind(token)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let secret_of = (new.dialect, new.settings.secret_encoding);
    let secret = secrets::add_secret(tx, now, key, id, secret_of, new.secret.clone()).await?;
    Ok((id, secret))
}

/// The endpoint of a merchant by its slug, a live one before a test one.
pub async fn find_of_merchant(
    db: &mut PgConnection,
    merchant: &str,
) -> Result<Option<EndpointId>, sqlx::Error> {
    sqlx::query_scalar(
        "select endpoint_id from endpoint e join merchant m using (merchant_id)
         where m.slug = $1 order by e.test, e.created_at limit 1",
    )
    .bind(merchant)
    .fetch_optional(db)
    .await
}

/// Changes the settings of a merchant's endpoint by `name=value` pairs; returns all of them.
pub async fn change_settings(
    tx: &mut PgConnection,
    merchant: &str,
    pairs: &[String],
) -> Result<EndpointSettings, AddError> {
    let endpoint = find_of_merchant(tx, merchant)
        .await?
        .ok_or_else(|| no_such_merchant(merchant))?;
    let Json(before): Json<EndpointSettings> =
        sqlx::query_scalar("select settings from endpoint where endpoint_id = $1 for update")
            .bind(endpoint)
            .fetch_one(&mut *tx)
            .await?;
    let after = before.changed(pairs)?;
    sqlx::query("update endpoint set settings = $2 where endpoint_id = $1")
        .bind(endpoint)
        .bind(Json(&after))
        .execute(tx)
        .await?;
    Ok(after)
}

/// Stores the key with which a merchant's orders are read from its platform, and has refunds
/// fetched with it where the platform does not tell what they gave back.
pub async fn set_read_key(
    tx: &mut PgConnection,
    key: &[u8; 32],
    merchant: &str,
    token: &str,
) -> Result<EndpointSettings, AddError> {
    let endpoint = find_of_merchant(tx, merchant)
        .await?
        .ok_or_else(|| no_such_merchant(merchant))?;
    let (dialect, Json(mut settings)): (String, Json<EndpointSettings>) =
        sqlx::query_as("select dialect, settings from endpoint where endpoint_id = $1 for update")
            .bind(endpoint)
            .fetch_one(&mut *tx)
            .await?;
    match dialect.parse() {
        Ok(Dialect::Bigcommerce | Dialect::Squarespace | Dialect::Ecwid) => {}
        Ok(Dialect::Woocommerce) if settings.store_host().is_none() => {
            return Err(AddError::field(
                "store_url",
                "say first where the orders are: obole merchant settings SLUG \
                 store_url=https://boutique.example",
            ));
        }
        Ok(Dialect::Woocommerce) if !token.contains(':') => {
            return Err(AddError::field("api_token", "a read key is ck_…:cs_…"));
        }
        Ok(Dialect::Woocommerce) => settings.fetch_refunds = true,
        _ => {
            return Err(AddError::field(
                "dialect",
                "nothing is read from this platform",
            ));
        }
    }
    let sealed = secrets::seal_api_token(key, endpoint, token)?;
    sqlx::query("update endpoint set settings = $2, api_token_sealed = $3 where endpoint_id = $1")
        .bind(endpoint)
        .bind(Json(&settings))
        .bind(sealed)
        .execute(tx)
        .await?;
    Ok(settings)
}

/// Whether a merchant has an endpoint whose events reach the books.
pub async fn is_live(db: &mut PgConnection, merchant: MerchantId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from endpoint where merchant_id = $1 and not test)")
        .bind(merchant)
        .fetch_one(db)
        .await
}

/// Counts bodies that an endpoint refused because they were too large.
pub async fn note_too_large(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    endpoint: EndpointId,
    count: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into endpoint_too_large (endpoint_id, count, last_at) values ($1, $2, $3)
         on conflict (endpoint_id) do update
           set count = endpoint_too_large.count + excluded.count, last_at = excluded.last_at",
    )
    .bind(endpoint)
    .bind(count)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) fn no_such_merchant(merchant: &str) -> AddError {
    AddError::field(
        "slug",
        format!("no merchant is called {merchant:?}; see `obole merchant list`"),
    )
}

/// An endpoint beside one of its secrets.
#[derive(FromRow)]
struct SecretRow {
    merchant_id: MerchantId,
    #[sqlx(try_from = "String")]
    dialect: Dialect,
    settings: Json<EndpointSettings>,
    test: bool,
    secret_id: Uuid,
    sealed: Vec<u8>,
    valid_until: Option<DateTime<Utc>>,
}

/// A merchant's endpoint with its secrets opened. A secret that does not open is left out, with an
/// error in the log.
pub async fn find(
    db: &mut PgConnection,
    key: &[u8; 32],
    id: EndpointId,
) -> Result<Option<Endpoint>, sqlx::Error> {
    let rows: Vec<SecretRow> = sqlx::query_as(
        "select merchant_id, dialect, settings, test, secret_id, sealed, valid_until
         from endpoint join endpoint_secret s using (endpoint_id)
         where endpoint_id = $1 and merchant_id is not null order by s.created_at desc",
    )
    .bind(id)
    .fetch_all(db)
    .await?;
    let mut endpoint = None;
    for row in rows {
        let known = endpoint.get_or_insert_with(|| Endpoint {
            endpoint_id: id,
            merchant_id: row.merchant_id,
            dialect: row.dialect,
            settings: row.settings.0,
            test: row.test,
            secrets: Vec::new(),
        });
        if let Some(bytes) = secrets::open_secret(key, row.secret_id, &row.sealed) {
            known.secrets.push(SigningSecret {
                bytes: Secret::new(bytes),
                valid_until: row.valid_until,
            });
        }
    }
    Ok(endpoint)
}
