//! Each platform's webhooks, read as our events. Pure; fields that are not known are ignored.

mod bigcommerce;
mod delivery_key;
mod ecwid;
mod field_path;
mod generic;
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
mod squarespace;
mod standard;
mod stripe;
mod wix;
mod woocommerce;

pub use delivery_key::delivery_key;
pub use order_urls::{ApiAccess, OrderList, OrderUrls, order_urls};
pub use parse::{parse, source_header, topic_header};
pub use sender::Sender;
