//! Wix: the body of a webhook is a JSON Web Token (RFC 7519), whose payload carries the event as
//! text within text. The order is the entity or the body of the action.
//!
//! The donation is every line found by the prefix of its SKU; a line of the product's description,
//! or one of its options, named like our meta key, names the cause.

use rust_decimal::Decimal;

use super::json::Json;
use super::json_reader::{named, read_json, text_of};
use super::moment::{Clock, instant};
use super::money::{cents_of, charged, euros_of, euros_or_none};
use super::person::Person;
use super::platform_order::{
    DonationLine, FieldPaths, GivenBack, PlatformOrder, funded_by, text_id, unproven,
};
use super::sender::Sender;
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Event, ParseError};
use crate::inbox::signed_body::token;

const PATHS: FieldPaths = FieldPaths {
    currency: "order.currency",
    total: "order.priceSummary.total.amount",
    cause: "order.lineItems.descriptionLines",
};
/// The states of a payment that came; part of it may have gone back since.
const PAID: [&str; 4] = ["PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED", "REFUNDED"];

/// The text of a value: of a text itself, or none of what is already read.
fn inner_text(value: &Json<'_>) -> Option<String> {
    match value {
        Json::Text(text) => Some(text.clone().into_owned()),
        _ => None,
    }
}

/// The event within a payload, as text: `data.data` of the token.
fn event_text(body: &[u8]) -> Option<String> {
    let token = token(body)?;
    let claims = text_of(&token.payload);
    let claims = read_json(&claims).ok()?;
    let envelope = inner_text(claims.get("data"))?;
    let envelope = read_json(&envelope).ok()?;
    inner_text(envelope.get("data"))
}

/// The id that Wix gives each event, which is its delivery key.
pub(super) fn event_id(body: &[u8]) -> Option<String> {
    named(event_text(body)?.as_bytes(), "id")
}

pub(super) fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    let text = event_text(body)
        .ok_or_else(|| ParseError::field("data", "the token carries no event in data.data"))?;
    let event = read_json(&text)?;
    if event.get("entityFqdn").text() != Some("wix.ecom.v1.order") {
        return Ok(Event::Ignored("this event says nothing of a donation"));
    }
    for (kind, entity, as_text) in [
        ("createdEvent", "entity", "entityAsJson"),
        ("updatedEvent", "currentEntity", "currentEntityAsJson"),
        ("actionEvent", "body", "bodyAsJson"),
    ] {
        let said = event.get(kind);
        if let Some(text) = inner_text(said.get(as_text)) {
            return order_within(sender, &read_json(&text)?);
        }
        if !said.get(entity).is_null() {
            return order_within(sender, said.get(entity));
        }
    }
    Ok(Event::Ignored("the event carries no order"))
}

fn order_within(sender: &Sender<'_>, document: &Json<'_>) -> Result<Event, ParseError> {
    let within = document.get("order");
    order(sender, if within.is_null() { document } else { within })
}

/// A text in the store's own language.
fn original<'j>(text: &'j Json<'_>) -> Option<&'j str> {
    text.get("original").filled().or_else(|| text.filled())
}

/// What the customer chose or wrote beside the product, under a name.
fn choice<'j>(line: &'j Json<'_>, name: &str) -> Option<&'j str> {
    let mut described = line.get("descriptionLines").items();
    let found = described.find(|d| original(d.get("name")) == Some(name));
    let described = found.and_then(|d| {
        let written = original(d.get("plainText"));
        written.or_else(|| original(d.get("plainTextValue")))
    });
    let options = line.get("catalogReference").get("options");
    described
        .or_else(|| options.get("customTextFields").get(name).filled())
        .or_else(|| options.get("options").get(name).filled())
}

fn sum(price: &Json<'_>) -> Option<Decimal> {
    euros_of(price.get("amount"))
}

fn donation_line<'j>(
    settings: &EndpointSettings,
    line: &'j Json<'_>,
) -> Result<DonationLine<'j>, ParseError> {
    let quantity = euros_of(line.get("quantity")).unwrap_or(Decimal::ONE);
    let by_unit = || sum(line.get("price")).and_then(|p| p.checked_mul(quantity));
    let total = sum(line.get("totalPriceAfterTax")).or_else(by_unit);
    let cents = charged("order.lineItems.totalPriceAfterTax.amount", total)?;
    let tax = [line.get("taxDetails"), line.get("taxInfo")];
    let tax = tax
        .iter()
        .filter_map(|t| sum(t.get("totalTax")).or_else(|| sum(t.get("taxAmount"))));
    Ok(DonationLine {
        cause: choice(line, &settings.meta_key),
        consent: choice(line, "_obole_consent"),
        charged_cents: cents,
        left_cents: cents,
        taxed: tax.sum::<Decimal>() > Decimal::ZERO,
        discounted: sum(line.get("totalDiscount")).unwrap_or_default() > Decimal::ZERO,
    })
}

fn order(sender: &Sender<'_>, order: &Json<'_>) -> Result<Event, ParseError> {
    let settings = sender.settings;
    let is_donation = |l: &&Json<'_>| {
        let sku = l.get("physicalProperties").get("sku").filled();
        let sku = sku.or_else(|| l.get("sku").filled());
        settings.is_donation_sku(sku)
    };
    let donations: Vec<_> = order.get("lineItems").items().filter(is_donation).collect();
    if donations.is_empty() {
        return Ok(Event::Ignored(
            "the order has no donation: no line whose SKU begins with the prefix",
        ));
    }
    let paid = order.get("paymentStatus").text().unwrap_or_default();
    if !PAID.contains(&paid) {
        return Ok(Event::Ignored("the order is not paid"));
    }
    let stated = donations.iter().map(|l| donation_line(settings, l));
    let lines = stated.collect::<Result<Vec<_>, _>>()?;
    let order_id = text_id("order.id", order.get("id"))?;
    let back = euros_or_none(order.get("balanceSummary").get("refunded").get("amount"));
    let total = sum(order.get("priceSummary").get("total"));
    let whole = if paid.ends_with("REFUNDED") && paid != "PARTIALLY_REFUNDED" {
        Some("refunded")
    } else {
        (order.get("status").text() == Some("CANCELED")).then_some("canceled")
    };
    let paid_at = instant(order.get("purchasedDate"), Clock::Utc);
    PlatformOrder {
        at: paid_at.or_else(|| instant(order.get("createdDate"), Clock::Utc)),
        currency: order.get("currency").filled(),
        total_cents: total.map(cents_of),
        lines,
        amount_is_by_rule: false,
        donation_in_total: true,
        given_back: GivenBack {
            whole,
            unproven: unproven(&order_id, back),
            ..GivenBack::default()
        },
        donor: person(order),
        funded_by: funded_by(settings),
        identity: None,
        order_id,
    }
    .event(&PATHS)
}

fn person<'j>(order: &'j Json<'_>) -> Person<'j> {
    let billing = order.get("billingInfo");
    let (contact, address) = (billing.get("contactDetails"), billing.get("address"));
    Person {
        email: order.get("buyerInfo").get("email").filled(),
        first_name: contact.get("firstName").filled(),
        last_name: contact.get("lastName").filled(),
        line1: address.get("addressLine").filled(),
        line2: address.get("addressLine2").filled(),
        postal_code: address.get("postalCode").filled(),
        city: address.get("city").filled(),
        country: address.get("country").filled(),
        locale: order.get("buyerLanguage").filled(),
    }
}
