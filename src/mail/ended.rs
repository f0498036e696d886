//! What the messages about a receipt that ended have in common: why, and what to do with a tax
//! return that was sent already.

use std::borrow::Cow;

use crate::texts::text;
use crate::values::{EndReason, Locale};

/// Why a receipt ended, in plain words.
pub(super) fn reason(locale: Locale, reason: EndReason) -> Cow<'static, str> {
    text(
        locale,
        match reason {
            EndReason::Refund => "mail-ended-refund",
            EndReason::PaymentReturned => "mail-ended-payment-returned",
            EndReason::Correction => "mail-ended-correction",
            EndReason::Mistake => "mail-ended-mistake",
        },
    )
}

/// How a tax return that was sent already is corrected.
pub(super) fn correcting(locale: Locale) -> Cow<'static, str> {
    text(locale, "mail-ended-declared")
}
