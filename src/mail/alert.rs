//! The message that tells the team what waits for a person.

use super::content::content;
use crate::texts::{text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message. Cases are written in English, like all that the command line prints,
/// and so is the message.
pub struct AlertMail<'a> {
    /// Each case in words.
    pub cases: &'a [String],
    /// How many more wait that are not listed.
    pub more: usize,
}

impl AlertMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = Locale::En;
        let mut paragraphs = vec![text(locale, "mail-alert-opened")];
        paragraphs.extend(self.cases.iter().map(|case| case.trim_end().into()));
        if self.more > 0 {
            paragraphs.push(text_with(
                locale,
                "mail-alert-more",
                &[("count", self.more.into())],
            ));
        }
        paragraphs.push(text(locale, "mail-alert-list"));
        content(locale, text(locale, "mail-alert-subject"), &paragraphs)
    }
}
