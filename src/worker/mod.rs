//! The loops that run beside the web.

pub mod month;
mod poster;
mod sign_in;

pub use poster::{drain, poster};
pub use sign_in::send_link;
