//! Who sends a request: the session's cookie, signed-in people, API keys.

mod api_key;
pub mod cookie;
mod signed_in;

pub use api_key::KeyHolder;
pub use signed_in::SignedInDonor;
