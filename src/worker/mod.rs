//! The loops that run beside the web.

mod keeper;
mod letters;
pub mod month;
mod poster;
mod sign_in;

pub use keeper::keeper;
pub use poster::{drain, poster};
pub use sign_in::send_link;
