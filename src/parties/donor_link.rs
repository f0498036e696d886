//! Links in mails that name a donor: only the key's holder can make one.
//!
//! Such a link lies in a mailbox for days and may be forwarded, so it signs nobody in.

use super::seal;
use crate::values::DonorId;

/// What a link that names a donor is for; it is good for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DonorLink {
    /// To complete their identity.
    Complete,
    /// To leave the mails with receipts.
    Unsubscribe,
}

impl DonorLink {
    const ALL: [Self; 2] = [Self::Complete, Self::Unsubscribe];

    /// The first part of its path, which its token is made for.
    const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    /// The path of the link for a donor.
    #[must_use]
    pub fn path(self, key: &[u8; 32], id: DonorId) -> String {
        let word = self.word();
        let token = seal::derived_token(key, word, id.0.as_bytes());
        format!("/{word}/{id}/{token}")
    }

    /// What a path is for and the donor that it names, if it is ours.
    #[must_use]
    pub fn read(key: &[u8; 32], path: &str) -> Option<(Self, DonorId)> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let (word, donor, token) = (parts.next()?, parts.next()?, parts.next()?);
        let link = Self::ALL.into_iter().find(|link| link.word() == word)?;
        let id: DonorId = donor.parse().ok()?;
        let is_ours = seal::is_derived_token(key, word, id.0.as_bytes(), token);
        (is_ours && parts.next().is_none()).then_some((link, id))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_link_names_its_donor_and_is_good_for_nothing_else() {
        let (id, key) = (DonorId(Uuid::from_u128(5)), [1; 32]);
        let [complete, leave] = DonorLink::ALL.map(|link| link.path(&key, id));
        let read = |path: &str| DonorLink::read(&key, path);
        assert_eq!(read(&complete), Some((DonorLink::Complete, id)));
        assert_eq!(read(&leave), Some((DonorLink::Unsubscribe, id)));
        assert_eq!(DonorLink::read(&[2; 32], &complete), None);
        for wrong in [
            complete.replace("/complete/", "/unsubscribe/"),
            leave.replace("/unsubscribe/", "/complete/"),
            format!("{complete}/"),
            complete[1..].to_owned(),
        ] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }
}
