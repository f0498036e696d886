//! Stripe: `checkout.session.completed` with the gift in the metadata, and `charge.refunded`.
//!
//! The order is named by its payment intent, which both events carry.

use std::collections::HashMap;

use chrono::DateTime;
use serde::Deserialize;

use super::{Person, consent, read};
use crate::donations::FundedBy;
use crate::inbox::event::{Checkout, Event, ParseError, Refund};
use crate::values::{Amount, FieldError, slug_is_valid};

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

/// The event's own id.
pub(super) fn event_id(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    serde_json::from_slice::<Id>(body).ok().map(|i| i.id)
}

pub(super) fn parse(body: &[u8]) -> Result<Event, ParseError> {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    let Kind { kind } = read(body)?;
    if kind != "checkout.session.completed"
        && kind != "checkout.session.async_payment_succeeded"
        && kind != "charge.refunded"
    {
        return Ok(Event::Nothing(
            "an event of this type says nothing of a gift",
        ));
    }
    let event: Envelope = read(body)?;
    let object = event.data.object;
    if !event.livemode {
        return Ok(Event::Nothing("an event of Stripe's test mode"));
    }
    let at = DateTime::from_timestamp(event.created, 0);
    let order_id = object.payment_intent.unwrap_or(object.id);
    if event.kind == "charge.refunded" {
        // A part may be the goods alone: only the whole, or a word of the shop, is the gift as well.
        let gift_too = object.refunded
            || object
                .metadata
                .get("obole_refunded")
                .is_some_and(|v| v == "true");
        if !gift_too {
            return Ok(Event::Nothing(
                "a part was refunded, without metadata.obole_refunded",
            ));
        }
        let refund_id = event.id.unwrap_or_else(|| format!("refund:{order_id}"));
        return Ok(Event::Refund(Refund {
            at,
            order_id,
            refund_id,
            donation_refunded: true,
        }));
    }
    let cause = object.metadata.get("obole_cause").filter(|c| !c.is_empty());
    let told = object
        .metadata
        .get("obole_amount")
        .filter(|a| !a.is_empty());
    if cause.is_none() && told.is_none() {
        return Ok(Event::Nothing(
            "the order has no gift: neither metadata.obole_cause nor metadata.obole_amount",
        ));
    }
    if object.payment_status.as_deref() != Some("paid") {
        return Ok(Event::Nothing("the session is not paid yet"));
    }
    let wrong = |field: &str, message: String| {
        ParseError(vec![FieldError::new(
            format!("data.object.{field}"),
            message,
        )])
    };
    if object
        .currency
        .as_deref()
        .is_none_or(|c| !c.eq_ignore_ascii_case("eur"))
    {
        return Err(wrong("currency", "gifts are in euros".into()));
    }
    if cause.is_some_and(|c| !slug_is_valid(c)) {
        return Err(wrong(
            "metadata.obole_cause",
            "a cause is named by its slug, such as foret-vivante".into(),
        ));
    }
    let amount = told
        .map(|a| Amount::parse(a))
        .transpose()
        .map_err(|e| wrong("metadata.obole_amount", e.to_string()))?;
    let customer = object.customer_details.unwrap_or(Customer {
        email: None,
        name: None,
        address: None,
    });
    // Stripe has one field for a name: the first word is taken for the first name, unless the shop tells better.
    let name = customer.name.as_deref().unwrap_or_default().trim();
    let (first, last) = name.split_once(' ').unwrap_or(("", name));
    let address = customer.address.as_ref();
    let donor = Person {
        email: customer
            .email
            .as_deref()
            .or(object.customer_email.as_deref()),
        first_name: object
            .metadata
            .get("obole_first_name")
            .map(String::as_str)
            .or(Some(first)),
        last_name: object
            .metadata
            .get("obole_last_name")
            .map(String::as_str)
            .or(Some(last)),
        line1: address.and_then(|a| a.line1.as_deref()),
        line2: address.and_then(|a| a.line2.as_deref()),
        postal_code: address.and_then(|a| a.postal_code.as_deref()),
        city: address.and_then(|a| a.city.as_deref()),
        country: address.and_then(|a| a.country.as_deref()),
        locale: object.locale.as_deref(),
    };
    Ok(Event::Checkout(Box::new(Checkout {
        at,
        order_id,
        order_total_cents: object
            .amount_total
            .unwrap_or(0)
            .saturating_sub(amount.map_or(0, Amount::cents))
            .max(0),
        amount,
        cause: cause.cloned(),
        consent: consent(object.metadata.get("obole_consent").map(String::as_str)),
        donor: donor.told(),
        funded_by: FundedBy::Donor,
        restated: true,
    })))
}
