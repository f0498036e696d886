//! The loops that run beside the web.

mod poster;

pub use poster::{drain, poster};
