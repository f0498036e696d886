//! The session's cookie: reading it from a request, and the header that sets or ends it.

use axum::http::HeaderName;
use axum::http::header::SET_COOKIE;
use axum_extra::extract::CookieJar;

use crate::settings::Settings;

/// The cookie's name. The prefix `__Host-` makes browsers refuse the cookie from any other host
/// (RFC 6265bis, section 4.1.3.2); it needs https, which a local try-out does not have.
fn name(settings: &Settings) -> &'static str {
    if settings.public_url.starts_with("https://") {
        "__Host-session"
    } else {
        "session"
    }
}

/// The session's token that the browser sent.
pub fn token(jar: &CookieJar, settings: &Settings) -> Option<String> {
    jar.get(name(settings))
        .map(|c| c.value().to_owned())
        .filter(|token| !token.is_empty())
}

/// The header that stores a session's token in the browser for thirty days; without a token, the
/// one that removes it.
pub fn header(settings: &Settings, token: Option<&str>) -> [(HeaderName, String); 1] {
    let secure = if settings.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let max_age = if token.is_some() { 30 * 24 * 3600 } else { 0 };
    let (name, token) = (name(settings), token.unwrap_or_default());
    [(
        SET_COOKIE,
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}"),
    )]
}
