//! Links that ask a donor to complete their identity: only the key's holder can make one.
//!
//! Such a link lies in a mailbox for days and may be forwarded, so it signs nobody in: its page
//! sends a fresh sign-in link to the donor's own address.

use super::seal;
use crate::values::DonorId;

const PURPOSE: &str = "complete";

/// The path under which a donor is asked to complete their identity.
#[must_use]
pub fn completion_path(key: &[u8; 32], id: DonorId) -> String {
    format!(
        "/complete/{id}/{}",
        seal::derived_token(key, PURPOSE, id.0.as_bytes())
    )
}

/// The donor that such a path names, if it is ours.
#[must_use]
pub fn of_completion_path(key: &[u8; 32], donor: &str, token: &str) -> Option<DonorId> {
    let id: DonorId = donor.parse().ok()?;
    seal::is_derived_token(key, PURPOSE, id.0.as_bytes(), token).then_some(id)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::parties::unsubscribe::{of_unsubscribe_path, unsubscribe_path};

    #[test]
    fn a_link_names_its_donor_and_is_good_for_nothing_else() {
        let (id, key) = (DonorId(Uuid::from_u128(5)), [1; 32]);
        let token = |path: &str| path.rsplit_once('/').map(|(_, t)| t.to_owned()).unwrap();
        let (complete, leave) = (completion_path(&key, id), unsubscribe_path(&key, id));
        let (complete, leave) = (token(&complete), token(&leave));
        let donor = id.to_string();
        assert_eq!(of_completion_path(&key, &donor, &complete), Some(id));
        assert_eq!(of_completion_path(&[2; 32], &donor, &complete), None);
        assert_eq!(of_completion_path(&key, &donor, &leave), None);
        assert_eq!(of_unsubscribe_path(&key, &donor, &complete), None);
    }
}
