//! The message with a sign-in link.

use super::content::{content, greeting};
use crate::texts::text;
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct SignInMail<'a> {
    /// The link's whole address.
    pub url: &'a str,
    pub locale: Locale,
}

impl SignInMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let paragraphs = [
            greeting(locale, None),
            text(locale, "mail-sign-in-open"),
            self.url.into(),
            text(locale, "mail-sign-in-unasked"),
        ];
        content(locale, text(locale, "mail-sign-in-subject"), &paragraphs)
    }
}
