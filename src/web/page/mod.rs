//! What pages share: the shell around each, the short notice, the fields of a person.

mod identity;
mod shell;

pub use identity::{COUNTRIES, IdentityFields};
pub use shell::{Notice, Shell, page, remember_language, style};
