//! The merchant's API: JSON, an API key, only the merchant's own.

pub mod donations;
pub mod events;
pub mod manifests;
pub mod openapi;
pub mod statements;
