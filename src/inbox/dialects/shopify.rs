//! Shopify: `orders/paid`, `refunds/create`, `orders/cancelled`.
//!
//! The donation is a hidden product found by the prefix of its SKU, or a note attribute when the
//! merchant pays it itself.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::platform_order::{
    FieldPaths, Person, PlatformOrder, amount, funded_by, number_id, total,
};
use crate::donations::FundedBy;
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Event, ParseError, Refund, read};
use crate::values::Amount;

#[derive(Deserialize)]
struct Order {
    id: serde_json::Number,
    #[serde(default)]
    test: bool,
    currency: String,
    total_price: String,
    #[serde(default)]
    financial_status: Option<String>,
    processed_at: Option<DateTime<Utc>>,
    email: Option<String>,
    customer: Option<Customer>,
    billing_address: Option<Address>,
    shipping_address: Option<Address>,
    customer_locale: Option<String>,
    #[serde(default)]
    line_items: Vec<Line>,
    #[serde(default)]
    note_attributes: Vec<NameValue>,
}

#[derive(Deserialize)]
struct Customer {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

#[derive(Deserialize)]
struct Address {
    first_name: Option<String>,
    last_name: Option<String>,
    address1: Option<String>,
    address2: Option<String>,
    zip: Option<String>,
    city: Option<String>,
    country_code: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    sku: Option<String>,
    #[serde(default)]
    price: String,
    #[serde(default = "one")]
    quantity: i64,
    #[serde(default)]
    properties: Vec<NameValue>,
}

const fn one() -> i64 {
    1
}

/// A property or note attribute; its value may be of any kind.
#[derive(Deserialize)]
struct NameValue {
    name: String,
    value: Value,
}

#[derive(Deserialize)]
struct RefundCreated {
    id: serde_json::Number,
    order_id: serde_json::Number,
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    refund_line_items: Vec<RefundLine>,
}

#[derive(Deserialize)]
struct RefundLine {
    line_item: Line,
}

fn named<'a>(all: &'a [NameValue], name: &str) -> Option<&'a str> {
    all.iter().find(|n| n.name == name)?.value.as_str()
}

impl Line {
    fn is_donation(&self, settings: &EndpointSettings) -> bool {
        self.sku
            .as_deref()
            .is_some_and(|s| s.starts_with(settings.sku_prefix.as_str()))
    }
}

pub(super) fn parse(
    settings: &EndpointSettings,
    topic: &str,
    body: &[u8],
) -> Result<Event, ParseError> {
    match topic {
        "orders/paid" => paid(settings, read(body)?),
        "refunds/create" => {
            let refund: RefundCreated = read(body)?;
            if !refund
                .refund_line_items
                .iter()
                .any(|l| l.line_item.is_donation(settings))
            {
                return Ok(Event::Ignored("the refund does not touch the donation"));
            }
            Ok(Event::Refund(Refund {
                at: refund.created_at,
                order_id: number_id("order_id", &refund.order_id)?,
                refund_id: number_id("id", &refund.id)?,
                donation_refunded: true,
                amount: None,
            }))
        }
        "orders/cancelled" => {
            let order: Order = read(body)?;
            let has_donation = order.line_items.iter().any(|l| l.is_donation(settings))
                || named(&order.note_attributes, &settings.attribute).is_some();
            // An order cancelled before it was paid never gave; of one that was paid,
            // refunds/create says what was refunded.
            if !has_donation || order.test || order.financial_status.as_deref() != Some("refunded")
            {
                return Ok(Event::Ignored(
                    "the cancelled order gave nothing, or nothing back",
                ));
            }
            let order_id = number_id("id", &order.id)?;
            Ok(Event::Refund(Refund {
                at: None,
                refund_id: "cancelled".into(),
                order_id,
                donation_refunded: true,
                amount: None,
            }))
        }
        _ => Ok(Event::Ignored("this topic says nothing of a donation")),
    }
}

const PATHS: FieldPaths = FieldPaths {
    currency: "currency",
    total: "total_price",
    cause: "_obole_cause",
};

fn paid(settings: &EndpointSettings, order: Order) -> Result<Event, ParseError> {
    if order.test {
        return Ok(Event::Ignored("a test order"));
    }
    let line = order.line_items.iter().find(|l| l.is_donation(settings));
    let note = named(&order.note_attributes, &settings.attribute);
    if line.is_none() && note.is_none() {
        return Ok(Event::Ignored(
            "the order has no donation: no line whose SKU begins with the prefix, and no note \
             attribute",
        ));
    }
    // A note attribute is the merchant's own doing: no customer was charged.
    let funded_by = line.map_or(FundedBy::Merchant, |_| funded_by(settings));
    let platform_order = PlatformOrder {
        order_id: number_id("id", &order.id)?,
        at: order.processed_at,
        currency: Some(&order.currency),
        amount: line.map(Line::charged).transpose(),
        total_cents: total(&order.total_price),
        donation_in_total: funded_by == FundedBy::Donor,
        cause: line
            .and_then(|l| named(&l.properties, &settings.meta_key))
            .or(note),
        consent: match line {
            Some(line) => named(&line.properties, "_obole_consent"),
            None => named(&order.note_attributes, "obole_consent"),
        },
        donor: order.person(),
        funded_by,
    };
    platform_order.checkout(&PATHS)
}

impl Line {
    /// What was charged for the line: its price times its quantity.
    fn charged(&self) -> Result<Amount, ParseError> {
        let each = amount(&self.price).ok_or_else(|| {
            ParseError::field(
                "line_items.price",
                "the donation's price is not an amount such as 1.00",
            )
        })?;
        each.cents()
            .checked_mul(self.quantity)
            .and_then(|c| Amount::from_cents(c).ok())
            .ok_or_else(|| {
                ParseError::field(
                    "line_items.quantity",
                    "the donation's quantity gives no amount",
                )
            })
    }
}

impl Order {
    fn person(&self) -> Person<'_> {
        let customer = self.customer.as_ref();
        let address = self
            .billing_address
            .as_ref()
            .or(self.shipping_address.as_ref());
        Person {
            email: self
                .email
                .as_deref()
                .filter(|e| !e.is_empty())
                .or_else(|| customer?.email.as_deref()),
            first_name: address
                .and_then(|a| a.first_name.as_deref())
                .or_else(|| customer?.first_name.as_deref()),
            last_name: address
                .and_then(|a| a.last_name.as_deref())
                .or_else(|| customer?.last_name.as_deref()),
            line1: address.and_then(|a| a.address1.as_deref()),
            line2: address.and_then(|a| a.address2.as_deref()),
            postal_code: address.and_then(|a| a.zip.as_deref()),
            city: address.and_then(|a| a.city.as_deref()),
            country: address.and_then(|a| a.country_code.as_deref()),
            locale: self.customer_locale.as_deref(),
        }
    }
}
