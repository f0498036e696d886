//! What pages share: the frame around each, the short notice, the fields of a person's identity.

mod identity;
mod language;
mod notice;
mod shell;

pub use identity::IdentityFields;
pub use language::remember_language;
pub use notice::Notice;
pub use shell::{RenderError, Shell, page, style};
