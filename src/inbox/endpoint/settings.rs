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
    /// WooCommerce: the states, as the merchant calls them, of orders that are not paid.
    pub unpaid_states: String,
    /// WooCommerce: the states of orders whose money went back.
    pub given_back_states: String,
    /// WooCommerce: the store's own address. Orders from another are set aside.
    pub store_url: Option<String>,
    /// WooCommerce: refunds that do not say what they gave back are fetched, with the read key.
    pub fetch_refunds: bool,
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
            unpaid_states: "pending,on-hold,failed,checkout-draft,auto-draft,draft,trash".into(),
            given_back_states: "refunded,cancelled".into(),
            store_url: None,
            fetch_refunds: false,
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

/// The host of an address, without `www.`: what tells one store from another.
#[must_use]
pub fn host_of(address: &str) -> String {
    let address = address.trim();
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or(host);
    let host = host.to_lowercase();
    host.strip_prefix("www.").unwrap_or(&host).to_owned()
}

/// Whether a list such as `pending,on-hold` names a state.
fn lists(states: &str, state: &str) -> bool {
    let mut listed = states.split(',').map(str::trim);
    listed.any(|s| !s.is_empty() && s.eq_ignore_ascii_case(state))
}

impl EndpointSettings {
    /// The host of the store's own address, if it is set.
    #[must_use]
    pub fn store_host(&self) -> Option<String> {
        let url = self.store_url.as_deref()?;
        Some(host_of(url)).filter(|host| !host.is_empty())
    }

    /// Whether orders in this state are not paid.
    #[must_use]
    pub fn is_unpaid_state(&self, state: &str) -> bool {
        lists(&self.unpaid_states, state)
    }

    /// Whether the money of orders in this state went back.
    #[must_use]
    pub fn is_given_back_state(&self, state: &str) -> bool {
        lists(&self.given_back_states, state)
    }

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
