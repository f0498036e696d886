//! The messages that tell a merchant what became of a payment beside the monthly statements: that a
//! bank took it back, or that it is asked for again.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::content::{content, greeting};
use crate::texts::{amount, bank_reason, day, month, text, text_with};
use crate::values::{Locale, MailContent, Period};

/// The data of the message.
pub struct PaymentMail<'a> {
    /// The merchant's name.
    pub merchant: &'a str,
    pub told: PaymentTold<'a>,
    pub period: Period,
    /// What was taken back, or what is asked for now.
    pub amount_cents: i64,
    /// The reference of the payment, the same as before.
    pub reference: &'a str,
    /// The holder of the account to pay to.
    pub holder: &'a str,
    pub iban: &'a str,
    pub bic: &'a str,
    pub locale: Locale,
}

/// What is told of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentTold<'a> {
    /// A bank took it back on a day, for the reason that it gave, if it gave one.
    Returned {
        on: NaiveDate,
        reason: Option<&'a str>,
    },
    /// It is asked for again.
    AskedAgain,
}

impl PaymentMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let mut paragraphs = vec![greeting(locale, None)];
        let subject = match self.told {
            PaymentTold::Returned { on, reason } => {
                paragraphs.extend(self.returned(on, reason));
                "mail-payment-returned-subject"
            }
            PaymentTold::AskedAgain => {
                paragraphs.extend(self.asked_again());
                "mail-payment-again-subject"
            }
        };
        content(locale, text(locale, subject), &paragraphs)
    }

    fn returned(&self, on: NaiveDate, reason: Option<&str>) -> Vec<Cow<'static, str>> {
        let locale = self.locale;
        let about = [
            ("merchant", self.merchant.into()),
            ("amount", amount(locale, self.amount_cents).into()),
            ("month", month(locale, self.period).into()),
            ("reference", self.reference.into()),
            ("day", day(locale, on).into()),
        ];
        let mut told = vec![text_with(locale, "mail-payment-returned", &about)];
        if let Some(reason) = reason {
            let words = [("reason", bank_reason(locale, reason).into())];
            told.push(text_with(locale, "mail-payment-reason", &words));
        }
        told.push(text(locale, "mail-payment-returned-next"));
        told
    }

    fn asked_again(&self) -> Vec<Cow<'static, str>> {
        let locale = self.locale;
        let about = [
            ("merchant", self.merchant.into()),
            ("month", month(locale, self.period).into()),
            ("amount", amount(locale, self.amount_cents).into()),
        ];
        let transfer = [
            ("holder", self.holder.into()),
            ("iban", self.iban.into()),
            ("bic", self.bic.into()),
            ("amount", amount(locale, self.amount_cents).into()),
            ("reference", self.reference.into()),
        ];
        vec![
            text_with(locale, "mail-payment-again", &about),
            text_with(locale, "mail-statement-transfer", &transfer),
            text_with(locale, "mail-payment-again-entry", &about[2..]),
        ]
    }
}
