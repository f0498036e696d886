//! One type per kind of id. They print with a prefix (`don_…`) so that a person sees what they
//! hold.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A text that is not an id of the wanted kind.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not an id; it should look like {prefix}_0192f0c1…")]
pub struct IdError {
    text: String,
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, ordered by time (UUID version 7, RFC 9562).
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or_else(|| IdError { text: text.chars().take(60).collect(),
                        prefix: $prefix })
            }
        }
    )+};
}

ids! {
    /// A donation (don).
    DonationId = "don";
    /// A webhook event received.
    EventId = "evt";
    /// An e-shop.
    MerchantId = "mer";
    /// Where an e-shop's webhooks arrive.
    EndpointId = "ep";
    /// An association.
    AssociationId = "asso";
    /// A cause.
    CauseId = "cau";
    /// A donor.
    DonorId = "dnr";
    /// A person of the team.
    OperatorId = "op";
    /// One merchant's donations of a month, asked for (prélèvement).
    CollectionId = "col";
    /// A transfer of money to one association (reversement).
    PayoutId = "pay";
    /// A line of the bank's statements.
    LineId = "line";
    /// A tax receipt (reçu fiscal).
    ReceiptId = "rec";
    /// A message sent or to send.
    MailId = "mail";
    /// An address that events are sent to.
    SubscriptionId = "sub";
    /// An event sent to one address.
    MessageId = "msg";
    /// Something that waits for a person (cas).
    CaseId = "case";
    /// An act in the audit log.
    AuditId = "act";
    /// A run of the month's work.
    RunId = "run";
}

impl EventId {
    /// The smallest id of one second before: ids made about the same time, here or in another
    /// process, come after it.
    #[must_use]
    pub fn a_second_before(self) -> Self {
        // The first 48 bits are milliseconds (RFC 9562, 5.7).
        let millis = (self.0.as_u128() >> 80).saturating_sub(1000);
        Self(Uuid::from_u128(millis << 80))
    }
}

/// The namespace under which ids are derived from what they name.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f62_6f6c_6500_5000_8000_0000_0000_0001);

impl DonationId {
    /// The donation of one order of one merchant: the same on every retry. `donation_id_of` in the
    /// schema derives it as well.
    ///
    /// It begins with the end of the merchant's id and the number that ends the order's, so that
    /// the orders of a merchant, which come in the order of their numbers, lie together in every
    /// index; a hash of both follows (RFC 9562, version 8).
    #[must_use]
    pub fn of_order(merchant: MerchantId, order_id: &str) -> Self {
        Self::of(merchant, order_id, 0)
    }

    /// A donation of an order that has several, by its number among them, from 0.
    #[must_use]
    pub fn of(merchant: MerchantId, order_id: &str, ordinal: i16) -> Self {
        let mut hash = Sha256::new();
        hash.update(merchant.0.as_bytes());
        hash.update(order_id.as_bytes());
        if ordinal > 0 {
            hash.update([0]);
            hash.update(ordinal.to_be_bytes());
        }
        let hash = hash.finalize();
        let mut id: [u8; 16] = std::array::from_fn(|n| hash[n]);
        id[..2].copy_from_slice(&merchant.0.as_bytes()[14..]);
        let digits = order_id
            .bytes()
            .rposition(|b| !b.is_ascii_digit())
            .map_or(0, |last| last + 1);
        if digits < order_id.len() {
            let digits = order_id.bytes().skip(digits).map(|b| u32::from(b - b'0'));
            let number = digits.fold(0_u32, |n, digit| n.wrapping_mul(10).wrapping_add(digit));
            id[2..6].copy_from_slice(&number.to_be_bytes());
        }
        Self(uuid::Builder::from_custom_bytes(id).into_uuid())
    }
}

/// An id derived from words, for what exists once, such as an account.
#[must_use]
pub fn derived_id(words: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, words.as_bytes())
}

/// Serialises a value, such as an id, as it prints.
pub fn as_text<S: serde::Serializer>(
    value: &impl std::fmt::Display,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_before_an_event_is_before_what_was_made_with_it() {
        let (earlier, event) = (EventId::new(), EventId::new());
        let before = event.a_second_before();
        assert!(before < earlier && before < event && before.a_second_before() < before);
    }

    #[test]
    fn the_donations_of_a_merchant_lie_in_the_order_of_its_numbers() {
        let merchant = MerchantId::new();
        let ids: Vec<DonationId> = [998, 999, 1000, 1001]
            .iter()
            .map(|n| DonationId::of_order(merchant, &format!("FR-{n}")))
            .collect();
        assert!(ids.is_sorted());
        assert_ne!(
            DonationId::of_order(merchant, "FR-1"),
            DonationId::of_order(merchant, "DE-1")
        );
        assert_ne!(
            DonationId::of_order(merchant, "FR-1"),
            DonationId::of_order(MerchantId::new(), "FR-1")
        );
        assert_ne!(
            DonationId::of_order(merchant, "1"),
            DonationId::of_order(merchant, "4294967297"),
            "the hash tells them apart"
        );
    }

    #[test]
    fn an_id_reads_back_as_printed_and_refuses_another_kind() {
        let id = DonationId::of_order(MerchantId::new(), "FR-1");
        assert_eq!(id.to_string().parse::<DonationId>().ok(), Some(id));
        assert!(id.to_string().parse::<MerchantId>().is_err());
    }
}
