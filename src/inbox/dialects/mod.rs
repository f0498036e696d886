//! What each platform tells, read as our events. Pure; fields that are not known are ignored.

mod bigcommerce;
mod shopify;
mod standard;
mod stripe;
mod woocommerce;

use sha2::{Digest, Sha256};

use super::event::{Event, ParseError, read};
use super::signature::Rejected;
use crate::donations::Consent;
use crate::parties::donor::DonorDetails;
use crate::parties::endpoint::EndpointSettings;
use crate::values::{Amount, Dialect, Email, Locale, PostalAddress};

pub use bigcommerce::order_url;

/// The header in which a dialect says what the event is about, if it does.
#[must_use]
pub const fn topic_header(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Shopify => Some("x-shopify-topic"),
        Dialect::Woocommerce => Some("x-wc-webhook-topic"),
        _ => None,
    }
}

/// What makes a delivery that delivery, however often it comes. For one whose signature holds.
pub fn delivery_key<'h>(
    dialect: Dialect,
    settings: &EndpointSettings,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
) -> Result<String, Rejected> {
    let hash = || hex::encode(Sha256::digest(body));
    let needed = |name: &str| header(name).ok_or_else(|| Rejected::Missing(name.to_owned()));
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
        Dialect::Stripe => stripe::event_id(body).unwrap_or_else(hash),
        Dialect::Bigcommerce => bigcommerce::hash(body).unwrap_or_else(hash),
        Dialect::Generic => header(&settings.delivery_header)
            .map(str::to_owned)
            .unwrap_or_else(hash),
    };
    // Long keys would not be indexed; a digest is as good.
    Ok(if key.len() > 256 {
        hex::encode(Sha256::digest(key))
    } else {
        key
    })
}

/// Reads an event, or says what is wrong with which field.
pub fn parse(
    dialect: Dialect,
    settings: &EndpointSettings,
    topic: Option<&str>,
    body: &[u8],
) -> Result<Event, ParseError> {
    match dialect {
        Dialect::Standard | Dialect::Svix | Dialect::Generic => standard::parse(body),
        Dialect::Stripe => stripe::parse(body),
        Dialect::Shopify => shopify::parse(settings, topic.unwrap_or_default(), body),
        Dialect::Woocommerce => woocommerce::parse(settings, topic.unwrap_or_default(), body),
        Dialect::Bigcommerce => bigcommerce::parse(settings, body),
    }
}

/// A platform's text made fit: without control characters, not longer than `most`; nothing when nothing is left.
fn tidy(text: Option<&str>, most: usize) -> Option<String> {
    let kept: String = text?
        .chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// A donor as a platform tells them; an address that is not complete or an e-mail that is none is left out.
struct Person<'a> {
    email: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    line1: Option<&'a str>,
    line2: Option<&'a str>,
    postal_code: Option<&'a str>,
    city: Option<&'a str>,
    country: Option<&'a str>,
    locale: Option<&'a str>,
}

impl Person<'_> {
    fn told(&self) -> Option<DonorDetails> {
        let email = Email::parse(self.email?).ok()?;
        let address = PostalAddress {
            line1: tidy(self.line1, 300).unwrap_or_default(),
            line2: tidy(self.line2, 300),
            postal_code: tidy(self.postal_code, 20).unwrap_or_default(),
            city: tidy(self.city, 200).unwrap_or_default(),
            country: tidy(self.country, 2).map_or_else(|| "FR".into(), |c| c.to_uppercase()),
        };
        Some(DonorDetails {
            email,
            first_name: tidy(self.first_name, 200),
            last_name: tidy(self.last_name, 200),
            address: address.is_complete().then_some(address),
            locale: self.locale.and_then(Locale::of_tag).unwrap_or_default(),
        })
    }
}

/// The consent that the widget leaves beside the gift as `<text version> <time shown>`: there only when an unticked box was ticked.
fn consent(text: Option<&str>) -> Option<Consent> {
    let (version, shown_at) = text?.trim().split_once(' ')?;
    Some(Consent {
        shown_at: Some(shown_at.trim().parse().ok()?),
        text_version: tidy(Some(version), 100),
        preticked: false,
    })
}

/// A platform's amount: `1`, `1.0`, `1.00` or with more zeros behind.
fn amount(text: &str) -> Option<Amount> {
    let text = text.trim();
    let shortened = match text.split_once('.') {
        Some((whole, fraction)) if fraction.len() > 2 => {
            format!("{whole}.{}", fraction.trim_end_matches('0'))
        }
        _ => text.to_owned(),
    };
    Amount::parse(shortened.trim_end_matches('.')).ok()
}

/// A total in cents that may be zero; none when it is not an amount.
fn total(text: &str) -> Option<i64> {
    amount(text).map(Amount::cents).or_else(|| {
        text.trim()
            .parse::<rust_decimal::Decimal>()
            .ok()
            .filter(rust_decimal::Decimal::is_zero)
            .map(|_| 0)
    })
}
