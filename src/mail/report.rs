//! The message that tells an association of a payout, with the entry that its treasurer books.

use chrono::NaiveDate;

use super::content::{content, greeting};
use crate::texts::{amount, day, text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct ReportMail<'a> {
    /// The association's name.
    pub association: &'a str,
    /// How many donations the payout is made of.
    pub count: i32,
    pub amount_cents: i64,
    /// The day the money left for the association's account.
    pub paid_on: NaiveDate,
    /// The EndToEndId, as the association's bank shows it.
    pub reference: &'a str,
    pub locale: Locale,
}

impl ReportMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let amount = amount(locale, self.amount_cents);
        let arrived = [
            ("association", self.association.into()),
            ("count", self.count.into()),
            ("amount", amount.as_str().into()),
            ("day", day(locale, self.paid_on).into()),
            ("reference", self.reference.into()),
        ];
        let entry = [("amount", amount.as_str().into())];
        let paragraphs = [
            greeting(locale, None),
            text_with(locale, "mail-report-arrived", &arrived),
            text(locale, "mail-report-detail"),
            text_with(locale, "mail-report-entry", &entry),
        ];
        content(locale, text(locale, "mail-report-subject"), &paragraphs)
    }
}
