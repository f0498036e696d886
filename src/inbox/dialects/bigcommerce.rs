//! BigCommerce: its events carry only an order's number. The order and its products are fetched
//! from the platform's API (Orders V2) and enter the inbox as `{"order": …, "products": […]}`.
//!
//! The donation is a product found by the prefix of its SKU; a product option named like our meta
//! key names the cause.

use chrono::DateTime;
use serde::Deserialize;

use super::platform_order::{
    FieldPaths, Person, PlatformOrder, amount, funded_by, number_id, total,
};
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Event, ParseError, Refund, read};

/// The webhook: which order changed.
#[derive(Deserialize)]
struct OrderNotice {
    scope: String,
    data: NoticeData,
}

#[derive(Deserialize)]
struct NoticeData {
    id: serde_json::Number,
}

/// The document made of two responses of the API.
#[derive(Deserialize)]
struct FetchedOrder {
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

/// The hash that BigCommerce gives each event, which is its delivery key.
pub(super) fn event_hash(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct HashOnly {
        hash: String,
    }
    serde_json::from_slice::<HashOnly>(body)
        .ok()
        .map(|h| h.hash)
        .filter(|h| !h.is_empty())
}

/// The addresses of an order and of its products; none until the endpoint's settings name the
/// store.
#[must_use]
pub fn order_urls(settings: &EndpointSettings, order_id: &str) -> Option<[String; 2]> {
    let store = settings.store_hash.as_deref()?;
    let order = format!(
        "{}/stores/{store}/v2/orders/{order_id}",
        settings.api_base.trim_end_matches('/')
    );
    let products = format!("{order}/products");
    Some([order, products])
}

pub(super) fn parse(settings: &EndpointSettings, body: &[u8]) -> Result<Event, ParseError> {
    /// Distinguishes a fetched document from a webhook.
    #[derive(Deserialize)]
    struct DocumentShape {
        order: Option<serde::de::IgnoredAny>,
    }
    let shape: DocumentShape = read(body)?;
    if shape.order.is_some() {
        return fetched(settings, read(body)?);
    }
    let notice: OrderNotice = read(body)?;
    if notice.scope.starts_with("store/order/") {
        Ok(Event::OrderReference {
            order_id: number_id("data.id", &notice.data.id)?,
        })
    } else {
        Ok(Event::Ignored("this scope says nothing of a donation"))
    }
}

const PATHS: FieldPaths = FieldPaths {
    currency: "order.currency_code",
    total: "order.total_inc_tax",
    cause: "products.product_options",
};

fn fetched(
    settings: &EndpointSettings,
    FetchedOrder { order, products }: FetchedOrder,
) -> Result<Event, ParseError> {
    let Some(product) = products
        .iter()
        .find(|p| p.sku.starts_with(settings.sku_prefix.as_str()))
    else {
        return Ok(Event::Ignored(
            "the order has no donation: no product whose SKU begins with the prefix",
        ));
    };
    let order_id = number_id("order.id", &order.id)?;
    let refund = |order_id: String, refund_id: String| {
        Ok(Event::Refund(Refund {
            at: None,
            order_id,
            refund_id,
            donation_refunded: true,
            amount: None,
        }))
    };
    match order.status.as_str() {
        "Refunded" | "Cancelled" => return refund(order_id, order.status.to_lowercase()),
        _ if product.quantity_refunded > 0 => return refund(order_id, "donation".into()),
        // Of BigCommerce's statuses, those of an order that is paid.
        "Awaiting Fulfillment"
        | "Awaiting Shipment"
        | "Awaiting Pickup"
        | "Partially Shipped"
        | "Shipped"
        | "Completed"
        | "Partially Refunded" => {}
        _ => return Ok(Event::Ignored("the order is not paid")),
    }
    let option = |name: &str| {
        product
            .product_options
            .iter()
            .find(|o| o.display_name == name)
            .map(|o| o.value.as_str())
    };
    let placed_at = order.date_created.as_deref();
    PlatformOrder {
        order_id,
        at: placed_at
            .and_then(|d| DateTime::parse_from_rfc2822(d).ok())
            .map(|d| d.to_utc()),
        currency: Some(&order.currency_code),
        amount: amount(&product.total_inc_tax).map(Some).ok_or_else(|| {
            ParseError::field(
                "products.total_inc_tax",
                "the donation's total is not an amount such as 1.00",
            )
        }),
        total_cents: total(&order.total_inc_tax),
        donation_in_total: true,
        cause: option(&settings.meta_key).filter(|c| !c.is_empty()),
        consent: option("_obole_consent"),
        donor: order
            .billing_address
            .as_ref()
            .map(Billing::person)
            .unwrap_or_default(),
        funded_by: funded_by(settings),
    }
    .checkout(&PATHS)
}

impl Billing {
    fn person(&self) -> Person<'_> {
        Person {
            email: self.email.as_deref(),
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            line1: self.street_1.as_deref(),
            line2: self.street_2.as_deref(),
            postal_code: self.zip.as_deref(),
            city: self.city.as_deref(),
            country: self.country_iso2.as_deref(),
            locale: None,
        }
    }
}
