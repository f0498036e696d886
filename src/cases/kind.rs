//! The kinds of cases: what each holds until it is decided, and what can be decided.

use std::fmt;
use std::str::FromStr;

/// What kind of thing waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseKind {
    /// A merchant gave back a donation that is with its association. Subject: the refund's fact.
    RefundAfterPayout,
    /// A receipt says more than was given and kept. Subject: the receipt.
    ReceiptInQuestion,
    /// A donor corrected the name or the address that a receipt prints. Subject: the receipt.
    ReceiptCorrectionAsked,
    /// A donation of more than the ceiling, not posted. Subject: the event.
    DonationAboveCeiling,
    /// An order came again after its donation was given back. Subject: the event.
    SecondOrder,
    /// An order was told again with a higher amount. Subject: the event.
    DonationRaised,
    /// An order was told again with another cause, donor or total. Subject: the event.
    OrderDiffers,
    /// A refund of more than was left of its donation. Subject: the event.
    RefundBeyondDonation,
    /// A refund was told again with another amount. Subject: the event.
    RefundDiffers,
    /// A donation that was taxed, discounted or above its order's total, posted as charged.
    /// Subject: the donation.
    DonationNotAsCharged,
    /// A sum of an order was given back, and nothing says what of it. Subject: an id derived from
    /// the donation and the refund's name.
    RefundUnproven,
    /// Donations whose donors may not have chosen to give. Subject: the merchant.
    ConsentUnclear,
    /// A line of the bank's statement that nothing explains. Subject: the line.
    BankLineUnmatched,
    /// A collection that was refused, or taken back after it was paid. Subject: the collection.
    CollectionFailed,
    /// A payout that came back, or that the bank's format cannot carry. Subject: the payout.
    PayoutFailed,
    /// Another account is asked for an association. Subject: the change.
    IbanChanged,
    /// The account does not cover what is to leave. Subject: nobody, the nil id.
    ShortOfCover,
    /// A message that could not be sent. Subject: the message.
    MessageRefused,
    /// An invariant that does not hold. Subject: the check, an id derived from its name.
    CheckViolated,
    /// A statement whose balances do not follow from what is known. Subject: the statement.
    StatementGap,
    /// An entry of a statement that is not read, such as one in another currency. Subject: an id
    /// derived from where it stands.
    EntryUnread,
    /// A merchant's own count of a day differs from what is recorded. Subject: an id derived from
    /// the merchant and the day.
    ManifestDiffers,
}

impl CaseKind {
    /// Every kind, in the order in which they are documented.
    pub const ALL: [Self; 22] = [
        Self::RefundAfterPayout,
        Self::ReceiptInQuestion,
        Self::ReceiptCorrectionAsked,
        Self::DonationAboveCeiling,
        Self::SecondOrder,
        Self::DonationRaised,
        Self::OrderDiffers,
        Self::RefundBeyondDonation,
        Self::RefundDiffers,
        Self::DonationNotAsCharged,
        Self::RefundUnproven,
        Self::ConsentUnclear,
        Self::BankLineUnmatched,
        Self::CollectionFailed,
        Self::PayoutFailed,
        Self::IbanChanged,
        Self::ShortOfCover,
        Self::MessageRefused,
        Self::CheckViolated,
        Self::StatementGap,
        Self::EntryUnread,
        Self::ManifestDiffers,
    ];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RefundAfterPayout => "refund-after-payout",
            Self::ReceiptInQuestion => "receipt-in-question",
            Self::ReceiptCorrectionAsked => "receipt-correction-asked",
            Self::DonationAboveCeiling => "donation-above-ceiling",
            Self::SecondOrder => "second-order",
            Self::DonationRaised => "donation-raised",
            Self::OrderDiffers => "order-differs",
            Self::RefundBeyondDonation => "refund-beyond-donation",
            Self::RefundDiffers => "refund-differs",
            Self::DonationNotAsCharged => "donation-not-as-charged",
            Self::RefundUnproven => "refund-unproven",
            Self::ConsentUnclear => "consent-unclear",
            Self::BankLineUnmatched => "bank-line-unmatched",
            Self::CollectionFailed => "collection-failed",
            Self::PayoutFailed => "payout-failed",
            Self::IbanChanged => "iban-changed",
            Self::ShortOfCover => "short-of-cover",
            Self::MessageRefused => "message-refused",
            Self::CheckViolated => "check-violated",
            Self::StatementGap => "statement-gap",
            Self::EntryUnread => "entry-unread",
            Self::ManifestDiffers => "manifest-differs",
        }
    }

    /// What waits until it is decided, in words; a case holds only its own subject.
    #[must_use]
    pub const fn holds(self) -> &'static str {
        match self {
            Self::RefundAfterPayout => "the merchant's credit",
            Self::ReceiptInQuestion => "the receipt's validity",
            Self::ReceiptCorrectionAsked => "nothing: the receipt stays valid",
            Self::DonationAboveCeiling | Self::SecondOrder => "the donation, not posted",
            Self::DonationRaised => "the difference, not posted",
            Self::OrderDiffers => "what is told, not posted",
            Self::RefundBeyondDonation
            | Self::RefundDiffers
            | Self::RefundUnproven
            | Self::DonationNotAsCharged => "the donation's receipt",
            Self::ConsentUnclear => "the donations' receipts",
            Self::BankLineUnmatched => "nothing but itself",
            Self::CollectionFailed => "the merchant's next collection",
            Self::PayoutFailed => "the payout",
            Self::IbanChanged => "the association's payouts",
            Self::ShortOfCover => "payouts from the account",
            Self::MessageRefused => "the message",
            Self::CheckViolated => "payouts",
            Self::StatementGap | Self::EntryUnread | Self::ManifestDiffers => "nothing",
        }
    }

    /// Whether a decision says an amount.
    #[must_use]
    pub fn needs_amount(decision: &str) -> bool {
        matches!(decision, "correct" | "given-back")
    }

    /// What its subject is, in a word.
    #[must_use]
    pub const fn subject_kind(self) -> &'static str {
        match self {
            Self::RefundAfterPayout => "refund",
            Self::ReceiptInQuestion | Self::ReceiptCorrectionAsked => "receipt",
            Self::DonationAboveCeiling
            | Self::SecondOrder
            | Self::DonationRaised
            | Self::OrderDiffers
            | Self::RefundBeyondDonation
            | Self::RefundDiffers => "event",
            Self::DonationNotAsCharged => "donation",
            Self::RefundUnproven => "refund",
            Self::ConsentUnclear => "merchant",
            Self::BankLineUnmatched => "bank-line",
            Self::CollectionFailed => "collection",
            Self::PayoutFailed => "payout",
            Self::IbanChanged => "account-change",
            Self::ShortOfCover => "account",
            Self::MessageRefused => "message",
            Self::CheckViolated => "check",
            Self::StatementGap => "statement",
            Self::EntryUnread => "entry",
            Self::ManifestDiffers => "manifest",
        }
    }

    /// Whether its subject is an event.
    #[must_use]
    pub const fn is_of_event(self) -> bool {
        matches!(
            self,
            Self::DonationAboveCeiling
                | Self::SecondOrder
                | Self::DonationRaised
                | Self::OrderDiffers
                | Self::RefundBeyondDonation
                | Self::RefundDiffers
        )
    }

    /// Whether `obole case decide` ends it.
    #[must_use]
    pub const fn is_decided_by_command(self) -> bool {
        !matches!(
            self,
            Self::BankLineUnmatched | Self::ShortOfCover | Self::CheckViolated
        )
    }

    /// How a case is ended that `obole case decide` does not end.
    #[must_use]
    pub const fn way(self) -> &'static str {
        match self {
            Self::BankLineUnmatched => {
                "`obole bank lines --open` shows it; `obole bank match` says what it is, and \
                 `obole bank give-back` gives it back"
            }
            Self::ShortOfCover => "it ends once the account covers what is asked of it",
            Self::CheckViolated => "it ends once `obole check` finds nothing",
            _ => "see `obole cases --open`",
        }
    }

    /// What can be decided.
    #[must_use]
    pub const fn decisions(self) -> &'static [&'static str] {
        match self {
            Self::RefundAfterPayout => &["association-agrees", "operator-bears"],
            Self::ReceiptInQuestion => &["cancel", "replace"],
            Self::ReceiptCorrectionAsked => &["replace", "cancel", "decline"],
            Self::DonationAboveCeiling => &["accept", "correct", "dismiss"],
            Self::SecondOrder | Self::DonationRaised | Self::ConsentUnclear => {
                &["accept", "dismiss"]
            }
            Self::OrderDiffers => &["dismiss"],
            Self::RefundBeyondDonation | Self::RefundDiffers | Self::RefundUnproven => {
                &["given-back", "not-given-back"]
            }
            Self::DonationNotAsCharged => &["accept", "given-back"],
            Self::BankLineUnmatched => &["match", "next-month", "give-back"],
            Self::CollectionFailed => &["ask-again", "other-rail", "write-off", "suspend-merchant"],
            Self::PayoutFailed => &["pay-again", "hold"],
            Self::IbanChanged => &["confirm", "refuse"],
            Self::ShortOfCover => &["top-up"],
            Self::MessageRefused => &["correct-address", "leave"],
            Self::CheckViolated => &[],
            Self::StatementGap | Self::EntryUnread | Self::ManifestDiffers => &["explain"],
        }
    }
}

impl fmt::Display for CaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A text that names no kind.
#[derive(Debug, thiserror::Error)]
#[error("a kind of case is one of {}", listed())]
pub struct CaseKindError;

fn listed() -> String {
    CaseKind::ALL.map(CaseKind::word).join(", ")
}

impl FromStr for CaseKind {
    type Err = CaseKindError;
    fn from_str(text: &str) -> Result<Self, CaseKindError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == text)
            .ok_or(CaseKindError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_from_its_word_and_offers_a_way_out() {
        for kind in CaseKind::ALL {
            assert_eq!(kind.to_string().parse::<CaseKind>().unwrap(), kind);
            // A violated invariant is mended, and then the case closes by itself.
            let decided = !kind.decisions().is_empty();
            assert_eq!(decided, kind != CaseKind::CheckViolated, "{kind}");
        }
        assert!("refund".parse::<CaseKind>().is_err());
    }
}
