//! Shopify: `orders/paid`, `refunds/create`, `orders/cancelled`.
//!
//! The gift is a hidden product found by its SKU's prefix, or a note attribute when the shop pays it itself.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{Person, amount, consent, read, tidy, total};
use crate::donations::FundedBy;
use crate::inbox::event::{Checkout, Event, ParseError, Refund};
use crate::parties::endpoint::EndpointSettings;
use crate::values::{Amount, FieldError, slug_is_valid};

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
    note_attributes: Vec<Named>,
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
    properties: Vec<Named>,
}

const fn one() -> i64 {
    1
}

/// A property or note attribute; its value may be of any kind.
#[derive(Deserialize)]
struct Named {
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

fn named<'a>(all: &'a [Named], name: &str) -> Option<&'a str> {
    all.iter().find(|n| n.name == name)?.value.as_str()
}

impl Line {
    fn is_gift(&self, settings: &EndpointSettings) -> bool {
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
                .any(|l| l.line_item.is_gift(settings))
            {
                return Ok(Event::Nothing("the refund does not touch the gift"));
            }
            Ok(Event::Refund(Refund {
                at: refund.created_at,
                order_id: refund.order_id.to_string(),
                refund_id: refund.id.to_string(),
                donation_refunded: true,
            }))
        }
        "orders/cancelled" => {
            let order: Order = read(body)?;
            let gift = order.line_items.iter().any(|l| l.is_gift(settings))
                || named(&order.note_attributes, &settings.attribute).is_some();
            // An order cancelled before it was paid never gave; one paid and not refunded is told by refunds/create.
            if !gift || order.test || order.financial_status.as_deref() != Some("refunded") {
                return Ok(Event::Nothing(
                    "the cancelled order gave nothing, or nothing back",
                ));
            }
            let order_id = order.id.to_string();
            Ok(Event::Refund(Refund {
                at: None,
                refund_id: "cancelled".into(),
                order_id,
                donation_refunded: true,
            }))
        }
        _ => Ok(Event::Nothing("this topic says nothing of a gift")),
    }
}

fn paid(settings: &EndpointSettings, order: Order) -> Result<Event, ParseError> {
    if order.test {
        return Ok(Event::Nothing("a test order"));
    }
    let gift = order.line_items.iter().find(|l| l.is_gift(settings));
    let note = named(&order.note_attributes, &settings.attribute);
    let wrong = |field: &str, message: &str| ParseError(vec![FieldError::new(field, message)]);
    let (amount, cause, funded_by, said) = match (gift, note) {
        (Some(line), _) => {
            let each = amount(&line.price).ok_or_else(|| {
                wrong(
                    "line_items.price",
                    "the gift's price is not an amount such as 1.00",
                )
            })?;
            let cents = each
                .cents()
                .checked_mul(line.quantity)
                .and_then(|c| Amount::from_cents(c).ok());
            let cents = cents.ok_or_else(|| {
                wrong("line_items.quantity", "the gift's quantity gives no amount")
            })?;
            let cause = named(&line.properties, &settings.meta_key).or(note);
            let by = if settings.shop_funded {
                FundedBy::Merchant
            } else {
                FundedBy::Donor
            };
            (
                Some(cents),
                cause,
                by,
                named(&line.properties, "_obole_consent"),
            )
        }
        (None, Some(cause)) => (
            None,
            Some(cause),
            FundedBy::Merchant,
            named(&order.note_attributes, "obole_consent"),
        ),
        (None, None) => {
            return Ok(Event::Nothing(
                "the order has no gift: no line whose SKU begins with the prefix, and no note attribute",
            ));
        }
    };
    if order.currency != "EUR" {
        return Err(wrong("currency", "gifts are in euros: \"EUR\""));
    }
    if cause.is_some_and(|c| !slug_is_valid(c)) {
        return Err(wrong(
            "_obole_cause",
            "a cause is named by its slug, such as foret-vivante",
        ));
    }
    let all = total(&order.total_price)
        .ok_or_else(|| wrong("total_price", "not an amount such as 46.90"))?;
    let customer = order.customer.as_ref();
    let address = order
        .billing_address
        .as_ref()
        .or(order.shipping_address.as_ref());
    let donor = Person {
        email: order
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
        locale: order.customer_locale.as_deref(),
    };
    Ok(Event::Checkout(Box::new(Checkout {
        at: order.processed_at,
        order_id: order.id.to_string(),
        order_total_cents: if funded_by == FundedBy::Donor {
            (all - amount.map_or(0, Amount::cents)).max(0)
        } else {
            all
        },
        amount,
        cause: tidy(cause, 60),
        consent: consent(said),
        donor: donor.told(),
        funded_by,
        restated: true,
    })))
}
