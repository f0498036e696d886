//! The merchant's API: JSON, an API key, only the merchant's own.

pub mod donations;
pub mod events;
mod key;
pub mod manifests;
pub mod openapi;
pub mod statements;

pub use key::Merchant;
