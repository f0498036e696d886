//! What a shop tells, understood: a checkout with a gift, a gift given back, or nothing of ours.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::donations::{Consent, FundedBy};
use crate::parties::donor::DonorDetails;
use crate::values::{Amount, FieldError, listed};

/// An event, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Checkout(Box<Checkout>),
    Refund(Refund),
    Ping,
    /// Authentic, and nothing to us: why, in words. Such as an order without a gift.
    Nothing(&'static str),
    /// Only an order's number: the order itself is to be fetched from the platform.
    Thin {
        order: String,
    },
}

impl Event {
    /// The shop's order that the event is about.
    #[must_use]
    pub fn order_id(&self) -> Option<&str> {
        match self {
            Self::Checkout(c) => Some(&c.order_id),
            Self::Refund(r) => Some(&r.order_id),
            Self::Ping | Self::Nothing(_) | Self::Thin { .. } => None,
        }
    }
}

/// `checkout.completed`. Totals in cents, without the gift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    pub at: Option<DateTime<Utc>>,
    pub order_id: String,
    pub order_total_cents: i64,
    pub amount: Option<Amount>,
    pub cause: Option<String>,
    pub consent: Option<Consent>,
    pub donor: Option<DonorDetails>,
    pub funded_by: FundedBy,
    /// The platform tells an order again whenever something about it changes: only the gift makes it another.
    pub restated: bool,
}

impl Checkout {
    /// What the event says of the order, hashed: the same for a repetition, another for a conflict.
    #[must_use]
    pub fn content_hash(&self) -> Vec<u8> {
        let amount = self.amount.map(Amount::cents);
        let email = self.donor.as_ref().map(|d| d.email.as_str());
        let said = if self.restated {
            serde_json::to_vec(&("gift", amount, &self.cause))
        } else {
            serde_json::to_vec(&(self.order_total_cents, amount, &self.cause, email))
        };
        // Numbers and texts can always be written.
        let Ok(said) = said else {
            unreachable!("numbers and texts")
        };
        Sha256::digest(said).to_vec()
    }
}

/// `checkout.refunded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub at: Option<DateTime<Utc>>,
    pub order_id: String,
    pub refund_id: String,
    pub donation_refunded: bool,
}

/// An authentic body that is not understood, field by field.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[error("{}", listed(.0))]
pub struct ParseError(pub Vec<FieldError>);

/// Reads a shape. Where and why a body has another is only asked when it has: finding the path costs time.
pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ParseError> {
    serde_json::from_slice(body).map_err(|plain| {
        let mut again = serde_json::Deserializer::from_slice(body);
        let (field, message) = match serde_path_to_error::deserialize::<_, T>(&mut again) {
            Err(e) => (e.path().to_string(), e.inner().to_string()),
            Ok(_) => (".".to_owned(), plain.to_string()),
        };
        ParseError(vec![FieldError::new(field, message)])
    })
}

/// What is wrong so far.
#[derive(Default)]
pub(super) struct Wrong(Vec<FieldError>);

impl Wrong {
    pub fn unless(&mut self, right: bool, field: &str, message: &str) {
        if !right {
            self.0.push(FieldError::new(field, message));
        }
    }

    pub fn kept<T>(&mut self, field: &str, value: Result<T, impl ToString>) -> Option<T> {
        value
            .map_err(|e| self.0.push(FieldError::new(field, e.to_string())))
            .ok()
    }

    /// A text that is there must say something printable and not too much of it (`most` in characters).
    pub fn text(&mut self, field: &str, text: Option<&str>, most: usize) {
        let Some(text) = text else { return };
        if text.trim().is_empty() && !field.contains("name")
            || text.chars().count() > most
            || text.chars().any(char::is_control)
        {
            self.0.push(FieldError::new(
                field,
                format!("1 to {most} characters are needed, without control characters"),
            ));
        }
    }

    pub fn done(self, event: Event) -> Result<Event, ParseError> {
        if self.0.is_empty() {
            Ok(event)
        } else {
            Err(ParseError(self.0))
        }
    }
}
