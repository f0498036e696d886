//! The causes: a page for people, a list for shops.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::parties::cause::{self, Cause, THEMES};
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

#[derive(Template)]
#[template(path = "public/causes.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    themes: Vec<Theme>,
}

struct Theme {
    name: &'static str,
    causes: Vec<Cause>,
}

/// `GET /` and `GET /causes`.
pub async fn show(State(web): State<Web>, shell: Shell) -> Result<Response, Problem> {
    let causes = cause::live(&mut *web.app.db.acquire().await?).await?;
    let of = |theme: &str| {
        causes
            .iter()
            .filter(|c| c.theme == theme)
            .cloned()
            .collect::<Vec<_>>()
    };
    let themes = THEMES
        .iter()
        .map(|t| Theme {
            name: shell.theme(t),
            causes: of(t),
        })
        .filter(|t| !t.causes.is_empty())
        .collect();
    page(&Page { shell, themes })
}

/// A cause that a shop may offer.
#[derive(Serialize, ToSchema)]
pub struct CauseDocument {
    #[schema(examples("foret-vivante"))]
    slug: String,
    /// exclusion, environment, childhood or medical-research.
    theme: String,
    title: String,
    association: String,
    checkout_text: CheckoutText,
}

/// What stands beside the unticked box; it names the association before the yes.
#[derive(Serialize, ToSchema)]
pub struct CheckoutText {
    fr: String,
    en: String,
}

/// Every cause that can be given to.
#[utoipa::path(get, path = "/api/v1/causes", tag = "causes", responses((status = 200, body = Vec<CauseDocument>)))]
pub async fn list(State(web): State<Web>) -> Result<Response, Problem> {
    let causes: Vec<CauseDocument> = cause::live(&mut *web.app.db.acquire().await?)
        .await?
        .into_iter()
        .map(|c| CauseDocument {
            checkout_text: CheckoutText {
                fr: format!("J'ajoute un euro pour {} ({}).", c.association, c.title),
                en: format!("I add one euro for {} ({}).", c.association, c.title),
            },
            slug: c.slug,
            theme: c.theme,
            title: c.title,
            association: c.association,
        })
        .collect();
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    Ok((headers, Json(causes)).into_response())
}
