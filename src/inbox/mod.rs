//! Webhooks in: verified over their raw bytes, durable before they are answered, then processed in
//! batches.
//!
//! The way of an event: `signature`, `dialects`, `intake`, `committer`, `insert_batch`, `queue`,
//! `process` (with `tasks`, `accepted`, `decide`, `turns` and `repetition`); then a donation or
//! refund, an `outcome`, an `order_fetch`, or a `problem`.

mod accepted;
mod another_order;
mod committer;
mod decide;
mod dialects;
pub mod endpoint;
mod event;
mod insert_batch;
mod intake;
mod known;
mod list;
mod order_fetch;
mod order_identity;
mod outcome;
mod parsed;
mod partitions;
mod problem;
mod process;
mod queue;
mod repetition;
mod ruling;
mod show;
pub mod signature;
mod signed_body;
mod state;
mod tasks;
mod tried;
mod turns;
mod unproven;

pub use committer::committer;
pub use dialects::{
    ApiAccess, OrderList, Sender, delivery_key, parse, source_header, topic_header,
};
pub use endpoint::EndpointCache;
pub use event::{Checkout, Event, ParseError, Refund, RefundProof};
pub use intake::{Delivery, Disposition, Headers, Intake, ReceiveError, ReceiveOutcome};
pub use known::is_known;
pub use list::{EventFilter, EventSummary, list};
pub use order_fetch::{OrderFetch, dead_letter_fetch, due_fetches, postpone_fetch, store_fetched};
pub use parsed::ParsedEvents;
pub use partitions::{drop_partitions, end_parked, prepare_partitions};
pub use problem::dead_letter;
pub use process::{Existing, ProcessError, ProcessOptions, WhenLocked, process_batch};
pub use queue::{
    QueuedEvent, Redrive, depths, is_behind, redrive, requeue_parked, take_batch, take_these,
};
pub use ruling::{Ruling, rule};
pub use show::{EventWithBody, show};
pub use state::{EventState, EventStateError};
pub use tried::{WouldCount, would_count};
