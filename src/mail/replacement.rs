//! The message that brings a donor the tax receipt that cancels and replaces another.

use super::content::{content, greeting};
use super::receipts::EnclosedReceipt;
use crate::texts::{text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct ReplacementMail<'a> {
    pub first_name: Option<&'a str>,
    /// Number of the receipt that counts no more.
    pub number: &'a str,
    /// What is attached instead.
    pub successors: &'a [EnclosedReceipt<'a>],
    /// The address of the donor's page.
    pub dashboard: &'a str,
    pub locale: Locale,
}

impl ReplacementMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let number = [("number", self.number.into())];
        let lines: Vec<String> = self.successors.iter().map(|r| r.line(locale)).collect();
        let paragraphs = [
            greeting(locale, self.first_name),
            text_with(locale, "mail-replacement-replaced", &number),
            lines.join("\n").into(),
            text(locale, "mail-replacement-declare"),
            text(locale, "mail-receipts-dashboard"),
            self.dashboard.into(),
        ];
        content(
            locale,
            text(locale, "mail-replacement-subject"),
            &paragraphs,
        )
    }
}
