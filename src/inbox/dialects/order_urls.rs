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
    /// The token is the bearer's.
    Bearer,
}

/// The address of an order, and of the list beside it where the order is not whole without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUrls {
    pub order: String,
    pub list: Option<OrderList>,
    pub access: ApiAccess,
}

/// A list beside an order, in pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderList {
    /// Up to the number of the page, from 1.
    pub url: String,
    /// What the list is called in the fetched document.
    pub name: &'static str,
    /// Fewer entries than this are the last page.
    pub page_size: usize,
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
                list: Some(OrderList {
                    url: format!("{order}/products?limit=250&page="),
                    name: "products",
                    page_size: 250,
                }),
                order,
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
                list: Some(OrderList {
                    url: format!("{order}/refunds?per_page=100&page="),
                    name: "refunds",
                    page_size: 100,
                }),
                order,
                access: ApiAccess::Basic,
            })
        }
        Dialect::Squarespace => Some(OrderUrls {
            order: format!(
                "{}/1.0/commerce/orders/{order_id}",
                base(settings, "https://api.squarespace.com")
            ),
            list: None,
            access: ApiAccess::Bearer,
        }),
        Dialect::Ecwid => Some(OrderUrls {
            order: format!(
                "{}/api/v3/{}/orders/{order_id}",
                base(settings, "https://app.ecwid.com"),
                settings.store_hash.as_deref()?
            ),
            list: None,
            access: ApiAccess::Bearer,
        }),
        _ => None,
    }
}

/// The base address of a platform's API: its own, unless the settings say another than theirs.
fn base<'s>(settings: &'s EndpointSettings, own: &'s str) -> &'s str {
    let set = settings.api_base.trim_end_matches('/');
    if set == EndpointSettings::BIGCOMMERCE_API {
        own
    } else {
        set
    }
}
