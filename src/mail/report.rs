//! The message that tells an association of a payout: what it is made of, what its account says
//! since the last report, and the entry that its treasurer books.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::content::{content, greeting};
use crate::texts::{amount, day, text, text_with};
use crate::values::{Locale, MailContent};

/// The data of the message. Sums in cents.
pub struct ReportMail<'a> {
    /// The association's name.
    pub association: &'a str,
    /// How many donations the report lists, and their sum, whatever was given back.
    pub count: i32,
    pub donated_cents: i64,
    /// Given back of these donations before the payout left.
    pub refunded_cents: i64,
    /// Taken off for donations of earlier payouts that were given back.
    pub deducted_cents: i64,
    /// What was paid.
    pub amount_cents: i64,
    /// The day the money left for the association's account.
    pub paid_on: NaiveDate,
    /// The EndToEndId, as the association's bank shows it.
    pub reference: &'a str,
    pub account: AccountSums,
    /// What it is asked to give back, and has not agreed to.
    pub claims: &'a [ClaimLine<'a>],
    pub locale: Locale,
}

/// Something that a merchant gave back of what the association has.
pub struct ClaimLine<'a> {
    /// The merchant's own name for the order, and the merchant's name.
    pub order: &'a str,
    pub merchant: &'a str,
    /// The day on which it was given back.
    pub on: NaiveDate,
    /// What is left of it.
    pub amount_cents: i64,
}

/// So many claims are named one by one.
const MAX_CLAIMS: usize = 20;

/// What an association is owed, and what moved since the report before. In cents; what is owed is
/// negative where the association owes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountSums {
    pub opening_cents: i64,
    pub arrived_cents: i64,
    /// Given back by merchants before it was paid out.
    pub refunded_cents: i64,
    /// Given back by merchants after it was paid out, which the association agreed to.
    pub claimed_cents: i64,
    /// Taken back by merchants' banks before it was paid out.
    pub withdrawn_cents: i64,
    /// Payouts that came back.
    pub returned_cents: i64,
    pub paid_cents: i64,
    pub closing_cents: i64,
    /// Given back by merchants after it was paid out, while nobody has decided who bears it; not a
    /// part of what is owed.
    pub undecided_cents: i64,
}

impl ReportMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let arrived = [
            ("association", self.association.into()),
            ("amount", amount(locale, self.amount_cents).into()),
            ("day", day(locale, self.paid_on).into()),
            ("reference", self.reference.into()),
        ];
        let mut paragraphs = vec![
            greeting(locale, None),
            text_with(locale, "mail-report-arrived", &arrived),
            self.made_of(),
            text(locale, "mail-report-detail"),
        ];
        paragraphs.extend(self.account.paragraphs(locale, self.claims));
        paragraphs.push(line(locale, "mail-report-entry", self.amount_cents));
        if self.deducted_cents > 0 {
            let deducted = [
                ("deducted", amount(locale, self.deducted_cents).into()),
                ("amount", amount(locale, self.amount_cents).into()),
                (
                    "donations",
                    amount(locale, self.amount_cents + self.deducted_cents).into(),
                ),
            ];
            paragraphs.push(text_with(locale, "mail-report-entry-deducted", &deducted));
        }
        content(locale, text(locale, "mail-report-subject"), &paragraphs)
    }

    /// What the payout is made of, one line a sum; sums of nothing are left out.
    fn made_of(&self) -> Cow<'static, str> {
        let locale = self.locale;
        let donated = [
            ("count", self.count.into()),
            ("amount", amount(locale, self.donated_cents).into()),
        ];
        let between = [
            ("mail-report-refunded", -self.refunded_cents),
            ("mail-report-deducted", -self.deducted_cents),
        ];
        let between = between.iter().filter(|(_, cents)| *cents != 0);
        let lines: Vec<_> = std::iter::once(text_with(locale, "mail-report-donated", &donated))
            .chain(between.map(|(key, cents)| line(locale, key, *cents)))
            .chain([line(locale, "mail-report-paid", self.amount_cents)])
            .collect();
        lines.join("\n").into()
    }
}

impl AccountSums {
    /// The account, one line a sum, and what its reader should know of it. Sums of nothing are left
    /// out, but for the two balances.
    pub(super) fn paragraphs(
        &self,
        locale: Locale,
        claims: &[ClaimLine<'_>],
    ) -> Vec<Cow<'static, str>> {
        let moved = [
            ("mail-report-account-arrived", self.arrived_cents),
            ("mail-report-account-refunded", -self.refunded_cents),
            ("mail-report-account-claimed", -self.claimed_cents),
            ("mail-report-account-withdrawn", -self.withdrawn_cents),
            ("mail-report-account-returned", self.returned_cents),
            ("mail-report-account-paid", -self.paid_cents),
        ];
        let moved = moved.iter().filter(|(_, cents)| *cents != 0);
        let opening = line(locale, "mail-report-account-opening", self.opening_cents);
        let closing = line(locale, "mail-report-account-closing", self.closing_cents);
        let lines: Vec<_> = [text(locale, "mail-report-account"), opening]
            .into_iter()
            .chain(moved.map(|(key, cents)| line(locale, key, *cents)))
            .chain([closing])
            .collect();
        let mut paragraphs = vec![lines.join("\n").into()];
        if self.closing_cents < 0 {
            paragraphs.push(text(locale, "mail-report-owing"));
        }
        if self.undecided_cents > 0 {
            let undecided = line(locale, "mail-report-undecided", self.undecided_cents);
            let named = claims.iter().take(MAX_CLAIMS).map(|c| c.text(locale));
            let more = claims.len().saturating_sub(MAX_CLAIMS);
            let more = (more > 0)
                .then(|| text_with(locale, "mail-report-claims-more", &[("count", more.into())]));
            let lines: Vec<_> = std::iter::once(undecided)
                .chain(named)
                .chain(more)
                .collect();
            paragraphs.push(lines.join("\n").into());
            paragraphs.push(text(locale, "mail-report-agree"));
        }
        paragraphs
    }
}

impl ClaimLine<'_> {
    fn text(&self, locale: Locale) -> Cow<'static, str> {
        let about = [
            ("order", self.order.into()),
            ("merchant", self.merchant.into()),
            ("day", day(locale, self.on).into()),
            ("amount", amount(locale, self.amount_cents).into()),
        ];
        text_with(locale, "mail-report-claim", &about)
    }
}

/// A text about an amount.
pub(super) fn line(locale: Locale, key: &str, cents: i64) -> Cow<'static, str> {
    text_with(locale, key, &[("amount", amount(locale, cents).into())])
}
