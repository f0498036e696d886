//! The loops of the service, each until it must stop; beside most, the one round that tests
//! and commands run.

mod deliver_outbox;
mod fetch_orders;
mod maintenance;
mod postgres_watchdog;
mod process_inbox;

pub use deliver_outbox::{deliver_outbox, send_due};
pub use fetch_orders::{fetch_due, fetch_orders};
pub use maintenance::{
    check_invariants, destroy_expired_receipts, look_again_at_manifests, look_for_unclear_consent,
    look_for_unpaid_collections, maintenance,
};
pub use postgres_watchdog::postgres_watchdog;
pub use process_inbox::{process_all, process_inbox};
