//! Shopify: `orders/paid` and what tells the whole order again, and `refunds/create`.
//!
//! The donation is a hidden product found by the prefix of its SKU, or a note attribute when the
//! merchant pays it itself.

use rust_decimal::Decimal;

use super::json::Json;
use super::json_reader::{read_json, text_of};
use super::moment::{Clock, instant};
use super::money::{cents_of, cents_of_units, charged, euros_of, euros_or_none, units_of};
use super::person::Person;
use super::platform_order::{
    DonationLine, FieldPaths, GivenBack, PlatformOrder, funded_by, joined, number_id, refund_name,
};
use super::sender::Sender;
use crate::donations::FundedBy;
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Event, ParseError, Refund, RefundProof};
use crate::values::Amount;

const PATHS: FieldPaths = FieldPaths {
    currency: "currency",
    total: "total_price",
    cause: "_obole_cause",
};
/// The states of an order that was paid.
const PAID: [&str; 3] = ["paid", "partially_refunded", "refunded"];

pub(super) fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    let topic = sender.topic.unwrap_or_default();
    if !topic.starts_with("orders/") && topic != "refunds/create" {
        return Ok(Event::Ignored("this topic says nothing of a donation"));
    }
    let text = text_of(body);
    let body = read_json(&text)?;
    if topic == "refunds/create" {
        return refunded(sender.settings, &body);
    }
    if body.get("line_items").items().next().is_none() && !body.get("order_edit").is_null() {
        return Ok(Event::Ignored("orders/updated tells what an edit changed"));
    }
    order(sender, topic, &body)
}

/// A line of an order, or of a refund.
struct Line<'j> {
    line: &'j Json<'j>,
    settings: &'j EndpointSettings,
}

impl<'j> Line<'j> {
    fn is_donation(&self) -> bool {
        let sku = self.line.get("sku").filled();
        self.settings.is_donation_sku(sku)
    }

    fn property(&self, name: &str) -> Option<&'j str> {
        let value = self.line.get("properties").value_of("name", name)?;
        value.filled()
    }

    fn cause(&self) -> Option<&'j str> {
        self.property(&self.settings.meta_key)
    }

    /// The units bought; one where the line does not say.
    fn quantity(&self) -> Result<i64, ParseError> {
        let quantity = self.line.get("quantity");
        if quantity.is_null() {
            return Ok(1);
        }
        units_of(quantity).filter(|n| *n >= 0).ok_or_else(|| {
            ParseError::field(
                "line_items.quantity",
                "the donation's quantity is no number of units",
            )
        })
    }

    /// What discounts took off the whole line.
    fn discount(&self) -> Decimal {
        let allocations = self.line.get("discount_allocations");
        if allocations.items().next().is_none() {
            return euros_or_none(self.line.get("total_discount"));
        }
        let taken = allocations.items().map(|a| euros_or_none(a.get("amount")));
        taken.sum()
    }

    /// The tax told beside the line.
    fn tax(&self) -> Decimal {
        let taxes = self.line.get("tax_lines").items();
        taxes.map(|t| euros_or_none(t.get("price"))).sum()
    }

    /// What the whole line cost, with its tax where prices are without.
    fn total(&self, prices_have_tax: bool) -> Result<Decimal, ParseError> {
        let price = euros_of(self.line.get("price"));
        let whole = price.and_then(|p| p.checked_mul(Decimal::from(self.quantity().ok()?)));
        let tax = if prices_have_tax {
            Decimal::ZERO
        } else {
            self.tax()
        };
        let total = whole.map(|w| (w - self.discount()).max(Decimal::ZERO) + tax);
        charged("line_items.price", total)?;
        Ok(total.unwrap_or_default())
    }
}

/// The donation's lines that a refund gives back, and how many units of each.
fn refunded_lines<'j>(
    settings: &'j EndpointSettings,
    refund: &'j Json<'j>,
    order_lines: &'j Json<'j>,
) -> Vec<(Line<'j>, i64)> {
    let mut found = Vec::new();
    for entry in refund.get("refund_line_items").items() {
        let id = entry.get("line_item_id").filled();
        let of_order = order_lines
            .items()
            .find(|l| id.is_some() && l.get("id").filled() == id);
        let line = Line {
            line: of_order.unwrap_or_else(|| entry.get("line_item")),
            settings,
        };
        if line.is_donation() {
            found.push((line, units_of(entry.get("quantity")).unwrap_or(1)));
        }
    }
    found
}

/// What a refund says of the donation: the parts of it that it names, or that it may have given
/// back some.
fn refund_parts(
    settings: &EndpointSettings,
    order_id: &str,
    refund: &Json<'_>,
    order: &Json<'_>,
) -> Result<(Vec<Refund>, Option<Refund>), ParseError> {
    let refund_id = number_id("id", refund.get("id"))?;
    let lines = refunded_lines(settings, refund, order.get("line_items"));
    // Lines taken off an order that is not paid are told as a refund without money.
    let transactions = refund.get("transactions");
    let has_money = transactions.is_null() || transactions.items().next().is_some();
    let prices_have_tax = order.get("taxes_included").is_true();
    let told = |amount, proof| Refund {
        at: instant(refund.get("created_at"), Clock::Utc),
        amount,
        proof,
        waits: has_money && proof == RefundProof::Proven,
        ..Refund::of_all(order_id.to_owned(), refund_id.clone())
    };
    let mut by_cause: Vec<(Option<&str>, i64)> = Vec::new();
    for (line, units) in &lines {
        let total = line.total(prices_have_tax)?;
        let cents = cents_of_units(total, *units, line.quantity()?);
        match by_cause
            .iter_mut()
            .find(|(cause, _)| *cause == line.cause())
        {
            Some((_, sum)) => *sum += cents,
            None => by_cause.push((line.cause(), cents)),
        }
    }
    let several = by_cause.len() > 1;
    let mut proven = Vec::new();
    for (cause, cents) in by_cause {
        let Ok(amount) = Amount::from_cents(cents) else {
            continue;
        };
        proven.push(Refund {
            refund_id: refund_name(&refund_id, cause, several),
            cause: cause.map(str::to_owned),
            ..told(Some(amount), RefundProof::Proven)
        });
    }
    let beyond = Amount::from_cents(beyond_its_lines(refund)).ok();
    let unproven = beyond
        .filter(|_| proven.is_empty())
        .map(|amount| told(Some(amount), RefundProof::Unproven));
    Ok((proven, unproven))
}

/// How much a refund gave back beyond the lines and the shipping that it names, in cents.
fn beyond_its_lines(refund: &Json<'_>) -> i64 {
    let is_done = |t: &&Json<'_>| {
        matches!(t.get("kind").text(), None | Some("refund"))
            && !matches!(t.get("status").text(), Some("failure" | "error"))
    };
    let paid: Decimal = refund
        .get("transactions")
        .items()
        .filter(is_done)
        .map(|t| euros_or_none(t.get("amount")))
        .sum();
    let of_lines: Decimal = refund
        .get("refund_line_items")
        .items()
        .map(|l| euros_or_none(l.get("subtotal")) + euros_or_none(l.get("total_tax")))
        .sum();
    let adjusted: Decimal = refund
        .get("order_adjustments")
        .items()
        .filter(|a| a.get("kind").text() == Some("refund_discrepancy"))
        .map(|a| euros_or_none(a.get("amount")) + euros_or_none(a.get("tax_amount")))
        .sum();
    let names_lines = refund.get("refund_line_items").items().next().is_some();
    let names_shipping = refund.get("order_adjustments").items().next().is_some()
        || refund.get("refund_shipping_lines").items().next().is_some();
    if adjusted < Decimal::ZERO {
        // What was given back beyond the lines is told as a negative adjustment.
        return cents_of(-adjusted);
    }
    if names_lines || names_shipping {
        return cents_of(if names_shipping {
            Decimal::ZERO
        } else {
            paid - of_lines
        });
    }
    cents_of(paid)
}

fn refunded(settings: &EndpointSettings, refund: &Json<'_>) -> Result<Event, ParseError> {
    const NOTHING: Event = Event::Ignored("the refund does not touch the donation");
    let has_lines = !refunded_lines(settings, refund, &Json::Null).is_empty();
    if !has_lines && beyond_its_lines(refund) <= 0 {
        return Ok(NOTHING);
    }
    let order_id = number_id("order_id", refund.get("order_id"))?;
    let (proven, unproven) = refund_parts(settings, &order_id, refund, &Json::Null)?;
    let parts: Vec<Event> = proven
        .into_iter()
        .chain(unproven)
        .map(Event::Refund)
        .collect();
    if parts.is_empty() {
        return Ok(NOTHING);
    }
    Ok(joined(parts))
}

fn order(sender: &Sender<'_>, topic: &str, order: &Json<'_>) -> Result<Event, ParseError> {
    let settings = sender.settings;
    let all = order.get("line_items").items();
    let lines: Vec<Line<'_>> = all
        .map(|line| Line { line, settings })
        .filter(Line::is_donation)
        .collect();
    let note = |name: &str| order.get("note_attributes").value_of("name", name);
    let funded = note(&settings.attribute).and_then(Json::filled);
    if lines.is_empty() && funded.is_none() {
        return Ok(Event::Ignored(
            "the order has no donation: no line whose SKU begins with the prefix, and no note \
             attribute",
        ));
    }
    if order.get("test").is_true() && !sender.test {
        return Ok(Event::Ignored("a test order"));
    }
    let state = order.get("financial_status").text().unwrap_or_default();
    match topic {
        "orders/paid" => {}
        // An order cancelled before it was paid never gave; of one that was paid, refunds say what
        // went back.
        "orders/cancelled" if state != "refunded" => {
            return Ok(Event::Ignored(
                "the cancelled order gave nothing, or nothing back",
            ));
        }
        _ if PAID.contains(&state) => {}
        _ => return Ok(Event::Ignored("the order is not paid")),
    }
    let order_id = number_id("id", order.get("id"))?;
    let given_back = given_back(settings, topic, &order_id, order)?;
    // A note attribute is the merchant's own doing: no customer was charged.
    let is_by_note = lines.is_empty();
    let funded_by = if is_by_note {
        FundedBy::Merchant
    } else {
        funded_by(settings)
    };
    let lines = if is_by_note {
        vec![DonationLine {
            cause: funded,
            consent: note("obole_consent").and_then(Json::filled),
            ..DonationLine::default()
        }]
    } else {
        let stated = lines.iter().map(|line| donation_line(line, order));
        stated.collect::<Result<Vec<_>, _>>()?
    };
    PlatformOrder {
        order_id,
        at: instant(order.get("processed_at"), Clock::Utc),
        currency: order.get("currency").filled(),
        total_cents: euros_of(order.get("total_price")).map(cents_of),
        lines,
        amount_is_by_rule: is_by_note,
        donation_in_total: funded_by == FundedBy::Donor,
        given_back,
        donor: person(order),
        funded_by,
        identity: None,
    }
    .event(&PATHS)
}

/// What of an order went back, by the refunds that it lists and by its state.
fn given_back(
    settings: &EndpointSettings,
    topic: &str,
    order_id: &str,
    order: &Json<'_>,
) -> Result<GivenBack, ParseError> {
    let is_whole = order.get("financial_status").text() == Some("refunded");
    let mut given_back = GivenBack {
        whole: is_whole.then_some("cancelled"),
        waits: topic == "orders/cancelled",
        ..GivenBack::default()
    };
    for refund in order.get("refunds").items() {
        let (proven, unproven) = refund_parts(settings, order_id, refund, order)?;
        let stated = proven.into_iter().map(|r| Refund { waits: false, ..r });
        given_back.by_line.extend(stated);
        given_back.unproven.extend(unproven);
    }
    Ok(given_back)
}

/// A line of the order: what was charged for it, and what is left of it now.
fn donation_line<'j>(line: &Line<'j>, order: &Json<'_>) -> Result<DonationLine<'j>, ParseError> {
    let (quantity, id) = (line.quantity()?, line.line.get("id").filled());
    let total = line.total(order.get("taxes_included").is_true())?;
    let is_this = |entry: &&Json<'_>| {
        let of = entry.get("line_item_id").filled();
        id.is_some() && of.or(entry.get("line_item").get("id").filled()) == id
    };
    let refunds = order.get("refunds").items();
    let entries = refunds.flat_map(|r| r.get("refund_line_items").items());
    let given_back: i64 = entries
        .filter(is_this)
        .map(|entry| units_of(entry.get("quantity")).unwrap_or(1))
        .sum();
    let left = units_of(line.line.get("current_quantity"))
        .unwrap_or(quantity - given_back)
        .clamp(0, quantity);
    Ok(DonationLine {
        cause: line.cause(),
        consent: line.property("_obole_consent"),
        charged_cents: cents_of_units(total, left.saturating_add(given_back), quantity),
        left_cents: cents_of_units(total, left, quantity),
        taxed: line.tax() > Decimal::ZERO,
        discounted: line.discount() > Decimal::ZERO,
    })
}

fn person<'j>(order: &'j Json<'_>) -> Person<'j> {
    let customer = order.get("customer");
    let billing = order.get("billing_address");
    let address = if billing.is_null() {
        order.get("shipping_address")
    } else {
        billing
    };
    let name = |part: &str| address.get(part).filled().or(customer.get(part).filled());
    Person {
        email: order
            .get("email")
            .filled()
            .or(customer.get("email").filled()),
        first_name: name("first_name"),
        last_name: name("last_name"),
        line1: address.get("address1").filled(),
        line2: address.get("address2").filled(),
        postal_code: address.get("zip").filled(),
        city: address.get("city").filled(),
        country: address.get("country_code").filled(),
        locale: order.get("customer_locale").filled(),
    }
}
