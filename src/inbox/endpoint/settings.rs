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
    /// Generic: the name of the digest in a header such as `t=…,v1=…`; empty where the header is
    /// the digest.
    pub signature_field: String,
    /// Generic: what is signed, with `{body}`, `{timestamp}` and `{id}` (the delivery's name).
    pub signed_text: String,
    /// Generic: the header with the time of sending, in unix seconds.
    pub timestamp_header: String,
    /// Generic: the name of the time in the signature's header, where it is there.
    pub timestamp_field: String,
    /// Generic: how the secret is written.
    pub secret_encoding: SecretEncoding,
    /// Generic: errors are answered as platforms want it, with a success.
    pub platform_answers: bool,
    /// Generic: where the order is in the body. Without it, the body is of our own shapes.
    pub paths: FieldNames,
    /// Generic: how sums are written.
    pub amounts: AmountUnit,
    /// Generic: what the field at `paths.state` says of an order that is paid; empty: anything.
    pub paid_states: String,
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
    /// BigCommerce and Ecwid: the store whose orders are fetched.
    pub store_hash: Option<String>,
    /// The base address of the platform's API, where orders are fetched; BigCommerce's stands for
    /// each platform's own.
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
            signature_field: String::new(),
            signed_text: "{body}".into(),
            timestamp_header: "x-timestamp".into(),
            timestamp_field: String::new(),
            secret_encoding: SecretEncoding::Text,
            platform_answers: false,
            paths: FieldNames::default(),
            amounts: AmountUnit::Euros,
            paid_states: String::new(),
            delivery_header: "x-delivery-id".into(),
            unpaid_states: "pending,on-hold,failed,checkout-draft,auto-draft,draft,trash".into(),
            given_back_states: "refunded,cancelled".into(),
            store_url: None,
            fetch_refunds: false,
            store_hash: None,
            api_base: Self::BIGCOMMERCE_API.into(),
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

/// How a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncoding {
    /// Its characters are the key.
    Text,
    Hex,
    Base64,
}

/// How sums are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AmountUnit {
    Euros,
    Cents,
}

/// Where a generic sender has an order's fields: names from the outside to the inside, separated by
/// dots, such as `data.order.id`; `[name=value]` picks from a list, such as
/// `included[type=line_items]`. Fields of a line are looked for in the line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldNames {
    pub order: String,
    pub state: String,
    pub at: String,
    pub total: String,
    pub refunded: String,
    pub currency: String,
    pub lines: String,
    pub line_sku: String,
    /// What was charged for the whole line.
    pub line_amount: String,
    pub line_cause: String,
    pub line_consent: String,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub line1: String,
    pub line2: String,
    pub postal_code: String,
    pub city: String,
    pub country: String,
    pub locale: String,
}

/// A part of what a generic sender signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedPart<'s> {
    Text(&'s str),
    Body,
    Timestamp,
    Id,
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

/// The names of all settings, those within another after its name and a dot.
fn names(all: &Value) -> Vec<String> {
    let members = all.as_object().into_iter().flatten();
    members
        .flat_map(|(name, value)| match value {
            Value::Object(_) => {
                let inside = names(value).into_iter();
                inside.map(|n| format!("{name}.{n}")).collect()
            }
            _ => vec![name.clone()],
        })
        .collect()
}

/// Whether a list such as `pending,on-hold` names a state.
fn lists(states: &str, state: &str) -> bool {
    let mut listed = states.split(',').map(str::trim);
    listed.any(|s| !s.is_empty() && s.eq_ignore_ascii_case(state))
}

impl EndpointSettings {
    /// Where BigCommerce's API is.
    pub const BIGCOMMERCE_API: &str = "https://api.bigcommerce.com";

    /// What a generic sender signs, part by part.
    pub fn signed_parts(&self) -> impl Iterator<Item = SignedPart<'_>> {
        let mut rest = self.signed_text.as_str();
        std::iter::from_fn(move || {
            let names = [
                ("{body}", SignedPart::Body),
                ("{timestamp}", SignedPart::Timestamp),
                ("{id}", SignedPart::Id),
            ];
            if rest.is_empty() {
                return None;
            }
            if let Some((name, part)) = names.iter().find(|(n, _)| rest.starts_with(n)) {
                rest = &rest[name.len()..];
                return Some(*part);
            }
            let next = names.iter().filter_map(|(n, _)| rest.find(n)).min();
            let (text, after) = rest.split_at(next.unwrap_or(rest.len()));
            rest = after;
            Some(SignedPart::Text(text))
        })
    }

    /// Whether a generic sender's order is paid in this state.
    #[must_use]
    pub fn is_paid_state(&self, state: &str) -> bool {
        self.paid_states.is_empty() || lists(&self.paid_states, state)
    }

    /// Whether a product of this SKU is the donation.
    #[must_use]
    pub fn is_donation_sku(&self, sku: Option<&str>) -> bool {
        sku.is_some_and(|s| s.starts_with(&self.sku_prefix))
    }

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
            let known = names(&all);
            let pointer = format!("/{}", name.replace('.', "/"));
            let before = all.pointer_mut(&pointer).filter(|v| !v.is_object());
            let before = before.ok_or_else(|| {
                invalid(format!(
                    "no setting is called {name:?}; there are {}",
                    known.join(", ")
                ))
            })?;
            *before = if before.is_boolean() {
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
        let is_address = |text: &str| {
            let url = url::Url::parse(text).ok();
            url.is_some_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
        };
        if changed
            .store_url
            .as_deref()
            .is_some_and(|u| !u.is_empty() && !is_address(u))
        {
            return Err(invalid(
                "store_url is a web address, such as https://boutique.example".into(),
            ));
        }
        if !changed.signed_text.contains("{body}") {
            return Err(invalid("signed_text must contain {body}".into()));
        }
        if changed.signed_text.contains("{timestamp}")
            && changed.timestamp_field.is_empty()
            && changed.timestamp_header.is_empty()
        {
            return Err(invalid(
                "signed_text signs a time: timestamp_header or timestamp_field must say where it \
                 is"
                .into(),
            ));
        }
        let paths = &changed.paths;
        if !paths.order.is_empty() && (paths.lines.is_empty() || paths.line_amount.is_empty()) {
            return Err(invalid(
                "paths.order needs paths.lines and paths.line_amount beside it".into(),
            ));
        }
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
