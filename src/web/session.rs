//! Who is there: the session's cookie, and the extractor that lets a donor in.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;

use super::shell::{Notice, page};
use super::{Problem, Shell, Web};
use crate::parties::sign_in;
use crate::settings::Settings;
use crate::values::DonorId;

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

/// The donor who is signed in; anyone else is shown the way.
pub struct Donor(pub DonorId);

impl FromRequestParts<Web> for Donor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let settings = &web.app.settings;
        let Some(token) = token(&CookieJar::from_headers(&parts.headers), settings) else {
            return Err(Redirect::to("/login").into_response());
        };
        let session = async {
            sign_in::session(
                &mut *web.app.db.acquire().await?,
                chrono::Utc::now(),
                &token,
            )
            .await
        }
        .await
        .map_err(|e| Problem::from(e).into_response())?;
        match session {
            None => Err((cookie(settings, None), Redirect::to("/login")).into_response()),
            Some(sign_in::Session {
                donor_id: Some(donor),
            }) => Ok(Self(donor)),
            Some(sign_in::Session { donor_id: None }) => {
                let Ok(shell) = Shell::from_request_parts(parts, web).await;
                Err(page(&Notice {
                    shell,
                    title: shell.t("Aucun euro ici pour le moment", "No euro here yet"),
                    text: shell.t(
                        "Vous êtes connecté, mais aucun don ne porte encore cette adresse. Vos euros paraîtront ici dès la première commande où vous en ajoutez un.",
                        "You are signed in, but no gift carries this address yet. Your euros will appear here with the first order you add one to.",
                    ),
                    button: None,
                    link: Some(("/causes", shell.t("Voir les causes", "See the causes"))),
                })
                .into_response())
            }
        }
    }
}
