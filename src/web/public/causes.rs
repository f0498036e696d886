//! The causes one can give to: a page for people, and a list for merchants' programs.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::parties::cause::{self, Cause, THEMES};
use crate::texts;
use crate::values::Locale;
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

#[derive(Template)]
#[template(path = "public/causes.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    themes: Vec<Theme<'static>>,
}

/// A theme with its causes; there is at least one.
struct Theme<'a> {
    slug: &'a str,
    causes: Vec<Cause>,
}

/// `GET /` and `GET /causes`.
pub async fn show(State(web): State<Web>, shell: Shell) -> Result<Response, Problem> {
    let causes = cause::live(&mut *web.app.db.acquire().await?).await?;
    let of_theme = |theme: &str| {
        causes
            .iter()
            .filter(|c| c.theme == theme)
            .cloned()
            .collect::<Vec<_>>()
    };
    let themes = THEMES
        .iter()
        .map(|t| Theme {
            slug: t,
            causes: of_theme(t),
        })
        .filter(|t| !t.causes.is_empty())
        .collect();
    page(&Page { shell, themes })
}

/// A cause that a merchant may offer.
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

/// The text to show beside the unticked box. It names the association, so that the customer agrees
/// to a named one.
#[derive(Serialize, ToSchema)]
pub struct CheckoutText {
    fr: String,
    en: String,
}

fn checkout_text(locale: Locale, cause: &Cause) -> String {
    let names = [
        ("association", cause.association.as_str().into()),
        ("cause", cause.title.as_str().into()),
    ];
    texts::text_with(locale, "public-checkout", &names).into_owned()
}

/// Every cause that can be given to.
#[utoipa::path(
    get, path = "/api/v1/causes", tag = "causes",
    responses(
        (status = 200, body = Vec<CauseDocument>)
    )
)]
pub async fn list(State(web): State<Web>) -> Result<Response, Problem> {
    let causes: Vec<CauseDocument> = cause::live(&mut *web.app.db.acquire().await?)
        .await?
        .into_iter()
        .map(|c| CauseDocument {
            checkout_text: CheckoutText {
                fr: checkout_text(Locale::Fr, &c),
                en: checkout_text(Locale::En, &c),
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
