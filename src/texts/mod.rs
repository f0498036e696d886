//! Everything that people read: one catalogue per language, one file per reader, in Fluent
//! (projectfluent.org).
//!
//! Pages and mails name a text by its key; a key begins with the name of its file.
//! `tests/it/texts.rs` keeps the catalogues complete, used, and typographically right.

mod catalogue;
mod format;
mod number;

pub use catalogue::{sources, text, text_with};
pub use fluent_bundle::FluentValue as TextValue;
pub use format::{amount, bank_reason, country, day, day_and_time, month};
