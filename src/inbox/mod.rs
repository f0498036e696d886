//! Webhooks in: verified over their raw bytes, durable before they are answered, then posted in sets.

/// The statement that puts events which stand aside, chosen by a condition, back in the queue; it answers their ids.
macro_rules! requeue {
    ($condition:literal) => {
        concat!(
            "with back as (delete from inbox_problem p where ",
            $condition,
            " returning event_id, endpoint_id, received_at, attempts)
             insert into inbox_queue (event_id, endpoint_id, received_at, attempts)
             select event_id, endpoint_id, received_at, attempts from back returning event_id"
        )
    };
}

mod dialects;
mod endpoints;
mod event;
mod fetch;
mod handle;
mod handover;
mod hope;
mod list;
mod partitions;
mod receive;
pub mod signature;
mod write;

pub use dialects::{delivery_key, parse, topic_header};
pub use endpoints::Endpoints;
pub use event::{Event, Unread};
pub use fetch::{Fetch, bring, due, give_up, postpone};
pub use handle::{HandleError, Handled, bury, handle, unpark};
pub use handover::Handover;
pub use hope::Hope;
pub use list::{Detail, Listed, Redrive, State, Wanted, depths, is_behind, list, redrive, show};
pub use partitions::{drop_partitions, prepare_partitions};
pub use receive::{Delivery, Fate, Headers, Intake, ReceiveError, Received, committer};
