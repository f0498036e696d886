//! WooCommerce: `order.created` and `order.updated`, sent again at each change of an order.
//!
//! The donation is a fee line with our meta key, else a fee by its label, else a product by the
//! prefix of its SKU.

use chrono::NaiveDateTime;
use serde::Deserialize;
use serde_json::Value;

use super::platform_order::{
    FieldPaths, Person, PlatformOrder, amount, funded_by, number_id, total,
};
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Event, ParseError, Refund, read};

#[derive(Deserialize)]
struct Order {
    id: serde_json::Number,
    status: String,
    currency: String,
    total: String,
    date_paid_gmt: Option<String>,
    billing: Option<Billing>,
    #[serde(default)]
    line_items: Vec<Line>,
    #[serde(default)]
    fee_lines: Vec<Line>,
    #[serde(default)]
    refunds: Vec<OrderRefund>,
}

#[derive(Deserialize)]
struct Billing {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    address_1: Option<String>,
    address_2: Option<String>,
    postcode: Option<String>,
    city: Option<String>,
    country: Option<String>,
}

/// A product or a fee.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    name: String,
    sku: Option<String>,
    #[serde(default)]
    total: String,
    #[serde(default)]
    meta_data: Vec<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    key: String,
    value: Value,
}

#[derive(Deserialize)]
struct OrderRefund {
    id: serde_json::Number,
    #[serde(default)]
    fee_lines: Vec<Line>,
    #[serde(default)]
    line_items: Vec<Line>,
}

impl Line {
    fn meta(&self, key: &str) -> Option<&str> {
        self.meta_data.iter().find(|m| m.key == key)?.value.as_str()
    }

    fn is_donation(&self, settings: &EndpointSettings) -> bool {
        self.meta(&settings.meta_key).is_some()
            || (!settings.fee_label.is_empty()
                && self.sku.is_none()
                && self.name == settings.fee_label)
            || self
                .sku
                .as_deref()
                .is_some_and(|s| s.starts_with(settings.sku_prefix.as_str()))
    }
}

const PATHS: FieldPaths = FieldPaths {
    currency: "currency",
    total: "total",
    cause: "fee_lines.meta_data",
};

pub(super) fn parse(
    settings: &EndpointSettings,
    topic: &str,
    body: &[u8],
) -> Result<Event, ParseError> {
    if topic != "order.updated" && topic != "order.created" {
        return Ok(Event::Ignored("this topic says nothing of a donation"));
    }
    let order: Order = read(body)?;
    let Some(line) = order
        .fee_lines
        .iter()
        .chain(&order.line_items)
        .find(|l| l.is_donation(settings))
    else {
        return Ok(Event::Ignored(
            "the order has no donation: no fee with our meta key or label, and no product by SKU",
        ));
    };
    // WooCommerce writes times in UTC, without saying so.
    let paid_at = order
        .date_paid_gmt
        .as_deref()
        .and_then(|t| t.parse::<NaiveDateTime>().ok())
        .map(|t| t.and_utc());
    if paid_at.is_none() {
        return Ok(Event::Ignored("the order is not paid"));
    }
    let order_id = number_id("id", &order.id)?;
    if let Some(refund_id) = order.donation_refund(settings).transpose()? {
        return Ok(Event::Refund(Refund {
            // The order says when it was paid, not when it was refunded: the time of receipt stands
            // for it.
            at: None,
            order_id,
            refund_id,
            donation_refunded: true,
            amount: None,
        }));
    }
    if order.status != "processing" && order.status != "completed" {
        return Ok(Event::Ignored("the order is not processing or completed"));
    }
    PlatformOrder {
        order_id,
        at: paid_at,
        currency: Some(&order.currency),
        amount: amount(&line.total).map(Some).ok_or_else(|| {
            ParseError::field(
                "fee_lines.total",
                "the donation's total is not an amount such as 1.00",
            )
        }),
        total_cents: total(&order.total),
        donation_in_total: true,
        cause: line.meta(&settings.meta_key).filter(|c| !c.is_empty()),
        consent: line.meta("_obole_consent"),
        donor: order
            .billing
            .as_ref()
            .map(Billing::person)
            .unwrap_or_default(),
        funded_by: funded_by(settings),
    }
    .checkout(&PATHS)
}

impl Order {
    /// Names the refund of the donation: the whole order's by its status, else one with the
    /// donation's line below zero.
    fn donation_refund(&self, settings: &EndpointSettings) -> Option<Result<String, ParseError>> {
        if self.status == "refunded" || self.status == "cancelled" {
            return Some(Ok(self.status.clone()));
        }
        let given_back = |l: &Line| l.is_donation(settings) && l.total.trim().starts_with('-');
        self.refunds
            .iter()
            .find(|r| r.fee_lines.iter().chain(&r.line_items).any(given_back))
            .map(|r| number_id("refunds.id", &r.id))
    }
}

impl Billing {
    fn person(&self) -> Person<'_> {
        Person {
            email: self.email.as_deref(),
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            line1: self.address_1.as_deref(),
            line2: self.address_2.as_deref(),
            postal_code: self.postcode.as_deref(),
            city: self.city.as_deref(),
            country: self.country.as_deref(),
            locale: None,
        }
    }
}
