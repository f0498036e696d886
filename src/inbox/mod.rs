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
mod endpoint_cache;
mod event;
mod handle;
mod insert_batch;
mod list;
mod order_fetch;
mod parsed;
mod partitions;
mod receive;
pub mod signature;

pub use dialects::{delivery_key, parse, topic_header};
pub use endpoint_cache::EndpointCache;
pub use event::{Event, ParseError};
pub use handle::{ProcessError, ProcessedBatch, dead_letter, handle, unpark};
pub use list::{
    Detail, EventFilter, EventSummary, Redrive, State, depths, is_behind, list, redrive, show,
};
pub use order_fetch::{Fetch, bring, due, give_up, postpone};
pub use parsed::ParsedEvents;
pub use partitions::{drop_partitions, prepare_partitions};
pub use receive::{Delivery, Disposition, Headers, Intake, ReceiveError, Received, committer};
