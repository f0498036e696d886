//! What a merchant's webhook says, understood: a checkout with a donation, a donation given back,
//! or nothing of ours.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::donations::{Consent, FundedBy};
use crate::parties::donor::DonorDetails;
use crate::values::{Amount, DonationId, FieldError, MerchantId, line_fits, listed};

/// An event, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Checkout(Box<Checkout>),
    Refund(Refund),
    Ping,
    /// Authentic, and no concern of ours, such as an order without a donation; why, in words.
    Ignored(&'static str),
    /// Only the order's number: the order itself is to be fetched from the platform.
    OrderReference {
        order_id: String,
    },
}

impl Event {
    /// The donation that the event is about, as the merchant's order names it.
    #[must_use]
    pub fn donation_id(&self, merchant: MerchantId) -> Option<DonationId> {
        match self {
            Self::Checkout(c) => Some(DonationId::of_order(merchant, &c.order_id)),
            Self::Refund(r) => Some(DonationId::of_order(merchant, &r.order_id)),
            Self::Ping | Self::Ignored(_) | Self::OrderReference { .. } => None,
        }
    }
}

/// `checkout.completed`. Totals in cents, without the donation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    pub at: Option<DateTime<Utc>>,
    pub order_id: String,
    pub order_total_cents: i64,
    /// What was charged; none where the merchant's rule says it.
    pub amount: Option<Amount>,
    /// The slug of the cause that the order names.
    pub cause: Option<String>,
    pub consent: Option<Consent>,
    pub donor: Option<DonorDetails>,
    pub funded_by: FundedBy,
    /// The platform sends an order again whenever something about it changes: only another donation
    /// makes it another.
    pub restated: bool,
}

impl Checkout {
    /// The hash of what the event says of the order: the same for a repetition, another for a
    /// conflict.
    #[must_use]
    pub fn content_hash(&self) -> Vec<u8> {
        let amount = self.amount.map(Amount::cents);
        let email = self.donor.as_ref().map(|d| d.email.as_str());
        let content = if self.restated {
            serde_json::to_vec(&("donation", amount, &self.cause))
        } else {
            serde_json::to_vec(&(self.order_total_cents, amount, &self.cause, email))
        };
        // Numbers and texts can always be written as JSON.
        let Ok(content) = content else {
            unreachable!("numbers and texts")
        };
        Sha256::digest(content).to_vec()
    }
}

/// `checkout.refunded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub at: Option<DateTime<Utc>>,
    pub order_id: String,
    pub refund_id: String,
    pub donation_refunded: bool,
    /// How much of the donation was given back; none for all that is left of it.
    pub amount: Option<Amount>,
}

/// An authentic body that is not understood, field by field.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[error("{}", listed(.0))]
pub struct ParseError(pub Vec<FieldError>);

impl ParseError {
    /// One field that is wrong.
    pub(super) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![FieldError::new(field, message)])
    }
}

/// Reads a JSON body as `T`. The path of a mistake costs time to find, so it is looked for only
/// when there is one.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ParseError> {
    serde_json::from_slice(body).map_err(|plain| {
        let mut again = serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(&mut again) {
            Err(e) => ParseError::field(e.path().to_string(), e.inner().to_string()),
            Ok(_) => ParseError::field(".", plain.to_string()),
        }
    })
}

/// The mistakes found so far while a body's fields are checked.
#[derive(Default)]
pub(super) struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Notes a mistake unless the field is right.
    pub fn require(&mut self, right: bool, field: &str, message: &str) {
        if !right {
            self.0.push(FieldError::new(field, message));
        }
    }

    /// The value, or a noted mistake.
    pub fn take<T>(&mut self, field: &str, value: Result<T, impl ToString>) -> Option<T> {
        value
            .map_err(|e| self.0.push(FieldError::new(field, e.to_string())))
            .ok()
    }

    /// Notes a text that is there and is blank (names may be), longer than `max_chars` or with
    /// control characters. PostgreSQL refuses the control character NUL in a text.
    pub fn require_text(&mut self, field: &str, text: Option<&str>, max_chars: usize) {
        let Some(text) = text else { return };
        let blank_name = text.trim().is_empty() && field.contains("name");
        if !(line_fits(text, max_chars) || blank_name && text.chars().count() <= max_chars) {
            self.0.push(FieldError::new(
                field,
                format!("1 to {max_chars} characters are needed, without control characters"),
            ));
        }
    }

    /// The event, unless a mistake was noted.
    pub fn finish(self, event: Event) -> Result<Event, ParseError> {
        if self.0.is_empty() {
            Ok(event)
        } else {
            Err(ParseError(self.0))
        }
    }
}
