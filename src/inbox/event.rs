//! What a merchant's webhook says, understood: a checkout with a donation, a donation given back,
//! or nothing of ours.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::order_identity::OrderIdentity;
use crate::donations::{Consent, FundedBy};
use crate::parties::donor::DonorDetails;
use crate::values::{Amount, DonationId, FieldError, MerchantId, line_fits, listed};

/// An event, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Checkout(Box<Checkout>),
    Refund(Refund),
    /// An order as it stands: several of its donations, or what was given back of them as well.
    Order(Vec<Event>),
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
            Self::Order(parts) => parts.first()?.donation_id(merchant),
            Self::Ping | Self::Ignored(_) | Self::OrderReference { .. } => None,
        }
    }

    /// What it is made of: an order's parts, else itself.
    #[must_use]
    pub const fn parts(&self) -> &[Self] {
        match self {
            Self::Order(parts) => parts.as_slice(),
            single => std::slice::from_ref(single),
        }
    }

    /// The donations that it tells of.
    pub fn checkouts(&self) -> impl Iterator<Item = &Checkout> {
        self.parts().iter().filter_map(|part| match part {
            Self::Checkout(checkout) => Some(checkout.as_ref()),
            _ => None,
        })
    }

    /// Whether it is nothing unless its order is known to have given.
    #[must_use]
    pub fn is_of_known_order(&self) -> bool {
        let mut parts = self.parts().iter();
        parts.all(|part| matches!(part, Self::Refund(refund) if !refund.waits))
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
    /// Its number among the donations that the order states, from 0.
    pub ordinal: i16,
    /// Whether the order states several donations, of one cause each.
    pub is_one_of_several: bool,
    /// What is left of it by the order as it now stands, in cents; none where it does not say.
    pub left_cents: Option<i64>,
    /// Whether the order as it now stands says that nothing of it went back.
    pub stands_whole: bool,
    /// What a person should look at, beside what the decision finds.
    pub flags: Vec<&'static str>,
    /// What tells the order from another of the same number.
    pub identity: Option<OrderIdentity>,
    /// What could not be read of its donor: field by field.
    pub warnings: Vec<FieldError>,
}

impl Checkout {
    /// The hash of what the event says of the order, and its identity after it where it has one:
    /// the same for a repetition, another for a conflict (`compare`).
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
        let mut hash = Sha256::digest(content).to_vec();
        if let Some(identity) = &self.identity {
            hash.extend(identity.0);
        }
        hash
    }
}

/// `checkout.refunded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub at: Option<DateTime<Utc>>,
    pub order_id: String,
    pub refund_id: String,
    pub donation_refunded: bool,
    /// How much of the donation was given back; none for all that is left of it. Of a refund that
    /// proves nothing: how much of the order.
    pub amount: Option<Amount>,
    pub proof: RefundProof,
    /// The slug of the cause whose donation it is, where the order has several.
    pub cause: Option<String>,
    /// It waits for an order that is not known; otherwise that order gave nothing.
    pub waits: bool,
    /// What tells its order from another of the same number.
    pub identity: Option<OrderIdentity>,
}

/// Whether a refund says how much of the donation it gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundProof {
    Proven,
    /// It says only how much of the order went back.
    Unproven,
    /// It was told before, and did not reach the customer.
    Failed,
}

impl Refund {
    /// A proven refund of all that is left of an order's donations, which waits for its order.
    pub(super) fn of_all(order_id: String, refund_id: impl Into<String>) -> Self {
        Self {
            at: None,
            order_id,
            refund_id: refund_id.into(),
            donation_refunded: true,
            amount: None,
            proof: RefundProof::Proven,
            cause: None,
            waits: true,
            identity: None,
        }
    }
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

    /// What was noted.
    pub fn found(self) -> Vec<FieldError> {
        self.0
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
