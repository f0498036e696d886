//! The loops that run beside the web.

pub mod month;
mod poster;

pub use poster::{drain, poster};
