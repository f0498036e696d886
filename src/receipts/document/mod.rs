//! The receipt's document: its content, put into a Typst template, becomes a PDF file.

mod content;
mod error;
mod glyphs;
mod pdf;
mod typesetter;
mod world;

pub use content::{
    Beneficiary, PrintedDonation, PrintedDonor, PrintedMandate, PrintedSignatory, ReceiptContent,
};
pub use error::DocumentError;
pub use glyphs::{can_be_printed, composed};
pub use typesetter::typeset;
