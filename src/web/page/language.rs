//! The language of a page: which one a request asks for, and how the choice is remembered.

use axum::extract::{Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use crate::values::Locale;

/// The query of a link that changes the language, such as `?lang=en`.
#[derive(Debug, Deserialize)]
struct LanguageQuery {
    lang: Option<String>,
}

/// The language that the address names.
fn of_query(uri: &Uri) -> Option<Locale> {
    let query = Query::<LanguageQuery>::try_from_uri(uri).ok()?.0;
    query.lang?.parse().ok()
}

/// The language of the address, else the one chosen before, else the first one of ours that the
/// browser prefers, else French.
pub(super) fn of_request(parts: &Parts, cookies: &CookieJar) -> Locale {
    let chosen_before = || cookies.get("lang")?.value().parse().ok();
    let preferred = || {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        header.split(',').find_map(Locale::of_tag)
    };
    of_query(&parts.uri)
        .or_else(chosen_before)
        .or_else(preferred)
        .unwrap_or_default()
}

/// Middleware that keeps a language named by the address in a cookie, so that the pages after it
/// use it too.
pub async fn remember_language(request: Request, next: Next) -> Response {
    let chosen = of_query(request.uri());
    let mut response = next.run(request).await;
    let cookie = match chosen {
        Some(Locale::Fr) => "lang=fr; Path=/; Max-Age=31536000; SameSite=Lax",
        Some(Locale::En) => "lang=en; Path=/; Max-Age=31536000; SameSite=Lax",
        None => return response,
    };
    let cookie = HeaderValue::from_static(cookie);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn the_address_goes_before_the_cookie_and_the_cookie_before_the_browser() {
        for (uri, cookie, accepted, locale) in [
            ("/?lang=en", "lang=fr", "fr", Locale::En),
            ("/?lang=de", "lang=en", "fr", Locale::En),
            ("/", "lang=en", "fr", Locale::En),
            ("/", "", "de, en-GB;q=0.9, fr;q=0.8", Locale::En),
            ("/", "", "fr-CH, en", Locale::Fr),
            ("/", "lang=xx", "de", Locale::Fr),
        ] {
            let (parts, ()) = Request::builder()
                .uri(uri)
                .header(header::COOKIE, cookie)
                .header(header::ACCEPT_LANGUAGE, accepted)
                .body(())
                .unwrap()
                .into_parts();
            let cookies = CookieJar::from_headers(&parts.headers);
            assert_eq!(
                of_request(&parts, &cookies),
                locale,
                "{uri} {cookie} {accepted}"
            );
        }
    }
}
