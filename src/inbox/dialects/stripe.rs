//! Stripe: `checkout.session.completed` with the donation in the metadata, and `charge.refunded`.
//!
//! The order is named by its payment intent, which both events carry.

use std::collections::HashMap;

use chrono::DateTime;
use serde::Deserialize;

use super::platform_order::{FieldPaths, Person, PlatformOrder};
use crate::donations::FundedBy;
use crate::inbox::event::{Event, FieldErrors, ParseError, Refund, read};
use crate::values::Amount;

#[derive(Deserialize)]
struct Envelope {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    created: i64,
    #[serde(default)]
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// A checkout session or a charge, as far as it matters.
#[derive(Deserialize)]
struct Object {
    id: String,
    payment_intent: Option<String>,
    payment_status: Option<String>,
    amount_total: Option<i64>,
    currency: Option<String>,
    #[serde(default)]
    metadata: HashMap<String, String>,
    customer_details: Option<Customer>,
    customer_email: Option<String>,
    locale: Option<String>,
    #[serde(default)]
    refunded: bool,
}

#[derive(Deserialize)]
struct Customer {
    email: Option<String>,
    name: Option<String>,
    address: Option<Address>,
}

#[derive(Deserialize)]
struct Address {
    line1: Option<String>,
    line2: Option<String>,
    postal_code: Option<String>,
    city: Option<String>,
    country: Option<String>,
}

/// The event's own id, which is its delivery key.
pub(super) fn event_id(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct IdOnly {
        id: String,
    }
    serde_json::from_slice::<IdOnly>(body).ok().map(|i| i.id)
}

const PATHS: FieldPaths = FieldPaths {
    currency: "data.object.currency",
    total: "data.object.amount_total",
    cause: "data.object.metadata.obole_cause",
};
/// The longest id taken from Stripe, in characters.
const MAX_ID_CHARS: usize = 255;

pub(super) fn parse(body: &[u8]) -> Result<Event, ParseError> {
    /// Most events are none of ours; those are read no further.
    #[derive(Deserialize)]
    struct TypeOnly {
        #[serde(rename = "type")]
        kind: String,
    }
    let TypeOnly { kind } = read(body)?;
    match kind.as_str() {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "charge.refunded" => {}
        _ => {
            return Ok(Event::Ignored(
                "an event of this type says nothing of a donation",
            ));
        }
    }
    let event: Envelope = read(body)?;
    if !event.livemode {
        return Ok(Event::Ignored("an event of Stripe's test mode"));
    }
    if event.kind == "charge.refunded" {
        refunded(event)
    } else {
        session(event)
    }
}

fn refunded(event: Envelope) -> Result<Event, ParseError> {
    let object = event.data.object;
    // A part of the charge may be the goods alone: the donation is refunded with the whole, or when
    // the merchant says so.
    let with_donation = object.refunded
        || object
            .metadata
            .get("obole_refunded")
            .is_some_and(|v| v == "true");
    if !with_donation {
        return Ok(Event::Ignored(
            "a part was refunded, without metadata.obole_refunded",
        ));
    }
    let order_id = object.payment_intent.unwrap_or(object.id);
    let refund_id = event.id.unwrap_or_else(|| format!("refund:{order_id}"));
    let mut errors = FieldErrors::default();
    errors.require_text("data.object.payment_intent", Some(&order_id), MAX_ID_CHARS);
    errors.require_text("id", Some(&refund_id), MAX_ID_CHARS);
    errors.finish(Event::Refund(Refund {
        at: DateTime::from_timestamp(event.created, 0),
        order_id,
        refund_id,
        donation_refunded: true,
        amount: None,
    }))
}

fn session(event: Envelope) -> Result<Event, ParseError> {
    let object = event.data.object;
    let given = |key: &str| {
        object
            .metadata
            .get(key)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    };
    let (cause, amount) = (given("obole_cause"), given("obole_amount"));
    if cause.is_none() && amount.is_none() {
        return Ok(Event::Ignored(
            "the order has no donation: neither metadata.obole_cause nor metadata.obole_amount",
        ));
    }
    if object.payment_status.as_deref() != Some("paid") {
        return Ok(Event::Ignored("the session is not paid yet"));
    }
    let order_id = object.payment_intent.as_ref().unwrap_or(&object.id).clone();
    let mut errors = FieldErrors::default();
    errors.require_text("data.object.payment_intent", Some(&order_id), MAX_ID_CHARS);
    let checkout = PlatformOrder {
        order_id,
        at: DateTime::from_timestamp(event.created, 0),
        // Stripe writes currencies in lower case.
        currency: object
            .currency
            .as_deref()
            .filter(|c| c.eq_ignore_ascii_case("EUR"))
            .map(|_| "EUR"),
        amount: amount
            .map(Amount::parse)
            .transpose()
            .map_err(|e| ParseError::field("data.object.metadata.obole_amount", e.to_string())),
        total_cents: Some(object.amount_total.unwrap_or(0)),
        donation_in_total: true,
        cause,
        consent: object.metadata.get("obole_consent").map(String::as_str),
        donor: object.person(),
        funded_by: FundedBy::Donor,
    }
    .checkout(&PATHS)?;
    errors.finish(checkout)
}

impl Object {
    fn person(&self) -> Person<'_> {
        let customer = self.customer_details.as_ref();
        // Stripe has one field for a name: its first word stands for the first name, unless the
        // metadata says better.
        let name = customer
            .and_then(|c| c.name.as_deref())
            .unwrap_or_default()
            .trim();
        let (first_name, last_name) = name.split_once(' ').unwrap_or(("", name));
        let metadata = |key: &str| self.metadata.get(key).map(String::as_str);
        let address = customer.and_then(|c| c.address.as_ref());
        Person {
            email: customer
                .and_then(|c| c.email.as_deref())
                .or(self.customer_email.as_deref()),
            first_name: metadata("obole_first_name").or(Some(first_name)),
            last_name: metadata("obole_last_name").or(Some(last_name)),
            line1: address.and_then(|a| a.line1.as_deref()),
            line2: address.and_then(|a| a.line2.as_deref()),
            postal_code: address.and_then(|a| a.postal_code.as_deref()),
            city: address.and_then(|a| a.city.as_deref()),
            country: address.and_then(|a| a.country.as_deref()),
            locale: self.locale.as_deref(),
        }
    }
}
