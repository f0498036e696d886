//! Why a document is not made.

/// Why a document could not be made.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the receipt's document cannot be made: {0}")]
pub struct DocumentError(pub(super) String);

impl DocumentError {
    /// From an error of the typesetter, most of which have no text for people.
    pub(super) fn new(error: &dyn std::fmt::Debug) -> Self {
        Self(format!("{error:?}"))
    }
}
