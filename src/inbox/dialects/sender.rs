//! Who sent a body, and what it said beside it.

use crate::inbox::endpoint::EndpointSettings;
use crate::values::Dialect;

/// What a body is read with.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    pub dialect: Dialect,
    pub settings: &'a EndpointSettings,
    /// The endpoint is for trying out: test orders are read as if they were paid.
    pub test: bool,
    /// What the event is about, in the dialects that say so in a header.
    pub topic: Option<&'a str>,
    /// The shop's address, in the dialects that say so in a header.
    pub source: Option<&'a str>,
}
