//! The frame around every page, and how a page writes its texts, amounts and days.

use std::borrow::{Borrow, Cow};
use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, NaiveDate, Utc};

use super::language;
use crate::texts::{self, TextValue};
use crate::values::{Locale, Period};
use crate::web::{Web, cookie};

/// What the frame of a page depends on.
#[derive(Clone, Copy, Debug)]
pub struct Shell {
    pub locale: Locale,
    /// The browser carries a session's cookie; the session itself may have ended.
    pub signed_in: bool,
    /// The process serves the demonstration.
    pub demo: bool,
}

impl FromRequestParts<Web> for Shell {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        let cookies = CookieJar::from_headers(&parts.headers);
        Ok(Self {
            locale: language::of_request(parts, &cookies),
            signed_in: cookie::token(&cookies, &web.app.settings).is_some(),
            demo: web.demo.is_some(),
        })
    }
}

impl Shell {
    /// The text of a key in the page's language.
    pub fn text(&self, key: &str) -> Cow<'static, str> {
        texts::text(self.locale, key)
    }

    /// The text of a key with its arguments.
    pub fn text_with<'a>(
        &self,
        key: &str,
        arguments: &[(&'a str, TextValue<'a>)],
    ) -> Cow<'static, str> {
        texts::text_with(self.locale, key, arguments)
    }

    /// The language that the page offers to change to.
    pub fn other_locale(&self) -> Locale {
        match self.locale {
            Locale::Fr => Locale::En,
            Locale::En => Locale::Fr,
        }
    }

    /// The name of a language, in that language.
    pub fn language_name(&self, locale: impl Borrow<Locale>) -> Cow<'static, str> {
        texts::text(*locale.borrow(), "page-language-name")
    }

    /// Cents as people write them.
    pub fn euros(&self, cents: impl Borrow<i64>) -> String {
        texts::amount(self.locale, *cents.borrow())
    }

    /// A day as people write it.
    pub fn day(&self, day: impl Borrow<NaiveDate>) -> String {
        texts::day(self.locale, *day.borrow())
    }

    /// An instant as people write it.
    pub fn day_and_time(&self, at: impl Borrow<DateTime<Utc>>) -> String {
        texts::day_and_time(self.locale, *at.borrow())
    }

    /// A month as people write it.
    pub fn month(&self, month: impl Borrow<Period>) -> String {
        texts::month(self.locale, *month.borrow())
    }

    /// The name of a cause's theme.
    pub fn theme(&self, theme: &str) -> Cow<'static, str> {
        self.text_with("page-theme", &[("theme", theme.into())])
    }
}

/// A template that cannot be rendered: a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("a page cannot be rendered")]
pub struct RenderError(#[from] askama::Error);

/// Renders a template as a response, with the error of whoever asks for it.
pub fn page<E: From<RenderError>>(template: &impl Template) -> Result<Response, E> {
    let html = template.render().map_err(RenderError)?;
    Ok(Html(html).into_response())
}

/// `GET /style.css`: the style sheet of all pages.
pub async fn style() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "max-age=300"),
        ],
        include_str!("style.css"),
    )
}
