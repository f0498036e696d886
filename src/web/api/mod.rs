//! The merchant's API: JSON, authorised by an API key, limited to the merchant's own data.

pub mod donations;
pub mod events;
pub mod manifests;
pub mod openapi;
pub mod statements;
