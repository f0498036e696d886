//! Ecwid: its webhooks carry only an order's id, and sign no more than when and what the event is.
//! The order is fetched from the store's API and enters the inbox as `{"order": …}`.
//!
//! The donation is every item found by the prefix of its SKU; an option of the product, named like
//! our meta key, names the cause.

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
use crate::inbox::event::{Event, ParseError};

const PATHS: FieldPaths = FieldPaths {
    currency: "order.currency",
    total: "order.total",
    cause: "order.items.selectedOptions",
};
/// The states of a payment that came; part of it may have gone back since.
const PAID: [&str; 4] = ["PAID", "PARTIALLY_REFUNDED", "REFUNDED", "CANCELLED"];

pub(super) fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    let text = text_of(body);
    let document = read_json(&text)?;
    if !document.get("order").is_null() {
        return fetched(sender, document.get("order"));
    }
    let kind = document.get("eventType").text().unwrap_or_default();
    if !matches!(kind, "order.created" | "order.updated") {
        return Ok(Event::Ignored("this event says nothing of a donation"));
    }
    let named = document.get("data").get("orderId");
    let order_id = if named.is_null() {
        text_id("entityId", document.get("entityId"))?
    } else {
        text_id("data.orderId", named)?
    };
    Ok(Event::OrderReference { order_id })
}

fn option<'j>(item: &'j Json<'_>, name: &str) -> Option<&'j str> {
    item.get("selectedOptions").value_of("name", name)?.filled()
}

fn donation_line<'j>(
    sender: &Sender<'_>,
    order: &Json<'_>,
    item: &'j Json<'_>,
) -> Result<DonationLine<'j>, ParseError> {
    let quantity = match item.get("quantity") {
        Json::Null => Some(Decimal::ONE),
        told => euros_of(told),
    };
    let price = euros_of(item.get("price"));
    let discounts = item.get("discounts").items();
    let discount: Decimal = discounts.map(|d| euros_or_none(d.get("total"))).sum();
    let discount = discount + euros_or_none(item.get("couponAmount"));
    let tax = euros_or_none(item.get("tax"));
    let included = order.get("pricesIncludeTax").is_true();
    let added = if included { Decimal::ZERO } else { tax };
    let sum = price.zip(quantity).and_then(|(p, q)| p.checked_mul(q));
    let cents = charged("order.items.price", sum.map(|s| s - discount + added))?;
    Ok(DonationLine {
        cause: option(item, &sender.settings.meta_key),
        consent: option(item, "_obole_consent"),
        charged_cents: cents,
        left_cents: cents,
        taxed: tax > Decimal::ZERO,
        discounted: discount > Decimal::ZERO,
    })
}

fn fetched(sender: &Sender<'_>, order: &Json<'_>) -> Result<Event, ParseError> {
    let is_donation = |i: &&Json<'_>| {
        let sku = i.get("sku").filled();
        sender.settings.is_donation_sku(sku)
    };
    let donations: Vec<_> = order.get("items").items().filter(is_donation).collect();
    if donations.is_empty() {
        return Ok(Event::Ignored(
            "the order has no donation: no item whose SKU begins with the prefix",
        ));
    }
    let state = order.get("paymentStatus").text().unwrap_or_default();
    if !PAID.contains(&state) {
        return Ok(Event::Ignored("the order is not paid"));
    }
    let stated = donations.iter().map(|i| donation_line(sender, order, i));
    let lines = stated.collect::<Result<Vec<_>, _>>()?;
    let order_id = text_id("order.id", order.get("id"))?;
    let total = euros_or_none(order.get("total"));
    let back = euros_or_none(order.get("refundedAmount"));
    let whole = match state {
        "REFUNDED" => Some("refunded"),
        "CANCELLED" => Some("cancelled"),
        _ => (total > Decimal::ZERO && back >= total).then_some("refunded"),
    };
    PlatformOrder {
        at: instant(order.get("createTimestamp"), Clock::Utc)
            .or_else(|| instant(order.get("createDate"), Clock::Utc)),
        // Ecwid's orders are in the store's currency, and not all of them repeat it.
        currency: order.get("currency").filled().or(Some("EUR")),
        total_cents: euros_of(order.get("total")).map(cents_of),
        lines,
        amount_is_by_rule: false,
        donation_in_total: true,
        given_back: GivenBack {
            whole,
            unproven: unproven(&order_id, back),
            ..GivenBack::default()
        },
        donor: person(order),
        funded_by: funded_by(sender.settings),
        identity: None,
        order_id,
    }
    .event(&PATHS)
}

fn person<'j>(order: &'j Json<'_>) -> Person<'j> {
    let billing = order.get("billingPerson");
    let name = billing.get("name").filled();
    // One name for both: the first word is the first name.
    let (first, last) = match name.and_then(|n| n.split_once(' ')) {
        Some((first, last)) => (Some(first), Some(last.trim())),
        None => (None, name),
    };
    Person {
        email: order.get("email").filled(),
        first_name: billing.get("firstName").filled().or(first),
        last_name: billing.get("lastName").filled().or(last),
        line1: billing.get("street").filled(),
        line2: None,
        postal_code: billing.get("postalCode").filled(),
        city: billing.get("city").filled(),
        country: billing.get("countryCode").filled(),
        locale: order.get("lang").filled(),
    }
}
