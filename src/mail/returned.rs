//! The message that tells an association that a payout which it was told of came back.

use chrono::NaiveDate;

use super::content::{content, greeting};
use super::report::{AccountSums, ClaimLine, line};
use crate::texts::{amount, bank_reason, day, text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message.
pub struct ReturnedMail<'a> {
    /// The association's name.
    pub association: &'a str,
    pub amount_cents: i64,
    /// The day on which it was told to be paid.
    pub paid_on: NaiveDate,
    /// The day on which it came back.
    pub returned_on: NaiveDate,
    /// The EndToEndId, as the association's bank would have shown it.
    pub reference: &'a str,
    /// Why, as the bank says it, if it does.
    pub reason: Option<&'a str>,
    pub account: AccountSums,
    /// What it is asked to give back, and has not agreed to.
    pub claims: &'a [ClaimLine<'a>],
    pub locale: Locale,
}

impl ReturnedMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let came_back = [
            ("association", self.association.into()),
            ("amount", amount(locale, self.amount_cents).into()),
            ("day", day(locale, self.paid_on).into()),
            ("back", day(locale, self.returned_on).into()),
            ("reference", self.reference.into()),
        ];
        let mut paragraphs = vec![
            greeting(locale, None),
            text_with(locale, "mail-returned-came-back", &came_back),
        ];
        paragraphs.extend(self.reason.map(|reason| {
            let words = [("reason", bank_reason(locale, reason).into())];
            text_with(locale, "mail-returned-reason", &words)
        }));
        paragraphs.push(text(locale, "mail-returned-waits"));
        paragraphs.extend(self.account.paragraphs(locale, self.claims));
        paragraphs.push(line(locale, "mail-returned-entry", self.amount_cents));
        content(locale, text(locale, "mail-returned-subject"), &paragraphs)
    }
}
