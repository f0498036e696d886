//! BigCommerce: its events carry only an order's number. The order and its products are fetched from the platform's API
//! (Orders V2) and come back here as `{"order": …, "products": […]}`.
//!
//! The gift is a product found by its SKU's prefix; a product option named like our meta key names the cause.

use chrono::DateTime;
use serde::Deserialize;

use super::{Person, amount, consent, read, tidy, total};
use crate::donations::FundedBy;
use crate::inbox::event::{Checkout, Event, ParseError, Refund};
use crate::parties::endpoint::EndpointSettings;
use crate::values::{FieldError, slug_is_valid};

#[derive(Deserialize)]
struct Thin {
    scope: String,
    data: ThinData,
}

#[derive(Deserialize)]
struct ThinData {
    id: serde_json::Number,
}

#[derive(Deserialize)]
struct Fetched {
    order: Order,
    products: Vec<Product>,
}

#[derive(Deserialize)]
struct Order {
    id: serde_json::Number,
    status: String,
    currency_code: String,
    total_inc_tax: String,
    date_created: Option<String>,
    billing_address: Option<Billing>,
}

#[derive(Deserialize)]
struct Billing {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    street_1: Option<String>,
    street_2: Option<String>,
    zip: Option<String>,
    city: Option<String>,
    country_iso2: Option<String>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    sku: String,
    #[serde(default)]
    total_inc_tax: String,
    #[serde(default)]
    quantity_refunded: i64,
    #[serde(default)]
    product_options: Vec<ProductOption>,
}

#[derive(Deserialize)]
struct ProductOption {
    display_name: String,
    value: String,
}

/// The hash that BigCommerce gives each event, its key.
pub(super) fn hash(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Hash {
        hash: String,
    }
    serde_json::from_slice::<Hash>(body)
        .ok()
        .map(|h| h.hash)
        .filter(|h| !h.is_empty())
}

/// Where an order is fetched, and where its products are; none until the endpoint's settings name the store.
#[must_use]
pub fn order_url(settings: &EndpointSettings, order: &str) -> Option<[String; 2]> {
    let store = settings.store_hash.as_deref()?;
    let order = format!(
        "{}/stores/{store}/v2/orders/{order}",
        settings.api_base.trim_end_matches('/')
    );
    let products = format!("{order}/products");
    Some([order, products])
}

pub(super) fn parse(settings: &EndpointSettings, body: &[u8]) -> Result<Event, ParseError> {
    #[derive(Deserialize)]
    struct Shape {
        order: Option<serde::de::IgnoredAny>,
    }
    let shape: Shape = read(body)?;
    if shape.order.is_some() {
        return fetched(settings, read(body)?);
    }
    let thin: Thin = read(body)?;
    if thin.scope.starts_with("store/order/") {
        Ok(Event::Thin {
            order: thin.data.id.to_string(),
        })
    } else {
        Ok(Event::Nothing("this scope says nothing of a gift"))
    }
}

fn fetched(
    settings: &EndpointSettings,
    Fetched { order, products }: Fetched,
) -> Result<Event, ParseError> {
    let Some(gift) = products
        .iter()
        .find(|p| p.sku.starts_with(settings.sku_prefix.as_str()))
    else {
        return Ok(Event::Nothing(
            "the order has no gift: no product whose SKU begins with the prefix",
        ));
    };
    let order_id = order.id.to_string();
    match order.status.as_str() {
        "Refunded" | "Cancelled" => {
            return Ok(Event::Refund(Refund {
                at: None,
                order_id,
                refund_id: order.status.to_lowercase(),
                donation_refunded: true,
            }));
        }
        _ if gift.quantity_refunded > 0 => {
            return Ok(Event::Refund(Refund {
                at: None,
                order_id,
                refund_id: "gift".into(),
                donation_refunded: true,
            }));
        }
        // Of BigCommerce's statuses, those of an order that is paid.
        "Awaiting Fulfillment"
        | "Awaiting Shipment"
        | "Awaiting Pickup"
        | "Partially Shipped"
        | "Shipped"
        | "Completed"
        | "Partially Refunded" => {}
        _ => return Ok(Event::Nothing("the order is not paid")),
    }
    let wrong = |field: &str, message: &str| ParseError(vec![FieldError::new(field, message)]);
    if order.currency_code != "EUR" {
        return Err(wrong("order.currency_code", "gifts are in euros: \"EUR\""));
    }
    let option = |name: &str| {
        gift.product_options
            .iter()
            .find(|o| o.display_name == name)
            .map(|o| o.value.as_str())
    };
    let cause = option(&settings.meta_key).filter(|c| !c.is_empty());
    if cause.is_some_and(|c| !slug_is_valid(c)) {
        return Err(wrong(
            "products.product_options",
            "a cause is named by its slug, such as foret-vivante",
        ));
    }
    let given = amount(&gift.total_inc_tax).ok_or_else(|| {
        wrong(
            "products.total_inc_tax",
            "the gift's total is not an amount such as 1.00",
        )
    })?;
    let all = total(&order.total_inc_tax)
        .ok_or_else(|| wrong("order.total_inc_tax", "not an amount such as 46.90"))?;
    let billing = order.billing_address.as_ref();
    let donor = Person {
        email: billing.and_then(|b| b.email.as_deref()),
        first_name: billing.and_then(|b| b.first_name.as_deref()),
        last_name: billing.and_then(|b| b.last_name.as_deref()),
        line1: billing.and_then(|b| b.street_1.as_deref()),
        line2: billing.and_then(|b| b.street_2.as_deref()),
        postal_code: billing.and_then(|b| b.zip.as_deref()),
        city: billing.and_then(|b| b.city.as_deref()),
        country: billing.and_then(|b| b.country_iso2.as_deref()),
        locale: None,
    };
    Ok(Event::Checkout(Box::new(Checkout {
        at: order
            .date_created
            .as_deref()
            .and_then(|d| DateTime::parse_from_rfc2822(d).ok())
            .map(|d| d.to_utc()),
        order_id,
        order_total_cents: (all - given.cents()).max(0),
        amount: Some(given),
        cause: tidy(cause, 60),
        consent: consent(option("_obole_consent")),
        donor: donor.told(),
        funded_by: if settings.shop_funded {
            FundedBy::Merchant
        } else {
            FundedBy::Donor
        },
        restated: true,
    })))
}
