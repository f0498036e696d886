//! How a delivery is named, the same on every retry.

use sha2::{Digest, Sha256};

use super::json_reader::named;
use super::wix;
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::signature::SignatureError;
use crate::values::Dialect;

/// The longest delivery key stored as it is, in bytes.
const MAX_KEY_BYTES: usize = 256;

/// The sender's name for a delivery, the same on every retry. To be asked only once the signature
/// is verified.
pub fn delivery_key<'h>(
    dialect: Dialect,
    settings: &EndpointSettings,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
) -> Result<String, SignatureError> {
    let hash = || hex::encode(Sha256::digest(body));
    let needed = |name: &str| header(name).ok_or_else(|| SignatureError::Missing(name.to_owned()));
    let key = match dialect {
        Dialect::Standard => needed("webhook-id")?.to_owned(),
        Dialect::Svix => header("svix-id")
            .or_else(|| header("webhook-id"))
            .map(str::to_owned)
            .unwrap_or_else(hash),
        Dialect::Shopify => format!(
            "{}:{}",
            needed("x-shopify-topic")?,
            needed("x-shopify-webhook-id")?
        ),
        // Two deliveries within a second may have one X-WC-Webhook-Delivery-ID.
        Dialect::Woocommerce => format!("{}:{}", needed("x-wc-webhook-topic")?, hash()),
        Dialect::Stripe => named(body, "id").unwrap_or_else(hash),
        Dialect::Bigcommerce => named(body, "hash").unwrap_or_else(hash),
        Dialect::Squarespace => named(body, "id").unwrap_or_else(hash),
        Dialect::Ecwid => named(body, "eventId").unwrap_or_else(hash),
        Dialect::Wix => wix::event_id(body).unwrap_or_else(hash),
        Dialect::Generic => header(&settings.delivery_header)
            .map(str::to_owned)
            .unwrap_or_else(hash),
    };
    // PostgreSQL does not index a long key and refuses NUL in a text; a digest names the delivery
    // as well.
    Ok(if key.len() > MAX_KEY_BYTES || key.contains('\0') {
        hex::encode(Sha256::digest(key))
    } else {
        key
    })
}
