//! What every page has around it: language, and the headers that keep a page to itself.

use askama::Template;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::Problem;

/// The language a page is shown in.
#[derive(Clone, Copy, Debug)]
pub struct Shell {
    pub lang: &'static str,
}

/// The language asked for by the address.
#[derive(Debug, Deserialize)]
pub struct Asked {
    lang: Option<String>,
}

impl Shell {
    /// The address's language, else the browser's first of the two, else French.
    pub fn of(asked: &Asked, headers: &HeaderMap) -> Self {
        let browser = headers.get(header::ACCEPT_LANGUAGE).and_then(|h| h.to_str().ok()).unwrap_or("");
        let first = browser.split(',').map(str::trim).find(|l| l.starts_with("fr") || l.starts_with("en"));
        let lang = asked.lang.as_deref().or(first).unwrap_or("fr");
        Self { lang: if lang.starts_with("en") { "en" } else { "fr" } }
    }

    /// The text in the page's language.
    pub fn t<'a>(&self, french: &'a str, english: &'a str) -> &'a str {
        if self.lang == "en" { english } else { french }
    }
}

/// A page, rendered.
pub fn page(template: &impl Template) -> Result<Response, Problem> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Problem::Internal
    })?;
    Ok(Html(html).into_response())
}

/// The one style sheet.
pub async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")], include_str!("style.css"))
}
