//! WooCommerce: `order.created` and `order.updated`, told again at each change of an order.
//!
//! The gift is a fee line with our meta key, else a fee by its label, else a product by its SKU's prefix.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{Person, amount, consent, read, tidy, total};
use crate::donations::FundedBy;
use crate::inbox::event::{Checkout, Event, ParseError, Refund};
use crate::parties::endpoint::EndpointSettings;
use crate::values::{FieldError, slug_is_valid};

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
    refunds: Vec<RefundSummary>,
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
struct RefundSummary {
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

    fn is_gift(&self, settings: &EndpointSettings) -> bool {
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

pub(super) fn parse(
    settings: &EndpointSettings,
    topic: &str,
    body: &[u8],
) -> Result<Event, ParseError> {
    if topic != "order.updated" && topic != "order.created" {
        return Ok(Event::Nothing("this topic says nothing of a gift"));
    }
    let order: Order = read(body)?;
    let Some(gift) = order
        .fee_lines
        .iter()
        .chain(&order.line_items)
        .find(|l| l.is_gift(settings))
    else {
        return Ok(Event::Nothing(
            "the order has no gift: no fee with our meta key or label, and no product by SKU",
        ));
    };
    // WooCommerce writes times in UTC, without saying so.
    let at = order
        .date_paid_gmt
        .as_deref()
        .and_then(|t| t.parse::<NaiveDateTime>().ok())
        .map(|t| t.and_utc());
    let Some(paid_at) = at else {
        return Ok(Event::Nothing("the order is not paid"));
    };
    let order_id = order.id.to_string();
    let given_back = |l: &Line| l.is_gift(settings) && l.total.trim().starts_with('-');
    let refunded = order
        .refunds
        .iter()
        .find(|r| r.fee_lines.iter().chain(&r.line_items).any(given_back));
    let refund_id = match order.status.as_str() {
        "refunded" | "cancelled" => Some(order.status.clone()),
        _ => refunded.map(|r| r.id.to_string()),
    };
    if let Some(refund_id) = refund_id {
        // The order tells when it was paid, not when it was refunded: the moment it came is near enough.
        let at: Option<DateTime<Utc>> = None;
        return Ok(Event::Refund(Refund {
            at,
            order_id,
            refund_id,
            donation_refunded: true,
        }));
    }
    if order.status != "processing" && order.status != "completed" {
        return Ok(Event::Nothing("the order is not processing or completed"));
    }
    let wrong = |field: &str, message: &str| ParseError(vec![FieldError::new(field, message)]);
    if order.currency != "EUR" {
        return Err(wrong("currency", "gifts are in euros: \"EUR\""));
    }
    let cause = gift.meta(&settings.meta_key).filter(|c| !c.is_empty());
    if cause.is_some_and(|c| !slug_is_valid(c)) {
        return Err(wrong(
            "fee_lines.meta_data",
            "a cause is named by its slug, such as foret-vivante",
        ));
    }
    let given = amount(&gift.total).ok_or_else(|| {
        wrong(
            "fee_lines.total",
            "the gift's total is not an amount such as 1.00",
        )
    })?;
    let all = total(&order.total).ok_or_else(|| wrong("total", "not an amount such as 46.90"))?;
    let billing = order.billing.as_ref();
    let donor = Person {
        email: billing.and_then(|b| b.email.as_deref()),
        first_name: billing.and_then(|b| b.first_name.as_deref()),
        last_name: billing.and_then(|b| b.last_name.as_deref()),
        line1: billing.and_then(|b| b.address_1.as_deref()),
        line2: billing.and_then(|b| b.address_2.as_deref()),
        postal_code: billing.and_then(|b| b.postcode.as_deref()),
        city: billing.and_then(|b| b.city.as_deref()),
        country: billing.and_then(|b| b.country.as_deref()),
        locale: None,
    };
    Ok(Event::Checkout(Box::new(Checkout {
        at: Some(paid_at),
        order_id,
        order_total_cents: (all - given.cents()).max(0),
        amount: Some(given),
        cause: tidy(cause, 60),
        consent: consent(gift.meta("_obole_consent")),
        donor: donor.told(),
        funded_by: if settings.shop_funded {
            FundedBy::Merchant
        } else {
            FundedBy::Donor
        },
        restated: true,
    })))
}
