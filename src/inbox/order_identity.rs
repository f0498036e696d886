//! What tells an order from another of the same number: copies and rebuilt shops count from one
//! again.

use sha2::{Digest, Sha256};

/// How many bytes of each hash are kept.
const PART: usize = 4;
/// How long the hash of an order's content is, after which the identity stands.
const CONTENT: usize = 32;

/// Four short hashes: of the shop's address, of the order's own key, of the day of payment and of
/// the payer. What is not known is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderIdentity(pub(super) [u8; 4 * PART]);

/// What an order says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderTraits<'a> {
    /// The host of the shop.
    pub source: Option<&'a str>,
    /// The secret key that the shop made for this order.
    pub key: Option<&'a str>,
    pub paid_on: Option<&'a str>,
    pub payer: Option<&'a str>,
}

impl OrderIdentity {
    #[must_use]
    pub fn of(traits: OrderTraits<'_>) -> Self {
        let mut identity = [0; 4 * PART];
        let all = [traits.source, traits.key, traits.paid_on, traits.payer];
        for (part, text) in identity.chunks_exact_mut(PART).zip(all) {
            if let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) {
                let hash = Sha256::digest(text.to_lowercase());
                part.copy_from_slice(hash.first_chunk::<PART>().unwrap_or(&[0; PART]));
            }
        }
        Self(identity)
    }

    /// As a hash of content that says nothing else of the order.
    pub(super) fn as_hash(self) -> Vec<u8> {
        [&[0; CONTENT], self.0.as_slice()].concat()
    }

    /// Whether it is another order. The shop's own key decides where both have one; without it the
    /// day of payment and the payer do. Another address is another shop.
    fn is_another(&self, other: &[u8]) -> bool {
        let differs = |n: usize| {
            let range = n * PART..(n + 1) * PART;
            let (Some(a), Some(b)) = (self.0.get(range.clone()), other.get(range)) else {
                return None;
            };
            let is_known = |part: &[u8]| part.iter().any(|b| *b != 0);
            (is_known(a) && is_known(b)).then_some(a != b)
        };
        let [source, key, paid_on, payer] = [0, 1, 2, 3].map(differs);
        let by_key = key.unwrap_or(paid_on == Some(true) || payer == Some(true));
        source == Some(true) || by_key
    }
}

/// Whether two hashes say the same of an order, whoever it is.
pub(super) fn same_content(one: &[u8], other: &[u8]) -> bool {
    one.get(..CONTENT).unwrap_or(one) == other.get(..CONTENT).unwrap_or(other)
}

/// Whether two hashes are of different orders of one number, as far as both say.
pub(super) fn is_another_order(one: &[u8], other: &[u8]) -> bool {
    let identity = |hash: &[u8]| {
        let end = hash.get(CONTENT..)?;
        end.first_chunk::<{ 4 * PART }>().copied()
    };
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => OrderIdentity(one).is_another(&other),
        _ => false,
    }
}

/// Whether a hash is of another order than all that are known of its number.
pub(super) fn is_another_of_all(known: &[Vec<u8>], hash: &[u8]) -> bool {
    !known.is_empty() && known.iter().all(|k| is_another_order(k, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(traits: OrderTraits<'_>) -> Vec<u8> {
        [vec![7; CONTENT], OrderIdentity::of(traits).0.to_vec()].concat()
    }

    #[test]
    fn the_key_decides_and_without_it_the_day_and_the_payer() {
        let first = OrderTraits {
            source: Some("boutique.example"),
            key: Some("wc_order_a"),
            paid_on: Some("2026-11-24"),
            payer: Some("camille@example.org"),
        };
        let known = hash(first);
        let another = |traits| is_another_order(&known, &hash(traits));
        assert!(!another(first));
        assert!(
            !another(OrderTraits {
                payer: Some("c@example.org"),
                ..first
            }),
            "corrected"
        );
        assert!(another(OrderTraits {
            key: Some("wc_order_b"),
            ..first
        }));
        assert!(another(OrderTraits {
            source: Some("staging.example"),
            ..first
        }));
        let keyless = OrderTraits { key: None, ..first };
        assert!(!another(keyless) && !another(OrderTraits::default()));
        assert!(another(OrderTraits {
            paid_on: Some("2026-11-25"),
            ..keyless
        }));
        assert!(another(OrderTraits {
            payer: Some("paul@example.org"),
            ..keyless
        }));
        assert!(
            !is_another_order(&[7; CONTENT], &known),
            "recorded before it was told"
        );
        assert!(same_content(&[7; CONTENT], &known) && !same_content(&[8; CONTENT], &known));
    }
}
