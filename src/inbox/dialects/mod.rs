//! Each platform's webhooks, read as our events. Pure; fields that are not known are ignored.

mod bigcommerce;
mod delivery_key;
mod json;
mod json_reader;
mod moment;
mod money;
mod order_urls;
mod parse;
mod person;
mod platform_order;
mod sender;
mod shopify;
mod standard;
mod stripe;
mod woocommerce;

pub use delivery_key::delivery_key;
pub use order_urls::{ApiAccess, OrderUrls, order_urls};
pub use parse::{parse, source_header, topic_header};
pub use sender::Sender;
