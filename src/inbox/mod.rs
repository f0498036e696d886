//! Webhooks in: verified over their raw bytes, durable before they are answered, then posted in sets.

mod endpoints;
mod event;
mod handle;
mod list;
mod receive;
pub mod signature;

pub use endpoints::Endpoints;
pub use event::{Event, Unread, parse};
pub use handle::{HandleError, bury, handle, unpark};
pub use list::{Listed, Redrive, State, is_behind, list, redrive};
pub use receive::{Delivery, Fate, Intake, ReceiveError, Received, committer, prepare_partitions};
