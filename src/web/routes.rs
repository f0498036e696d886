//! Every route, grouped by who uses it; nothing else.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::{get, post, put};
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use super::{Problem, Web, api, demo, donor, health, page, problem, public, webhooks};

/// The longest that a request may take, including the time in which its body arrives.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Which groups of routes a process serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteGroups {
    /// Pages and the merchant's API.
    pub web: bool,
    /// Webhooks.
    pub intake: bool,
}

/// The merchant's API.
fn api() -> Router<Web> {
    Router::new()
        .route("/api/v1/causes", get(public::causes::list))
        .route("/api/v1/donations", get(api::donations::of_order))
        .route("/api/v1/donations/{id}", get(api::donations::show))
        .route("/api/v1/events", get(api::events::list))
        .route("/api/v1/events/{id}", get(api::events::show))
        .route("/api/v1/events/{id}/redrive", post(api::events::redrive))
        .route("/api/v1/manifests/{day}", put(api::manifests::store))
        .route("/api/v1/statements", get(api::statements::list))
        .route("/api/v1/statements/{period}", get(api::statements::show))
        .route("/openapi.json", get(api::openapi::show))
}

/// Webhooks from merchants and their platforms.
fn intake() -> Router<Web> {
    Router::new().route("/webhooks/{endpoint_id}", post(webhooks::receive))
}

/// Health checks.
fn health() -> Router<Web> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
}

/// Pages for people.
fn pages() -> Router<Web> {
    Router::new()
        .route("/", get(public::causes::show))
        .route("/causes", get(public::causes::show))
        .route(
            "/claim/{token}",
            get(public::claim::ask).post(public::claim::claim),
        )
        .route(
            "/unsubscribe/{donor_id}/{token}",
            get(public::unsubscribe::ask).post(public::unsubscribe::leave),
        )
        .route(
            "/complete/{donor_id}/{token}",
            get(public::complete::ask).post(public::complete::send),
        )
        .route("/login", get(public::login::ask).post(public::login::send))
        .route(
            "/login/{token}",
            get(public::login::open).post(public::login::enter),
        )
        .route("/logout", post(public::login::leave))
        .route("/donor", get(donor::home::show))
        .route(
            "/donor/causes",
            get(donor::causes::show).post(donor::causes::choose),
        )
        .route(
            "/donor/profile",
            get(donor::profile::show).post(donor::profile::save),
        )
        .route("/donor/receipts/{file}", get(donor::receipt::show))
        .route("/style.css", get(page::style))
}

/// The demonstration's pages.
fn demo_pages() -> Router<Web> {
    Router::new()
        .route("/demo/shop", get(demo::shop::show).post(demo::shop::order))
        .route("/demo/bank", get(demo::bank::show).post(demo::bank::play))
        .route("/demo/bank/{file}", get(demo::bank::file))
        .route("/demo/mail", get(demo::mail::list))
        .route("/demo/mail/{id}", get(demo::mail::show))
        .route("/demo/mail/{id}/{file}", get(demo::mail::file))
}

/// Every page, protected from forms of other sites and kept out of caches.
fn protected_pages(demo: bool) -> Router<Web> {
    let pages = if demo {
        pages().merge(demo_pages())
    } else {
        pages()
    };
    let csrf = CsrfLayer::new().with_rejection_response(|_| Problem::ForeignForm.into_response());
    pages
        .layer(csrf)
        .layer(from_fn(page::remember_language))
        // Pages show personal data, so no cache may keep them.
        .layer(default_header("cache-control", "no-store"))
}

/// The router with the chosen groups and the health checks.
pub fn router(groups: RouteGroups, web: Web) -> Router {
    let mut routes = health();
    if groups.web {
        routes = routes
            .merge(protected_pages(web.demo.is_some()))
            .merge(api());
    }
    let routes = routes
        .fallback(|| async { Problem::NotFound })
        .layer(from_fn_with_state(
            web.clone(),
            problem::render_for_browsers,
        ))
        // Pages load nothing from other sites, cannot be framed, and send no Referer header.
        .layer(default_header(
            "content-security-policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(default_header("referrer-policy", "no-referrer"))
        .layer(default_header("x-content-type-options", "nosniff"));
    // Webhooks come from programs, by the thousand, so the layers above, which are for pages, are
    // left out for them.
    let routes = if groups.intake {
        routes.merge(intake())
    } else {
        routes
    };
    routes.with_state(web)
}

/// Sets a header on every response that does not have it yet.
fn default_header(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(
        HeaderName::from_static(name),
        HeaderValue::from_static(value),
    )
}
