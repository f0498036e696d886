//! Where an order is fetched whose webhook does not say all of it.

use crate::inbox::endpoint::EndpointSettings;
use crate::values::Dialect;

/// How a platform's API knows who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiAccess {
    /// The token in a header of its own.
    TokenHeader(&'static str),
    /// The token is a name and a password.
    Basic,
}

/// The addresses of an order and of the list beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUrls {
    pub order: String,
    /// Up to the number of the page, from 1.
    pub list: String,
    /// What the list is called in the fetched document.
    pub list_name: &'static str,
    /// Fewer entries than this are the last page.
    pub page_size: usize,
    pub access: ApiAccess,
}

/// The addresses of an order; none until the endpoint's settings name the store.
#[must_use]
pub fn order_urls(
    dialect: Dialect,
    settings: &EndpointSettings,
    order_id: &str,
) -> Option<OrderUrls> {
    match dialect {
        Dialect::Bigcommerce => {
            let (base, store) = (
                settings.api_base.trim_end_matches('/'),
                &settings.store_hash,
            );
            let order = format!("{base}/stores/{}/v2/orders/{order_id}", store.as_deref()?);
            Some(OrderUrls {
                list: format!("{order}/products?limit=250&page="),
                order,
                list_name: "products",
                page_size: 250,
                access: ApiAccess::TokenHeader("x-auth-token"),
            })
        }
        Dialect::Woocommerce => {
            let base = settings
                .store_url
                .as_deref()
                .filter(|url| !url.is_empty())?;
            let base = base.trim_end_matches('/');
            let order = format!("{base}/wp-json/wc/v3/orders/{order_id}");
            Some(OrderUrls {
                list: format!("{order}/refunds?per_page=100&page="),
                order,
                list_name: "refunds",
                page_size: 100,
                access: ApiAccess::Basic,
            })
        }
        _ => None,
    }
}
