//! Squarespace: its notifications carry only an order's id. The order is fetched from the
//! Commerce API and enters the inbox as `{"order": …}`.
//!
//! The donation is every line found by the prefix of its SKU; a form field or an option of the
//! product, named like our meta key, names the cause.

use rust_decimal::Decimal;

use super::json::Json;
use super::json_reader::{read_json, text_of};
use super::moment::{Clock, instant};
use super::money::{cents_of, charged, euros_of, euros_or_none};
use super::person::Person;
use super::platform_order::{
    DonationLine, FieldPaths, GivenBack, PlatformOrder, funded_by, text_id, unproven,
};
use super::sender::Sender;
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Event, ParseError};

const PATHS: FieldPaths = FieldPaths {
    currency: "order.grandTotal.currency",
    total: "order.grandTotal.value",
    cause: "order.lineItems.customizations",
};

pub(super) fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    let text = text_of(body);
    let document = read_json(&text)?;
    if !document.get("order").is_null() {
        return fetched(sender, document.get("order"));
    }
    let topic = document.get("topic").text().unwrap_or_default();
    if !topic.starts_with("order.") {
        return Ok(Event::Ignored("this topic says nothing of a donation"));
    }
    let order_id = text_id("data.orderId", document.get("data").get("orderId"))?;
    Ok(Event::OrderReference { order_id })
}

/// What the customer chose or wrote beside the product, under a name.
fn choice<'j>(line: &'j Json<'_>, name: &str) -> Option<&'j str> {
    let written = line.get("customizations").value_of("label", name);
    let chosen = || line.get("variantOptions").value_of("optionName", name);
    written.or_else(chosen)?.filled()
}

fn donation_line<'j>(
    settings: &EndpointSettings,
    line: &'j Json<'_>,
) -> Result<DonationLine<'j>, ParseError> {
    let price = euros_of(line.get("unitPricePaid").get("value"));
    let quantity = match line.get("quantity") {
        Json::Null => Some(Decimal::ONE),
        told => euros_of(told),
    };
    let sum = price.zip(quantity).and_then(|(p, q)| p.checked_mul(q));
    let cents = charged("order.lineItems.unitPricePaid.value", sum)?;
    Ok(DonationLine {
        cause: choice(line, &settings.meta_key),
        consent: choice(line, "_obole_consent"),
        charged_cents: cents,
        left_cents: cents,
        ..DonationLine::default()
    })
}

fn fetched(sender: &Sender<'_>, order: &Json<'_>) -> Result<Event, ParseError> {
    let settings = sender.settings;
    let is_donation = |l: &&Json<'_>| {
        let sku = l.get("sku").filled();
        settings.is_donation_sku(sku)
    };
    let donations: Vec<_> = order.get("lineItems").items().filter(is_donation).collect();
    if donations.is_empty() {
        return Ok(Event::Ignored(
            "the order has no donation: no line whose SKU begins with the prefix",
        ));
    }
    if order.get("testmode").is_true() && !sender.test {
        return Ok(Event::Ignored("a test order"));
    }
    let stated = donations.iter().map(|l| donation_line(settings, l));
    let lines = stated.collect::<Result<Vec<_>, _>>()?;
    let order_id = text_id("order.id", order.get("id"))?;
    let total = euros_or_none(order.get("grandTotal").get("value"));
    let back = euros_or_none(order.get("refundedTotal").get("value"));
    // An order is there once it is paid; only a manual payment may still be missing.
    let canceled = order.get("fulfillmentStatus").text() == Some("CANCELED");
    let whole = if total > Decimal::ZERO && back >= total {
        Some("refunded")
    } else {
        canceled.then_some("canceled")
    };
    let discount = euros_or_none(order.get("discountTotal").get("value"));
    PlatformOrder {
        at: instant(order.get("createdOn"), Clock::Utc),
        currency: order.get("grandTotal").get("currency").filled(),
        total_cents: euros_of(order.get("grandTotal").get("value")).map(cents_of),
        lines: discounted(lines, discount > Decimal::ZERO),
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

/// A discount is told for the whole order: whether it took from the donation, a person says.
fn discounted(lines: Vec<DonationLine<'_>>, discounted: bool) -> Vec<DonationLine<'_>> {
    let flagged = lines
        .into_iter()
        .map(|line| DonationLine { discounted, ..line });
    flagged.collect()
}

fn person<'j>(order: &'j Json<'_>) -> Person<'j> {
    let billing = order.get("billingAddress");
    Person {
        email: order.get("customerEmail").filled(),
        first_name: billing.get("firstName").filled(),
        last_name: billing.get("lastName").filled(),
        line1: billing.get("address1").filled(),
        line2: billing.get("address2").filled(),
        postal_code: billing.get("postalCode").filled(),
        city: billing.get("city").filled(),
        country: billing.get("countryCode").filled(),
        locale: None,
    }
}
