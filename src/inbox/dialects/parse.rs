//! Reading a body in its endpoint's dialect.

use super::{bigcommerce, shopify, standard, stripe, woocommerce};
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Event, ParseError};
use crate::values::Dialect;

/// The header in which a dialect says what the event is about, if it does.
#[must_use]
pub const fn topic_header(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Shopify => Some("x-shopify-topic"),
        Dialect::Woocommerce => Some("x-wc-webhook-topic"),
        _ => None,
    }
}

/// Reads an event. The error names each field that is wrong.
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
