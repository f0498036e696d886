//! Events out: subscriptions, messages, and the outcome of each.

mod announce;
mod deliver;
mod subscribe;

pub use announce::{Announcement, Kind, announce, is_heard};
pub use deliver::{OutboundMessage, delivered, failed, replay, take_due};
pub use subscribe::{
    SubscribeError, Subscriber, SubscriptionState, SubscriptionSummary, enable, list, subscribe,
};
