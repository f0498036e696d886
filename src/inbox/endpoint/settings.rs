//! Where a platform puts the donation in its webhooks, and how a generic sender signs them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::parties::AddError;

/// The settings of an endpoint. A field that is absent has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointSettings {
    /// A product whose SKU begins with this is the donation.
    pub sku_prefix: String,
    /// WooCommerce: a fee of this name is the donation, when no fee has our meta key.
    pub fee_label: String,
    /// The meta key, line property or product option that names the cause.
    pub meta_key: String,
    /// Shopify: the note attribute that names the cause of a donation that the merchant pays.
    pub attribute: String,
    /// The merchant pays the donation itself: its customer gets no receipt.
    pub merchant_funded: bool,
    /// Generic: the header with the signature.
    pub signature_header: String,
    /// Generic: what stands before the digest, such as `sha256=`.
    pub signature_prefix: String,
    pub hash: HmacHash,
    pub encoding: TextEncoding,
    /// Generic: the header that names a delivery; without it the hash of the body does.
    pub delivery_header: String,
    /// BigCommerce: the store whose orders are fetched.
    pub store_hash: Option<String>,
    /// BigCommerce: the base address of its API.
    pub api_base: String,
}

impl Default for EndpointSettings {
    fn default() -> Self {
        Self {
            sku_prefix: "OBOLE".into(),
            fee_label: String::new(),
            meta_key: "_obole_cause".into(),
            attribute: "obole_cause".into(),
            merchant_funded: false,
            signature_header: "x-signature".into(),
            signature_prefix: String::new(),
            hash: HmacHash::Sha256,
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
pub enum HmacHash {
    Sha256,
    Sha512,
}

/// How a digest is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextEncoding {
    Hex,
    Base64,
}

impl EndpointSettings {
    /// These settings with some changed by `name=value` pairs.
    ///
    /// # Errors
    /// `AddError::Invalid` for an unknown name, a value of another kind, or an empty field that may
    /// not be empty.
    pub fn changed(&self, pairs: &[String]) -> Result<Self, AddError> {
        let invalid = |message: String| AddError::field("setting", message);
        let mut all = serde_json::to_value(self).map_err(|e| invalid(e.to_string()))?;
        for pair in pairs {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| invalid(format!("{pair:?} is not NAME=VALUE")))?;
            let before = all.get(name).ok_or_else(|| {
                let known: Vec<&str> = all
                    .as_object()
                    .into_iter()
                    .flat_map(|o| o.keys())
                    .map(String::as_str)
                    .collect();
                invalid(format!(
                    "no setting is called {name:?}; there are {}",
                    known.join(", ")
                ))
            })?;
            all[name] = if before.is_boolean() {
                Value::Bool(
                    value
                        .parse()
                        .map_err(|_| invalid(format!("{name} is true or false")))?,
                )
            } else {
                Value::String(value.to_owned())
            };
        }
        let changed: Self = serde_json::from_value(all).map_err(|e| invalid(e.to_string()))?;
        // An empty prefix would make a donation of every product.
        if changed.sku_prefix.is_empty()
            || changed.meta_key.is_empty()
            || changed.attribute.is_empty()
        {
            return Err(invalid(
                "sku_prefix, meta_key and attribute may not be empty".into(),
            ));
        }
        Ok(changed)
    }
}
