//! The loops that run beside the web.

mod at_once;
mod fetcher;
mod keeper;
mod letters;
pub mod month;
mod outbound;
mod poster;
mod reviver;
mod sign_in;

pub use fetcher::{fetch_due, fetcher};
pub use keeper::keeper;
pub use outbound::{outbound, send_due};
pub use poster::{drain, poster};
pub use reviver::reviver;
pub use sign_in::send_link;
