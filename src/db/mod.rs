//! The pool, the migrations and the private PostgreSQL.

mod advisory_lock;
mod breaker;
mod dedicated;
mod error;
mod planner;
mod pool;
pub mod private;
mod rows;
mod schema;
pub mod settlement_lock;

pub use advisory_lock::AdvisoryLock;
pub use breaker::Breaker;
pub use dedicated::DedicatedConnection;
pub use error::{OpenError, gave_way, is_data_error};
pub use planner::{disable_nested_loops, disable_parallel_workers, enable_nested_loops};
pub use pool::{options, pool};
pub use rows::Rows;
pub use schema::{MIGRATOR, OLDEST_SERVER, SchemaState, migrate, schema_state, server_version};
pub use settlement_lock::Partition;
