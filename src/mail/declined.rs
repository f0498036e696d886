//! The message that tells a donor that a receipt stays as it is, though they corrected their name
//! or address, and why.

use super::content::{content, greeting};
use crate::texts::{text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct DeclinedMail<'a> {
    pub first_name: Option<&'a str>,
    /// Number of the receipt.
    pub number: &'a str,
    /// Why, in the words of who decided.
    pub why: &'a str,
    /// The address of the donor's page.
    pub dashboard: &'a str,
    pub locale: Locale,
}

impl DeclinedMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let number = [("number", self.number.into())];
        let paragraphs = [
            greeting(locale, self.first_name),
            text_with(locale, "mail-declined-stays", &number),
            text_with(locale, "mail-declined-why", &[("why", self.why.into())]),
            text(locale, "mail-declined-next"),
            text(locale, "mail-receipts-dashboard"),
            self.dashboard.into(),
        ];
        content(locale, text(locale, "mail-declined-subject"), &paragraphs)
    }
}
