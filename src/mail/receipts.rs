//! The message that brings a donor their tax receipts.

use super::content::{content, greeting};
use crate::texts::{amount, text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct ReceiptsMail<'a> {
    pub first_name: Option<&'a str>,
    /// At least one.
    pub receipts: &'a [EnclosedReceipt<'a>],
    /// The address of the donor's page.
    pub dashboard: &'a str,
    pub locale: Locale,
}

/// A receipt that is attached to the message.
pub struct EnclosedReceipt<'a> {
    pub number: &'a str,
    /// The name of the association that issues it.
    pub association: &'a str,
    pub amount_cents: i64,
    /// The numbers of the receipts that it cancels and replaces.
    pub replaces: &'a [String],
}

impl EnclosedReceipt<'_> {
    pub(super) fn line(&self, locale: Locale) -> String {
        let arguments = [
            ("number", self.number.into()),
            ("association", self.association.into()),
            ("amount", amount(locale, self.amount_cents).into()),
        ];
        let line = text_with(locale, "mail-receipts-line", &arguments);
        if self.replaces.is_empty() {
            return line.into_owned();
        }
        let replaced = [
            ("numbers", self.replaces.join(", ").into()),
            ("count", self.replaces.len().into()),
        ];
        let replaced = text_with(locale, "mail-receipts-line-replaces", &replaced);
        format!("{line}\n{replaced}")
    }
}

impl ReceiptsMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let count = [("count", self.receipts.len().into())];
        let lines: Vec<String> = self.receipts.iter().map(|r| r.line(locale)).collect();
        let paragraphs = [
            greeting(locale, self.first_name),
            text_with(locale, "mail-receipts-enclosed", &count),
            lines.join("\n").into(),
            text_with(locale, "mail-receipts-keep", &count),
            text(locale, "mail-receipts-dashboard"),
            self.dashboard.into(),
        ];
        content(locale, text(locale, "mail-receipts-subject"), &paragraphs)
    }
}
