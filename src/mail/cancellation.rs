//! The message that tells a donor that a tax receipt was cancelled, and what that means for their
//! return.

use super::content::{content, greeting};
use crate::texts::{text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct CancellationMail<'a> {
    pub first_name: Option<&'a str>,
    /// Number of the receipt.
    pub number: &'a str,
    /// The address of the donor's page.
    pub dashboard: &'a str,
    pub locale: Locale,
}

impl CancellationMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let number = [("number", self.number.into())];
        let paragraphs = [
            greeting(locale, self.first_name),
            text_with(locale, "mail-cancellation-cancelled", &number),
            text(locale, "mail-cancellation-declare"),
            text(locale, "mail-cancellation-another"),
            text(locale, "mail-receipts-dashboard"),
            self.dashboard.into(),
        ];
        content(
            locale,
            text(locale, "mail-cancellation-subject"),
            &paragraphs,
        )
    }
}
