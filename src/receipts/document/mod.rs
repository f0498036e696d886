//! The receipt's document: its content, put into a Typst template, becomes a PDF file.

mod content;
mod error;
mod pdf;
mod typesetter;
mod world;

pub use content::{
    Beneficiary, PrintedDonation, PrintedDonor, PrintedMandate, PrintedSignatory, ReceiptContent,
};
pub use error::DocumentError;
pub use typesetter::typeset;
