//! The collections that a person names, by their ids or by the references that merchants pay with.

use sqlx::PgConnection;

use super::decide::DecideError;
use crate::collections;
use crate::values::{CollectionId, LineId, is_rf_reference};

/// The length of our creditor references: RF, two check digits and twenty characters.
const REFERENCE: usize = 24;

/// The collections that these words name. A reference may be cut into words, in any case, with
/// marks between.
pub async fn collections_named(
    db: &mut PgConnection,
    words: &[String],
) -> Result<Vec<CollectionId>, DecideError> {
    let (mut ids, mut written): (Vec<CollectionId>, String) = (Vec::new(), String::new());
    for word in words {
        match word.parse() {
            Ok(id) => ids.push(id),
            Err(_) => written.push_str(word),
        }
    }
    let references = references(&written).ok_or_else(|| {
        DecideError::Refused(format!(
            "{written:?} is neither a collection's id nor its reference (RF and 22 letters and \
             digits, whose check digits fit); `obole collections run` shows a month's"
        ))
    })?;
    for reference in references {
        let found = collections::asked_by_reference(db, &[&reference]).await?;
        let found = found.first().ok_or_else(|| {
            DecideError::Refused(format!(
                "no collection was asked for with {reference}; `obole collections run` shows a \
                 month's"
            ))
        })?;
        ids.push(found.collection_id);
    }
    ids.dedup();
    Ok(ids)
}

/// The references that a text is, one after the other; none when it is anything else.
fn references(text: &str) -> Option<Vec<String>> {
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    let squeezed: String = kept.map(|c| c.to_ascii_uppercase()).collect();
    let mut rest = squeezed.as_str();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let reference = rest.get(..REFERENCE).filter(|r| is_rf_reference(r))?;
        found.push(reference.to_owned());
        rest = rest.get(REFERENCE..)?;
    }
    Some(found)
}

/// The slug of the merchant whose collection a line is held for; none where it is held for none.
pub async fn merchant_named(
    db: &mut PgConnection,
    line: LineId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select m.slug from bank_hold_current h join collection using (collection_id)
         join merchant m using (merchant_id) where h.line_id = $1",
    )
    .bind(line)
    .fetch_optional(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_with_any_spacing_and_case() {
        let one = "RF2076C78637EFE5754F422D";
        for text in [
            one,
            "rf20 76c7 8637 efe5 754f 422d",
            "RF20-76C7.8637EFE5754F422D",
        ] {
            assert_eq!(references(text), Some(vec![one.to_owned()]), "{text}");
        }
        assert_eq!(references(&one.repeat(2)).map(|r| r.len()), Some(2));
        assert_eq!(references(""), Some(Vec::new()));
        for text in ["RF2176C78637EFE5754F422D", "RF20", "HELLO"] {
            assert_eq!(references(text), None, "{text}");
        }
    }
}
