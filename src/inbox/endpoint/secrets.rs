//! The secrets that sign an endpoint's webhooks, and the token for the platform's API: made,
//! sealed, rotated, opened.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;
use sqlx::PgConnection;
use uuid::Uuid;

use super::settings::SecretEncoding;
use crate::parties::{AddError, seal};
use crate::values::{Dialect, EndpointId, Secret};

/// The shortest signing secret taken, in bytes.
const MIN_SECRET_BYTES: usize = 16;

/// A secret that signs webhooks, and until when.
#[derive(Clone, Debug)]
pub struct SigningSecret {
    /// The bytes that key the HMAC.
    pub bytes: Secret<Vec<u8>>,
    /// None for the current secret.
    pub valid_until: Option<DateTime<Utc>>,
}

/// The bytes that key the HMAC, for a secret as its platform writes it; of Wix, the public key.
pub fn signing_key(
    dialect: Dialect,
    encoding: SecretEncoding,
    secret: &str,
) -> Result<Vec<u8>, &'static str> {
    match dialect {
        Dialect::Standard | Dialect::Svix => {
            let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
            STANDARD
                .decode(encoded)
                .map_err(|_| "a Standard Webhooks secret is whsec_ and base64")
        }
        // WooCommerce stores the secret with HTML entities and signs with them decoded.
        Dialect::Woocommerce => {
            let plain = secret
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#039;", "'")
                .replace("&amp;", "&");
            Ok(plain.into_bytes())
        }
        Dialect::Squarespace => decoded(SecretEncoding::Hex, secret),
        Dialect::Generic => decoded(encoding, secret),
        Dialect::Wix => SubjectPublicKeyInfoDer::from_pem_slice(secret.as_bytes())
            .map(|_| secret.as_bytes().to_vec())
            .map_err(|_| "Wix's public key is a text that begins with -----BEGIN PUBLIC KEY-----"),
        // Stripe's key is the whole string, whsec_ included; the others' secrets are used as they
        // are.
        Dialect::Stripe | Dialect::Shopify | Dialect::Bigcommerce | Dialect::Ecwid => {
            Ok(secret.as_bytes().to_vec())
        }
    }
}

fn decoded(encoding: SecretEncoding, secret: &str) -> Result<Vec<u8>, &'static str> {
    match encoding {
        SecretEncoding::Text => Ok(secret.as_bytes().to_vec()),
        SecretEncoding::Hex => hex::decode(secret.trim()).map_err(|_| "the secret is hexadecimal"),
        SecretEncoding::Base64 => STANDARD
            .decode(secret.trim())
            .map_err(|_| "the secret is base64"),
    }
}

/// A new secret as the dialect's platform would write it.
fn new_secret(dialect: Dialect, encoding: SecretEncoding) -> Result<String, AddError> {
    if dialect == Dialect::Wix {
        return Err(AddError::field(
            "secret",
            "Wix signs with a key of its own: give its public key, with --secret-file",
        ));
    }
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| AddError::NotYet("the system gives no randomness"))?;
    Ok(match dialect {
        Dialect::Standard | Dialect::Svix | Dialect::Stripe => {
            format!("whsec_{}", STANDARD.encode(bytes))
        }
        Dialect::Generic if encoding == SecretEncoding::Base64 => STANDARD.encode(bytes),
        _ => hex::encode(bytes),
    })
}

/// Adds a secret to an endpoint, the one given or a new one, and returns it as its platform writes
/// it.
pub(super) async fn add_secret(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    endpoint: EndpointId,
    (dialect, encoding): (Dialect, SecretEncoding),
    given: Option<String>,
) -> Result<String, AddError> {
    let secret = given.map_or_else(|| new_secret(dialect, encoding), Ok)?;
    let bytes =
        signing_key(dialect, encoding, &secret).map_err(|e| AddError::field("secret", e))?;
    if bytes.len() < MIN_SECRET_BYTES {
        return Err(AddError::field("secret", "at least 16 bytes are needed"));
    }
    let id = Uuid::now_v7();
    let sealed = seal::seal(key, &secret_place(id), &bytes).map_err(|_| not_sealed())?;
    sqlx::query(
        "insert into endpoint_secret (secret_id, endpoint_id, sealed, created_at)
         values ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(endpoint)
    .bind(sealed)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(secret)
}

/// Opens one stored secret; none, with an error in the log, when it does not open with this key.
pub(super) fn open_secret(key: &[u8; 32], id: Uuid, sealed: &[u8]) -> Option<Vec<u8>> {
    seal::open(key, &secret_place(id), sealed)
        .map_err(|error| tracing::error!(%error, "a webhook secret does not open"))
        .ok()
}

/// Seals the token for the platform's API.
pub(super) fn seal_api_token(
    key: &[u8; 32],
    endpoint: EndpointId,
    token: &str,
) -> Result<Vec<u8>, AddError> {
    seal::seal(key, &token_place(endpoint), token.as_bytes()).map_err(|_| not_sealed())
}

/// The token for the platform's API, opened; none when there is none or it does not open.
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

fn secret_place(id: Uuid) -> String {
    format!("endpoint_secret:{id}")
}

fn token_place(id: EndpointId) -> String {
    format!("endpoint:{}:api_token", id.0)
}

fn not_sealed() -> AddError {
    AddError::NotYet("the secret could not be sealed")
}
