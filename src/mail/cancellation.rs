//! The message that tells a donor that a tax receipt was cancelled: why, what of its amount
//! remains, what follows, and what that means for their return.

use std::borrow::Cow;

use super::content::{content, greeting};
use super::ended;
use crate::texts::{amount, text, text_with};
use crate::values::{EndReason, Locale, MailContent};

/// The data of the message.
pub struct CancellationMail<'a> {
    pub first_name: Option<&'a str>,
    /// Number of the receipt.
    pub number: &'a str,
    /// What it said.
    pub amount_cents: i64,
    /// Why it was cancelled, where that is known.
    pub reason: Option<EndReason>,
    pub remains: RemainingCents,
    /// The address of the donor's page.
    pub dashboard: &'a str,
    pub locale: Locale,
}

/// What of the donations of a receipt was not given back, in cents, by what follows.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemainingCents {
    /// Another receipt will be for these.
    pub receipted: i64,
    /// These would be on another receipt, if the donor wanted receipts.
    pub not_wanted: i64,
    /// These earn none.
    pub unreceipted: i64,
}

impl CancellationMail<'_> {
    /// The message to send.
    #[must_use]
    pub fn message(&self) -> MailContent {
        let locale = self.locale;
        let arguments = [
            ("number", self.number.into()),
            ("amount", amount(locale, self.amount_cents).into()),
        ];
        let mut paragraphs = vec![
            greeting(locale, self.first_name),
            text_with(locale, "mail-cancellation-cancelled", &arguments),
        ];
        paragraphs.extend(self.reason.map(|r| ended::reason(locale, r)));
        paragraphs.extend(self.remains.in_words(locale));
        paragraphs.extend([
            text(locale, "mail-cancellation-declare"),
            // Where all of it comes again, a return that has its amount may be right as it is.
            match self.remains.receipted == self.amount_cents {
                true => text(locale, "mail-cancellation-wait"),
                false => ended::correcting(locale),
            },
            text(locale, "mail-receipts-dashboard"),
            self.dashboard.into(),
        ]);
        content(
            locale,
            text(locale, "mail-cancellation-subject"),
            &paragraphs,
        )
    }
}

impl RemainingCents {
    /// What remains and what follows; only what is true is said.
    fn in_words(self, locale: Locale) -> Vec<Cow<'static, str>> {
        let said = [
            (self.receipted, "mail-cancellation-another"),
            (self.not_wanted, "mail-cancellation-not-wanted"),
            (self.unreceipted, "mail-cancellation-unreceipted"),
        ];
        let said: Vec<_> = said
            .into_iter()
            .filter(|(cents, _)| *cents > 0)
            .map(|(cents, key)| text_with(locale, key, &[("amount", amount(locale, cents).into())]))
            .collect();
        if said.is_empty() {
            return vec![text(locale, "mail-cancellation-nothing")];
        }
        said
    }
}
