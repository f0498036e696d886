//! Credit transfers: the references that come back on the bank's statement, and what a line with
//! one means.

use crate::values::{CollectionId, PayoutId, rf_reference};

/// The creditor reference (ISO 11649) that a merchant gives with its transfer. It is made of the
/// random half of the collection's id, so that it says nothing of merchant or month.
///
/// # Errors
/// The library refuses the letters, which an id never has.
pub fn creditor_reference(collection: CollectionId) -> Result<String, String> {
    let id = collection.0.simple().to_string().to_uppercase();
    rf_reference(id.get(12..).unwrap_or_default())
}

/// The EndToEndId of a payout's credit transfer: its whole id, within the 35 characters of ISO
/// 20022.
#[must_use]
pub fn end_to_end_id(payout: PayoutId) -> String {
    payout.0.simple().to_string().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_fit_their_standards_and_differ_between_ids() {
        let (one, other) = (CollectionId::new(), CollectionId::new());
        let reference = creditor_reference(one).unwrap();
        assert!(
            reference.starts_with("RF") && reference.len() == 24,
            "{reference}"
        );
        assert_ne!(reference, creditor_reference(other).unwrap());
        assert_eq!(end_to_end_id(PayoutId::new()).len(), 32);
    }
}
