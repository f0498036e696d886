//! BigCommerce: its events carry only an order's number. The order and its products are fetched
//! from the platform's API (Orders V2) and enter the inbox as `{"order": …, "products": […]}`.
//!
//! The donation is every product found by the prefix of its SKU; a product option named like our
//! meta key names the cause.

use rust_decimal::Decimal;

use super::json::Json;
use super::json_reader::{read_json, text_of};
use super::moment::{Clock, instant};
use super::money::{cents_of, cents_of_units, charged, euros_of, euros_or_none, units_of};
use super::person::Person;
use super::platform_order::{
    DonationLine, FieldPaths, GivenBack, PlatformOrder, funded_by, number_id, unproven,
};
use super::sender::Sender;
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Event, ParseError, Refund};

const PATHS: FieldPaths = FieldPaths {
    currency: "order.currency_code",
    total: "order.total_inc_tax",
    cause: "products.product_options",
};

pub(super) fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    let text = text_of(body);
    let document = read_json(&text)?;
    if !document.get("order").is_null() {
        return fetched(
            sender.settings,
            document.get("order"),
            document.get("products"),
        );
    }
    let scope = document.get("scope").text().unwrap_or_default();
    if scope.starts_with("store/order/") {
        let order_id = number_id("data.id", document.get("data").get("id"))?;
        Ok(Event::OrderReference { order_id })
    } else {
        Ok(Event::Ignored("this scope says nothing of a donation"))
    }
}

/// What a state of an order says of the money.
enum Paid {
    No,
    Yes,
    /// All of it went back.
    GivenBack(&'static str),
}

/// The state by its number, which shops do not rename; by its name where there is no number.
fn paid(order: &Json<'_>) -> Paid {
    let name = order.get("status").text().unwrap_or_default();
    match (units_of(order.get("status_id")), name) {
        (Some(4), _) | (None, "Refunded") => Paid::GivenBack("refunded"),
        (Some(5), _) | (None, "Cancelled") => Paid::GivenBack("cancelled"),
        (Some(2 | 3 | 8..=11 | 14), _)
        | (
            None,
            "Awaiting Fulfillment"
            | "Awaiting Shipment"
            | "Awaiting Pickup"
            | "Partially Shipped"
            | "Shipped"
            | "Completed"
            | "Partially Refunded",
        ) => Paid::Yes,
        _ => Paid::No,
    }
}

fn option<'j>(product: &'j Json<'_>, name: &str) -> Option<&'j str> {
    let value = product
        .get("product_options")
        .value_of("display_name", name)?;
    value.filled()
}

/// A product that is a donation: what was charged for it, less the discounts on it.
fn donation_line<'j>(
    settings: &EndpointSettings,
    product: &'j Json<'_>,
) -> Result<DonationLine<'j>, ParseError> {
    let discounts = product.get("applied_discounts").items();
    let discount: Decimal = discounts.map(|d| euros_or_none(d.get("amount"))).sum();
    let total = euros_of(product.get("total_inc_tax"));
    let total = total.map(|t| (t - discount).max(Decimal::ZERO));
    let cents = charged("products.total_inc_tax", total)?;
    let quantity = units_of(product.get("quantity")).unwrap_or(1).max(1);
    let refunded = units_of(product.get("quantity_refunded")).unwrap_or(0);
    let back = cents_of_units(total.unwrap_or_default(), refunded, quantity);
    // The order is fetched as it now stands: units that went back are not charged.
    let left = cents.saturating_sub(back);
    Ok(DonationLine {
        cause: option(product, &settings.meta_key),
        consent: option(product, "_obole_consent"),
        charged_cents: left,
        left_cents: left,
        taxed: euros_or_none(product.get("total_tax")) > Decimal::ZERO,
        discounted: discount > Decimal::ZERO,
    })
}

fn fetched(
    settings: &EndpointSettings,
    order: &Json<'_>,
    products: &Json<'_>,
) -> Result<Event, ParseError> {
    let is_donation = |p: &&Json<'_>| {
        let sku = p.get("sku").filled();
        settings.is_donation_sku(sku)
    };
    let donations: Vec<_> = products.items().filter(is_donation).collect();
    if donations.is_empty() {
        return Ok(Event::Ignored(
            "the order has no donation: no product whose SKU begins with the prefix",
        ));
    }
    let stated = donations.iter().map(|p| donation_line(settings, p));
    let lines = stated.collect::<Result<Vec<_>, _>>()?;
    let order_id = number_id("order.id", order.get("id"))?;
    let total = euros_or_none(order.get("total_inc_tax"));
    let back = euros_or_none(order.get("refunded_amount"));
    let whole = match paid(order) {
        Paid::No => return Ok(Event::Ignored("the order is not paid")),
        Paid::GivenBack(name) => Some(name),
        Paid::Yes if total > Decimal::ZERO && back >= total => Some("refunded"),
        Paid::Yes if lines.iter().all(|l| l.left_cents == 0) => Some("donation"),
        Paid::Yes => None,
    };
    let given_back = GivenBack {
        whole,
        unproven: unnamed(&order_id, back, products),
        ..GivenBack::default()
    };
    PlatformOrder {
        order_id,
        at: instant(order.get("date_created"), Clock::Utc),
        currency: order.get("currency_code").filled(),
        total_cents: euros_of(order.get("total_inc_tax")).map(cents_of),
        lines,
        amount_is_by_rule: false,
        donation_in_total: true,
        given_back,
        donor: person(order.get("billing_address")),
        funded_by: funded_by(settings),
        identity: None,
    }
    .event(&PATHS)
}

/// A sum given back that no product names.
fn unnamed(order_id: &str, back: Decimal, products: &Json<'_>) -> Vec<Refund> {
    let names_units = products
        .items()
        .any(|p| units_of(p.get("quantity_refunded")).is_some_and(|n| n > 0));
    if names_units {
        Vec::new()
    } else {
        unproven(order_id, back)
    }
}

fn person<'j>(billing: &'j Json<'_>) -> Person<'j> {
    Person {
        email: billing.get("email").filled(),
        first_name: billing.get("first_name").filled(),
        last_name: billing.get("last_name").filled(),
        line1: billing.get("street_1").filled(),
        line2: billing.get("street_2").filled(),
        postal_code: billing.get("zip").filled(),
        city: billing.get("city").filled(),
        country: billing.get("country_iso2").filled(),
        locale: None,
    }
}
