//! The receipt's document: its content, put into a Typst template, becomes a PDF file.

mod content;
mod pdf;
mod typesetter;
mod world;

pub use content::{
    Beneficiary, PrintedDonation, PrintedDonor, PrintedMandate, PrintedSignatory, ReceiptContent,
};
pub use typesetter::typeset;

/// Why a document could not be made.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the receipt's document cannot be made: {0}")]
pub struct DocumentError(String);

impl DocumentError {
    /// From an error of the typesetter, most of which have no text for people.
    fn new(error: &dyn std::fmt::Debug) -> Self {
        Self(format!("{error:?}"))
    }
}
