//! Events out: who wants to be told, what is to tell, and what became of each message.

mod announce;
mod deliver;
mod subscribe;

pub use announce::{Announcement, Kind, announce, is_heard};
pub use deliver::{OutboundMessage, delivered, failed, replay, take_due};
pub use subscribe::{
    SubscribeError, Subscriber, SubscriptionState, SubscriptionSummary, enable, list, subscribe,
};
