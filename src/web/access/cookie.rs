//! The session's cookie.

use axum::http::{HeaderName, header};
use axum_extra::extract::CookieJar;

use crate::settings::Settings;

/// Over https the name itself keeps the cookie to this host (RFC 6265bis, section 4.1.3.2).
fn name(settings: &Settings) -> &'static str {
    if settings.public_url.starts_with("https://") {
        "__Host-session"
    } else {
        "session"
    }
}

/// The session's token that a browser carries.
pub fn token(jar: &CookieJar, settings: &Settings) -> Option<String> {
    jar.get(name(settings))
        .map(|c| c.value().to_owned())
        .filter(|t| !t.is_empty())
}

/// The header that gives a browser its session; without a token, the one that ends it.
pub fn cookie(settings: &Settings, token: Option<&str>) -> [(HeaderName, String); 1] {
    let secure = if settings.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let lasts = if token.is_some() { 30 * 24 * 3600 } else { 0 };
    let (name, token) = (name(settings), token.unwrap_or_default());
    [(
        header::SET_COOKIE,
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={lasts}{secure}"),
    )]
}
