//! Who sends a request: signed-in people and holders of API keys.

mod api_key;
mod signed_in;

pub use api_key::KeyHolder;
pub use signed_in::SignedInDonor;
