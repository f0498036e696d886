//! What a check is.

/// An invariant: its name, and a query that counts what breaks it.
pub(super) type Check = (&'static str, &'static str);
