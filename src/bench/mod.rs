//! The bench: how fast donations move through Obole, as ratios to what PostgreSQL does by itself in
//! the same run.
#![doc = include_str!("README.md")]
#![expect(
    clippy::float_arithmetic,
    reason = "figures are ratios of times; no money is in them"
)]

mod baseline;
mod books;
mod figure;
mod load;
mod mail_sink;
mod merchants;
mod month;
mod pages;
mod posting;
mod service_process;
mod statement;
mod suite;

pub use figure::Figure;
pub use suite::{Options, run};
