//! HTTP: pages for people, the merchant's API, and webhooks. `routes.rs` lists every address.

mod access;
mod api;
mod body;
mod cookie;
mod demo;
mod donor;
mod health;
mod large_bodies;
mod listen;
pub mod metrics;
mod page;
mod problem;
mod public;
mod routes;
mod state;
mod webhooks;

pub use api::openapi::description;
pub use large_bodies::LargeBodies;
pub use listen::listen;
pub use problem::Problem;
pub use routes::{RouteGroups, router};
pub use state::{Web, WebState};

use page::Shell;
use state::query_params;
