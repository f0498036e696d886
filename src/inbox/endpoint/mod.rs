//! Endpoints: where a merchant's webhooks arrive, how its platform signs and phrases them, and the
//! secrets that sign.
//!
//! The table also holds the endpoints of payment providers, which have no merchant; nothing here
//! returns those.

mod cache;
mod context;
mod rotation;
mod secrets;
mod settings;
mod store;

pub use cache::EndpointCache;
pub use context::{EndpointContext, load_contexts};
pub use rotation::rotate_secret;
pub use secrets::{SigningSecret, api_token, signing_key};
pub use settings::{
    AmountUnit, EndpointSettings, FieldNames, HmacHash, SecretEncoding, SignedPart, TextEncoding,
    host_of,
};
pub use store::{
    Endpoint, NewEndpoint, add, change_settings, find, find_of_merchant, is_live, note_too_large,
    set_read_key,
};
