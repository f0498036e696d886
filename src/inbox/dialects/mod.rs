//! Each platform's webhooks, read as our events. Pure; fields that are not known are ignored.

mod bigcommerce;
mod delivery_key;
mod parse;
mod platform_order;
mod shopify;
mod standard;
mod stripe;
mod woocommerce;

pub use bigcommerce::order_urls;
pub use delivery_key::delivery_key;
pub use parse::{parse, topic_header};
