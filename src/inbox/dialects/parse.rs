//! Reading a body in its endpoint's dialect.

use super::sender::Sender;
use super::{
    bigcommerce, ecwid, generic, shopify, squarespace, standard, stripe, wix, woocommerce,
};
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

/// The header in which a dialect names the shop's address, where it tells shops apart.
#[must_use]
pub const fn source_header(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Woocommerce => Some("x-wc-webhook-source"),
        _ => None,
    }
}

/// Reads an event. The error names each field that is wrong.
pub fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    match sender.dialect {
        Dialect::Standard | Dialect::Svix => standard::parse(body),
        Dialect::Generic if sender.settings.paths.order.is_empty() => standard::parse(body),
        Dialect::Generic => generic::parse(sender, body),
        Dialect::Stripe => stripe::parse(sender, body),
        Dialect::Shopify => shopify::parse(sender, body),
        Dialect::Woocommerce => woocommerce::parse(sender, body),
        Dialect::Bigcommerce => bigcommerce::parse(sender, body),
        Dialect::Squarespace => squarespace::parse(sender, body),
        Dialect::Ecwid => ecwid::parse(sender, body),
        Dialect::Wix => wix::parse(sender, body),
    }
}
