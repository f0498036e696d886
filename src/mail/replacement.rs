//! The message that brings a donor the tax receipt that cancels and replaces another.

use super::content::{content, greeting};
use super::ended;
use super::receipts::EnclosedReceipt;
use crate::texts::{amount, text, text_with};
use crate::values::{EndReason, Locale, MailContent};

/// The data of the message.
pub struct ReplacementMail<'a> {
    pub first_name: Option<&'a str>,
    /// Number of the receipt that counts no more.
    pub number: &'a str,
    /// What it said.
    pub amount_cents: i64,
    /// Why it was replaced, where that is known.
    pub reason: Option<EndReason>,
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
        let mut paragraphs = vec![
            greeting(locale, self.first_name),
            text_with(locale, "mail-replacement-replaced", &number),
            lines.join("\n").into(),
        ];
        paragraphs.extend(self.reason.map(|r| ended::reason(locale, r)));
        let new_cents: i64 = self.successors.iter().map(|r| r.amount_cents).sum();
        let amounts = [
            ("old", amount(locale, self.amount_cents).into()),
            ("new", amount(locale, new_cents).into()),
        ];
        if new_cents == self.amount_cents {
            let key = "mail-replacement-same-amount";
            paragraphs.push(text_with(locale, key, &amounts[1..]));
        } else {
            let key = "mail-replacement-other-amount";
            paragraphs.push(text_with(locale, key, &amounts));
            paragraphs.push(ended::correcting(locale));
        }
        paragraphs.extend([
            text(locale, "mail-receipts-dashboard"),
            self.dashboard.into(),
        ]);
        content(
            locale,
            text(locale, "mail-replacement-subject"),
            &paragraphs,
        )
    }
}
