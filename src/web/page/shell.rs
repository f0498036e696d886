//! What every page has around it: language, who is there, and how amounts and days are written.

use std::borrow::Borrow;
use std::convert::Infallible;

use askama::Template;
use axum::extract::{FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::CookieJar;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::values::{Period, euros, figures, french_day, french_month};
use crate::web::access::cookie;
use crate::web::{Problem, Web};

/// What a page is shown with.
#[derive(Clone, Copy, Debug)]
pub struct Shell {
    pub lang: &'static str,
    /// The browser carries a session, which may have ended.
    pub signed_in: bool,
    pub demo: bool,
}

#[derive(Debug, Deserialize)]
struct Asked {
    lang: Option<String>,
}

/// The language that an address asks for.
fn asked(uri: &Uri) -> Option<&'static str> {
    let asked = Query::<Asked>::try_from_uri(uri).ok()?.0.lang?;
    ["fr", "en"].into_iter().find(|l| *l == asked)
}

impl FromRequestParts<Web> for Shell {
    type Rejection = Infallible;

    /// The address's language, else the one asked for before, else the browser's first of the two, else French.
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        let jar = CookieJar::from_headers(&parts.headers);
        let before = jar.get("lang").map(|c| c.value().to_owned());
        let browser = parts
            .headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|h| h.to_str().ok())
            .unwrap_or("");
        let first = browser
            .split(',')
            .map(str::trim)
            .find(|l| l.starts_with("fr") || l.starts_with("en"));
        let lang = asked(&parts.uri)
            .or(before.as_deref())
            .or(first)
            .unwrap_or("fr");
        Ok(Self {
            lang: if lang.starts_with("en") { "en" } else { "fr" },
            signed_in: cookie::token(&jar, &web.app.settings).is_some(),
            demo: web.demo.is_some(),
        })
    }
}

/// A language asked for once is remembered for the pages after.
pub async fn remember_language(request: Request, next: Next) -> Response {
    let lang = asked(request.uri());
    let mut response = next.run(request).await;
    let cookie = match lang {
        Some("en") => HeaderValue::from_static("lang=en; Path=/; Max-Age=31536000; SameSite=Lax"),
        Some(_) => HeaderValue::from_static("lang=fr; Path=/; Max-Age=31536000; SameSite=Lax"),
        None => return response,
    };
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

impl Shell {
    /// The text in the page's language.
    pub fn t<'a>(&self, french: &'a str, english: &'a str) -> &'a str {
        if self.lang == "en" { english } else { french }
    }

    /// Cents as people write them: `1,00 €` and `€1.00`.
    pub fn euros(&self, cents: impl Borrow<i64>) -> String {
        let cents = *cents.borrow();
        if self.lang == "en" {
            format!("€{}", euros(cents))
        } else {
            figures(cents)
        }
    }

    /// A day as people write it.
    pub fn day(&self, day: impl Borrow<NaiveDate>) -> String {
        let day = *day.borrow();
        if self.lang == "en" {
            day.format("%-d %B %Y").to_string()
        } else {
            french_day(day)
        }
    }

    /// A month as people write it.
    pub fn month(&self, month: impl Borrow<Period>) -> String {
        let month = *month.borrow();
        if self.lang == "en" {
            month.first_day().format("%B %Y").to_string()
        } else {
            french_month(month)
        }
    }

    /// A theme's name.
    pub fn theme(&self, theme: &str) -> &'static str {
        let (french, english) = match theme {
            "exclusion" => ("Lutte contre l'exclusion", "Fighting exclusion"),
            "environment" => ("Environnement", "Environment"),
            "childhood" => ("Protection de l'enfance", "Protecting children"),
            _ => ("Recherche médicale", "Medical research"),
        };
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

/// A short page: a title, a text, and perhaps something to do.
#[derive(Template)]
#[template(path = "page/notice.html", config = ".askama.toml")]
pub struct Notice<'a> {
    pub shell: Shell,
    pub title: &'a str,
    pub text: &'a str,
    /// A button that posts to the page's own address.
    pub button: Option<&'a str>,
    /// An address and its words.
    pub link: Option<(&'a str, &'a str)>,
}

/// The one style sheet.
pub async fn style() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "max-age=300"),
        ],
        include_str!("style.css"),
    )
}
