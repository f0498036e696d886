//! The message that asks a donor to choose again, because an association is suspended.

use super::content::{content, greeting};
use crate::texts::{text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct ChoiceMail<'a> {
    pub first_name: Option<&'a str>,
    /// The name of the association.
    pub association: &'a str,
    /// The address of the page with the donor's causes.
    pub causes: &'a str,
    pub locale: Locale,
}

impl ChoiceMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let association = [("association", self.association.into())];
        let paragraphs = [
            greeting(locale, self.first_name),
            text_with(locale, "mail-choice-suspended", &association),
            text(locale, "mail-choice-held"),
            text(locale, "mail-choice-open"),
            self.causes.into(),
            text(locale, "mail-choice-once"),
        ];
        content(locale, text(locale, "mail-choice-subject"), &paragraphs)
    }
}
