//! Stripe: paid checkout sessions with the donation in the metadata, and what their customers got
//! back: refunded charges, refunds by themselves, and lost disputes.
//!
//! The order is named by its payment intent, which all of these carry; a session of a subscription
//! has none, and is named by itself.

use chrono::DateTime;

use super::json::Json;
use super::json_reader::{read_json, text_of};
use super::money::{cents_of, euros_of, units_of};
use super::person::Person;
use super::platform_order::{DonationLine, FieldPaths, GivenBack, PlatformOrder};
use super::sender::Sender;
use crate::donations::FundedBy;
use crate::inbox::event::{Event, FieldErrors, ParseError, Refund, RefundProof};
use crate::values::Amount;

const PATHS: FieldPaths = FieldPaths {
    currency: "data.object.currency",
    total: "data.object.amount_total",
    cause: "data.object.metadata.obole_cause",
};
/// The longest id taken from Stripe, in characters.
const MAX_ID_CHARS: usize = 255;

pub(super) fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    let text = text_of(body);
    let event = read_json(&text)?;
    let object = event.get("data").get("object");
    let read = match event.get("type").text().unwrap_or_default() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => session,
        "charge.refunded" => charge_refunded,
        "refund.created" | "refund.updated" | "charge.refund.updated" | "refund.failed" => refund,
        "charge.dispute.closed" | "charge.dispute.funds_withdrawn" => dispute,
        _ => {
            return Ok(Event::Ignored(
                "an event of this type says nothing of a donation",
            ));
        }
    };
    let understood = read(&event, object)?;
    // An order without a donation is nothing, tried out or not.
    if !event.get("livemode").is_true() && !sender.test && !matches!(understood, Event::Ignored(_))
    {
        return Ok(Event::Ignored("an event of Stripe's test mode"));
    }
    Ok(understood)
}

fn created(event: &Json<'_>) -> Option<DateTime<chrono::Utc>> {
    DateTime::from_timestamp(units_of(event.get("created"))?, 0)
}

/// An id that Stripe writes as such, or as the object that it expanded.
fn id_of<'j>(field: &'j Json<'_>) -> Option<&'j str> {
    field.filled().or_else(|| field.get("id").filled())
}

/// Whether the metadata are those that we ask for.
fn is_ours(metadata: &Json<'_>) -> bool {
    ["obole_cause", "obole_amount"]
        .iter()
        .any(|key| metadata.get(key).filled().is_some())
}

/// The refund of an order that a charge, a refund or a dispute names.
fn told_back(
    event: &Json<'_>,
    object: &Json<'_>,
    refund_id: Option<&str>,
    told: Refund,
) -> Result<Event, ParseError> {
    let order = id_of(object.get("payment_intent")).or_else(|| id_of(object.get("charge")));
    let order_id = order
        .or_else(|| object.get("id").filled())
        .unwrap_or_default();
    let refund_id = refund_id.map_or_else(|| format!("refund:{order_id}"), str::to_owned);
    let mut errors = FieldErrors::default();
    errors.require_text("data.object.payment_intent", Some(order_id), MAX_ID_CHARS);
    errors.require_text("id", Some(&refund_id), MAX_ID_CHARS);
    errors.finish(Event::Refund(Refund {
        at: created(event),
        order_id: order_id.to_owned(),
        refund_id,
        ..told
    }))
}

/// A refund of all, and one of a sum that may be the goods' alone.
fn whole() -> Refund {
    Refund {
        waits: false,
        ..Refund::of_all(String::new(), "")
    }
}

fn of_sum(cents: Option<i64>, proof: RefundProof) -> Refund {
    Refund {
        amount: cents.and_then(|c| Amount::from_cents(c).ok()),
        proof,
        ..whole()
    }
}

fn charge_refunded(event: &Json<'_>, charge: &Json<'_>) -> Result<Event, ParseError> {
    let metadata = charge.get("metadata");
    let back = units_of(charge.get("amount_refunded"));
    let is_whole = charge.get("refunded").is_true()
        || back.is_some_and(|b| b > 0 && units_of(charge.get("amount")).is_some_and(|a| b >= a));
    // The merchant says that the donation went back with the part.
    let is_told = metadata.get("obole_refunded").is_true();
    let told = match is_whole || is_told {
        true => whole(),
        false => of_sum(back, RefundProof::Unproven),
    };
    // A charge with our metadata is an order of ours, which may come later than its refund.
    let waits = is_ours(metadata) && told.proof == RefundProof::Proven;
    told_back(
        event,
        charge,
        event.get("id").filled(),
        Refund { waits, ..told },
    )
}

fn refund(event: &Json<'_>, refund: &Json<'_>) -> Result<Event, ParseError> {
    let cents = units_of(refund.get("amount"));
    let told = match refund.get("status").text() {
        Some("failed" | "canceled") => of_sum(cents, RefundProof::Failed),
        _ if refund.get("metadata").get("obole_refunded").is_true() => whole(),
        _ => of_sum(cents, RefundProof::Unproven),
    };
    told_back(event, refund, refund.get("id").filled(), told)
}

fn dispute(event: &Json<'_>, dispute: &Json<'_>) -> Result<Event, ParseError> {
    if dispute.get("status").text() != Some("lost") {
        return Ok(Event::Ignored("the dispute is not lost"));
    }
    let told = of_sum(units_of(dispute.get("amount")), RefundProof::Unproven);
    told_back(event, dispute, dispute.get("id").filled(), told)
}

fn session(event: &Json<'_>, session: &Json<'_>) -> Result<Event, ParseError> {
    let metadata = session.get("metadata");
    if !is_ours(metadata) {
        return Ok(Event::Ignored(
            "the order has no donation: neither metadata.obole_cause nor metadata.obole_amount",
        ));
    }
    if session.get("payment_status").text() != Some("paid") {
        return Ok(Event::Ignored("the session is not paid yet"));
    }
    let total_cents = units_of(session.get("amount_total"));
    if total_cents.is_some_and(|total| total <= 0) {
        return Ok(Event::Ignored("nothing was charged for the donation"));
    }
    let told = metadata.get("obole_amount");
    let cents = match (told.filled(), euros_of(told)) {
        (None, _) => None,
        (Some(_), Some(euros)) => Some(cents_of(euros)),
        (Some(_), None) => {
            let field = "data.object.metadata.obole_amount";
            return Err(ParseError::field(field, "not an amount such as 1.00"));
        }
    };
    let order_id = id_of(session.get("payment_intent")).or(session.get("id").filled());
    let mut errors = FieldErrors::default();
    let order_id = order_id.unwrap_or_default();
    errors.require_text("data.object.payment_intent", Some(order_id), MAX_ID_CHARS);
    let checkout = PlatformOrder {
        order_id: order_id.to_owned(),
        at: created(event),
        currency: session.get("currency").filled(),
        total_cents: Some(total_cents.unwrap_or(0))
            .filter(|_| total_cents.is_some() || cents.is_none()),
        lines: vec![DonationLine {
            cause: metadata.get("obole_cause").filled(),
            consent: metadata.get("obole_consent").filled(),
            charged_cents: cents.unwrap_or(0),
            left_cents: cents.unwrap_or(0),
            ..DonationLine::default()
        }],
        amount_is_by_rule: cents.is_none(),
        donation_in_total: true,
        given_back: GivenBack::default(),
        donor: person(session),
        funded_by: FundedBy::Donor,
        identity: None,
    }
    .event(&PATHS)?;
    errors.finish(checkout)
}

fn person<'j>(session: &'j Json<'_>) -> Person<'j> {
    let customer = session.get("customer_details");
    // Stripe has one field for a name: its first word stands for the first name, unless the
    // metadata say better.
    let name = customer.get("name").filled().unwrap_or_default();
    let (first_name, last_name) = name.split_once(' ').unwrap_or(("", name));
    let metadata = |key: &str| session.get("metadata").get(key).filled();
    let address = customer.get("address");
    Person {
        email: customer
            .get("email")
            .filled()
            .or(session.get("customer_email").filled()),
        first_name: metadata("obole_first_name").or(Some(first_name)),
        last_name: metadata("obole_last_name").or(Some(last_name)),
        line1: address.get("line1").filled(),
        line2: address.get("line2").filled(),
        postal_code: address.get("postal_code").filled(),
        city: address.get("city").filled(),
        country: address.get("country").filled(),
        locale: session.get("locale").filled(),
    }
}
