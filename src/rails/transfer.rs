//! Credit transfers: the references that come back on the bank's statement, and what a line with
//! one means.

use crate::values::{Amount, BankLine, CollectionId, PayoutId, rf_reference};

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

/// The reference among those of a line that is known to `amount_of` with exactly the line's amount.
pub fn named_reference(
    line: &BankLine,
    amount_of: impl Fn(&str) -> Option<Amount>,
) -> Option<&str> {
    line.references
        .iter()
        .map(String::as_str)
        .find(|reference| amount_of(reference) == Some(line.amount))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::BankSide;

    fn line(references: &[&str], cents: i64) -> BankLine {
        BankLine {
            account: String::new(),
            statement: String::new(),
            identity: String::new(),
            side: BankSide::Credit,
            amount: Amount::from_cents(cents).unwrap(),
            booked_on: chrono::NaiveDate::MIN,
            references: references.iter().map(|r| (*r).to_owned()).collect(),
        }
    }

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

    #[test]
    fn a_line_names_a_reference_only_with_its_exact_amount() {
        let known =
            |reference: &str| (reference == "RF1").then(|| Amount::from_cents(100).unwrap());
        assert_eq!(
            named_reference(&line(&["X", "RF1"], 100), known),
            Some("RF1")
        );
        assert_eq!(named_reference(&line(&["RF1"], 99), known), None);
        assert_eq!(named_reference(&line(&["RF2"], 100), known), None);
    }
}
