//! What a run sets aside.

use serde::Serialize;

/// Something that could not be done while the rest was: one party never stops another. The next
/// run tries it again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SetAside {
    /// Of whom or of what: a slug, an id, a file.
    pub subject: String,
    /// Why, in plain words without personal data.
    pub reason: String,
}

impl SetAside {
    pub fn new(subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            reason: reason.into(),
        }
    }
}
