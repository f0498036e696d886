//! Links to leave the receipts' message: only the key's holder can make one.

use super::seal;
use crate::values::DonorId;

const PURPOSE: &str = "unsubscribe";

/// The path under which a donor leaves the receipts' message; only the key's holder can make it.
#[must_use]
pub fn unsubscribe_path(key: &[u8; 32], id: DonorId) -> String {
    format!(
        "/unsubscribe/{id}/{}",
        seal::derived_token(key, PURPOSE, id.0.as_bytes())
    )
}

/// The donor that such a path names, if it is ours.
#[must_use]
pub fn of_unsubscribe_path(key: &[u8; 32], donor: &str, token: &str) -> Option<DonorId> {
    let id: DonorId = donor.parse().ok()?;
    seal::is_derived_token(key, PURPOSE, id.0.as_bytes(), token).then_some(id)
}
