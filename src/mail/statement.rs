//! The message with a merchant's monthly statement: what to pay, how, and how its accountant books
//! it.

use super::content::{content, greeting};
use crate::texts::{amount, month, text, text_with};
use crate::values::{Locale, MailContent, Period};

/// The data of the message.
pub struct StatementMail<'a> {
    /// The merchant's name.
    pub merchant: &'a str,
    pub period: Period,
    /// How many donations the statement lists.
    pub count: i32,
    /// To pay, credits already taken off.
    pub amount_cents: i64,
    /// Refunded after an earlier statement; zero when nothing was.
    pub credited_cents: i64,
    /// To be given with the transfer.
    pub reference: &'a str,
    /// The holder of the account to pay to.
    pub holder: &'a str,
    pub iban: &'a str,
    pub bic: &'a str,
    pub locale: Locale,
}

impl StatementMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let (month, due) = (
            month(locale, self.period),
            amount(locale, self.amount_cents),
        );
        let summary = [
            ("merchant", self.merchant.into()),
            ("month", month.as_str().into()),
            ("count", self.count.into()),
            ("amount", due.as_str().into()),
        ];
        let transfer = [
            ("holder", self.holder.into()),
            ("iban", self.iban.into()),
            ("bic", self.bic.into()),
            ("amount", due.as_str().into()),
            ("reference", self.reference.into()),
        ];
        let mut paragraphs = vec![
            greeting(locale, None),
            text_with(locale, "mail-statement-due", &summary),
        ];
        if self.credited_cents > 0 {
            let credited = [("amount", amount(locale, self.credited_cents).into())];
            paragraphs.push(text_with(locale, "mail-statement-credited", &credited));
        }
        paragraphs.extend([
            text_with(locale, "mail-statement-transfer", &transfer),
            text(locale, "mail-statement-accountant"),
            text(locale, "mail-statement-thanks"),
        ]);
        let subject = [("month", month.as_str().into())];
        let subject = text_with(locale, "mail-statement-subject", &subject);
        content(locale, subject, &paragraphs)
    }
}
