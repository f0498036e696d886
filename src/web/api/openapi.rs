//! `/openapi.json`: the API's description, generated from the handlers.

use axum::Json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{donations, events, manifests, statements};
use crate::web::{health, public, webhooks};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Obole",
        description = "One euro added to an online purchase, taken whole and provably to an \
                       association.",
        license(name = "AGPL-3.0-or-later")
    ),
    paths(
        webhooks::receive,
        public::causes::list,
        donations::show,
        donations::of_order,
        events::list,
        events::show,
        events::redrive,
        manifests::store,
        statements::list,
        statements::show,
        health::alive,
        health::ready
    ),
    components(schemas(events::WantedState)),
    modifiers(&ApiKey)
)]
struct Description;

/// Adds how a request carries its API key.
/// Adds how a request carries its API key.
struct ApiKey;

impl Modify for ApiKey {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The merchant's `api_key`"))
            .build();
        api.components
            .get_or_insert_default()
            .add_security_scheme("api_key", SecurityScheme::Http(scheme));
    }
}

/// The API's description (OpenAPI).
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// `GET /openapi.json`.
/// `GET /openapi.json`.
pub async fn show() -> Json<utoipa::openapi::OpenApi> {
    Json(description())
}
