//! The message that asks a donor, once, for what their receipts lack.

use super::content::{content, greeting};
use crate::texts::text;
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct IncompleteMail<'a> {
    pub first_name: Option<&'a str>,
    /// The name lacks, the address does, or what is there cannot be printed: at least one.
    pub name: bool,
    pub address: bool,
    pub unprintable: bool,
    /// The address of the page that lets the donor complete it.
    pub link: &'a str,
    pub locale: Locale,
}

impl IncompleteMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let lacking = [
            (self.name, "mail-incomplete-name"),
            (self.address, "mail-incomplete-address"),
            (self.unprintable, "mail-incomplete-letters"),
        ];
        let lines: Vec<_> = lacking
            .into_iter()
            .filter(|(lacks, _)| *lacks)
            .map(|(_, key)| text(locale, key))
            .collect();
        let paragraphs = [
            greeting(locale, self.first_name),
            text(locale, "mail-incomplete-arrived"),
            lines.join("\n").into(),
            text(locale, "mail-incomplete-open"),
            self.link.into(),
            text(locale, "mail-incomplete-once"),
        ];
        content(locale, text(locale, "mail-incomplete-subject"), &paragraphs)
    }
}
