//! The content of a receipt: everything that is printed on it, as texts.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};

/// Everything that is printed on a receipt, and therefore sealed and kept. Dates are texts such as
/// `24/11/2026`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceiptContent {
    pub number: String,
    /// The numbers of the receipts that this one cancels and replaces.
    #[serde(
        default,
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub replaces: Vec<String>,
    /// What stands across the document when it is not the original of a receipt that stands, such
    /// as `DUPLICATA`. It is no part of what was issued and is never sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The numbers of the receipts that cancel and replace this one; sealed as little.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_by: Vec<String>,
    pub beneficiary: Beneficiary,
    pub donor: PrintedDonor,
    pub mandate: PrintedMandate,
    pub signatory: PrintedSignatory,
    /// The articles of law, as the title gives them.
    pub articles_line: String,
    /// The same articles, as the declaration on honour cites them.
    pub articles_cited: String,
    /// The amount as people write it, such as `12,34 €`.
    pub figures: String,
    /// The amount between asterisks, so that no figure can be added.
    pub framed: String,
    /// The amount in words.
    pub words: String,
    pub dates_line: String,
    pub payment_mode: String,
    pub issued_on: String,
    /// The day of issue, which becomes the file's own date.
    pub issued: NaiveDate,
    pub donations: Vec<PrintedDonation>,
}

/// Reads a list of numbers; what was sealed first has one number without a list.
fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Numbers {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Numbers::deserialize(from)? {
        Numbers::One(number) => vec![number],
        Numbers::Many(numbers) => numbers,
    })
}

/// The association, as printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Beneficiary {
    pub name: String,
    pub address: Vec<String>,
    pub identifiers: String,
    pub object: String,
    pub kind: String,
}

/// The donor, as printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrintedDonor {
    pub last_name: String,
    pub first_name: String,
    pub address: Vec<String>,
}

/// The receipt mandate, as printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrintedMandate {
    pub reference: String,
    pub signed_on: String,
}

/// Who signs, as printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrintedSignatory {
    pub name: String,
    pub capacity: String,
}

/// One donation of the detail table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrintedDonation {
    pub on: String,
    /// The day on which the donor paid, where another day counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<String>,
    pub merchant: String,
    pub order: String,
    pub paid_out_on: String,
    pub amount: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_sealed_with_one_number_or_several_is_read_as_a_list() {
        for (sealed, read) in [
            (json!("a-2025-000001"), vec!["a-2025-000001"]),
            (json!(["a-1", "a-2"]), vec!["a-1", "a-2"]),
        ] {
            assert_eq!(one_or_many(sealed).unwrap(), read);
        }
        assert!(one_or_many(serde_json::Value::Null).is_err());
    }
}
