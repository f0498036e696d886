//! The message with a merchant's monthly statement: what to pay, how it is made up, and how its
//! accountant books it.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::content::{content, greeting};
use crate::texts::{amount, day, month, text, text_with};
use crate::values::{Locale, MailContent, Period};

/// The data of the message. Sums in cents, none of them negative.
pub struct StatementMail<'a> {
    /// The merchant's name.
    pub merchant: &'a str,
    pub period: Period,
    /// How many donations the statement lists, and their sum, whatever was given back.
    pub count: i32,
    pub donated_cents: i64,
    /// Given back of these donations.
    pub refunded_cents: i64,
    /// Given back of donations of earlier statements.
    pub refunded_earlier_cents: i64,
    /// Given back of donations that associations had, which somebody bears now.
    pub refunded_late_cents: i64,
    /// Payments that were taken back since the statement before.
    pub returned: Vec<ReturnedPaymentLine<'a>>,
    /// What the statement before left to take off.
    pub credit_before_cents: i64,
    /// What a payment that did not stay is already asked for less.
    pub taken_elsewhere_cents: i64,
    pub other_credit_cents: i64,
    /// What is left to take off the next.
    pub credit_left_cents: i64,
    /// To pay.
    pub amount_cents: i64,
    /// Payments that did not stay and are asked for apart.
    pub failed: Vec<FailedPaymentLine<'a>>,
    /// Given back of donations that associations have, while nobody has decided who bears it.
    pub waiting_cents: i64,
    /// To be given with the transfer.
    pub reference: &'a str,
    /// The holder of the account to pay to.
    pub holder: &'a str,
    pub iban: &'a str,
    pub bic: &'a str,
    pub locale: Locale,
}

/// A payment that did not stay.
pub struct FailedPaymentLine<'a> {
    pub period: Period,
    pub amount_cents: i64,
    pub reference: &'a str,
    /// The day on which a bank took it back; none where it was refused.
    pub returned_on: Option<NaiveDate>,
}

/// A payment that a bank took back.
pub struct ReturnedPaymentLine<'a> {
    pub on: NaiveDate,
    pub amount_cents: i64,
    pub reference: &'a str,
}

impl StatementMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let month = month(locale, self.period);
        let summary = [
            ("merchant", self.merchant.into()),
            ("month", month.as_str().into()),
            ("count", self.count.into()),
            ("amount", amount(locale, self.donated_cents).into()),
        ];
        let mut paragraphs = vec![
            greeting(locale, None),
            text_with(locale, "mail-statement-due", &summary),
            self.sums(),
        ];
        paragraphs.extend(self.to_pay());
        paragraphs.extend(self.failed.iter().map(|f| f.text(locale)));
        if self.refunded_late_cents > 0 {
            paragraphs.push(self.line("mail-statement-late", self.refunded_late_cents));
        }
        if self.waiting_cents > 0 {
            paragraphs.push(self.line("mail-statement-waiting", self.waiting_cents));
        }
        paragraphs.extend([
            text(locale, "mail-statement-accountant"),
            self.entries(),
            text(locale, "mail-statement-thanks"),
        ]);
        let subject = [("month", month.as_str().into())];
        let subject = text_with(locale, "mail-statement-subject", &subject);
        content(locale, subject, &paragraphs)
    }

    /// A text about an amount.
    fn line(&self, key: &str, cents: i64) -> Cow<'static, str> {
        let about = [("amount", amount(self.locale, cents).into())];
        text_with(self.locale, key, &about)
    }

    /// How what is to pay is made up, one line a sum; sums of nothing are left out.
    fn sums(&self) -> Cow<'static, str> {
        let returned: i64 = self.returned.iter().map(|r| r.amount_cents).sum();
        let donated = self.line("mail-statement-donated", self.donated_cents);
        let between = [
            ("mail-statement-refunded", -self.refunded_cents),
            (
                "mail-statement-refunded-earlier",
                -self.refunded_earlier_cents,
            ),
            ("mail-statement-refunded-late", -self.refunded_late_cents),
            ("mail-statement-credit-before", -self.credit_before_cents),
            ("mail-statement-other-credit", -self.other_credit_cents),
            ("mail-statement-taken-elsewhere", self.taken_elsewhere_cents),
            ("mail-statement-credit-left", self.credit_left_cents),
        ];
        let between = between.iter().filter(|(_, cents)| *cents != 0);
        let lines: Vec<Cow<'_, str>> = std::iter::once(donated)
            .chain(between.map(|(key, cents)| self.line(key, *cents)))
            .chain(self.taken_back("mail-statement-returned"))
            .chain((returned > 0).then(|| self.line("mail-statement-apart", -returned)))
            .chain([self.line("mail-statement-to-pay", self.amount_cents)])
            .collect();
        lines.join("\n").into()
    }

    /// A text about each payment that was taken back.
    fn taken_back(&self, key: &str) -> impl Iterator<Item = Cow<'static, str>> {
        self.returned.iter().map(move |r| {
            let about = [
                ("day", day(self.locale, r.on).into()),
                ("reference", r.reference.into()),
                ("amount", amount(self.locale, r.amount_cents).into()),
            ];
            text_with(self.locale, key, &about)
        })
    }

    /// The transfer that is asked for, or that none is.
    fn to_pay(&self) -> Vec<Cow<'static, str>> {
        if self.amount_cents == 0 {
            let mut nothing = vec![text(self.locale, "mail-statement-nothing")];
            if self.credit_left_cents > 0 {
                nothing.push(self.line("mail-statement-carries-on", self.credit_left_cents));
            }
            return nothing;
        }
        let transfer = [
            ("holder", self.holder.into()),
            ("iban", self.iban.into()),
            ("bic", self.bic.into()),
            ("amount", amount(self.locale, self.amount_cents).into()),
            ("reference", self.reference.into()),
        ];
        vec![text_with(self.locale, "mail-statement-transfer", &transfer)]
    }

    /// The entries that the accountant copies, one a line; entries of nothing are left out.
    fn entries(&self) -> Cow<'static, str> {
        let refunded = self.refunded_cents + self.refunded_earlier_cents;
        let entries = [
            ("mail-statement-entry-donations", self.donated_cents),
            ("mail-statement-entry-refunds", refunded),
            ("mail-statement-entry-late", self.refunded_late_cents),
            ("mail-statement-entry-payment", self.amount_cents),
        ];
        let entries = entries.iter().filter(|(_, cents)| *cents != 0);
        let lines: Vec<_> = entries
            .map(|(key, cents)| self.line(key, *cents))
            .chain(self.taken_back("mail-statement-entry-returned"))
            .collect();
        lines.join("\n").into()
    }
}

impl FailedPaymentLine<'_> {
    fn text(&self, locale: Locale) -> Cow<'static, str> {
        let about = [
            ("month", month(locale, self.period).into()),
            ("amount", amount(locale, self.amount_cents).into()),
            ("reference", self.reference.into()),
        ];
        match self.returned_on {
            None => text_with(locale, "mail-statement-failed", &about),
            Some(on) => {
                let [month, amount, reference] = about;
                let about = [month, amount, reference, ("day", day(locale, on).into())];
                text_with(locale, "mail-statement-failed-returned", &about)
            }
        }
    }
}
