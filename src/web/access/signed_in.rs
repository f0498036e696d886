//! The extractors that admit signed-in people.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;

use crate::parties::sign_in;
use crate::values::DonorId;
use crate::web::cookie;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

/// The donor who is signed in. Anyone else is sent to the sign-in page; someone signed in without a
/// donation gets a page that says so.
pub struct SignedInDonor(pub DonorId);

impl FromRequestParts<Web> for SignedInDonor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let settings = &web.app.settings;
        let Some(token) = cookie::token(&CookieJar::from_headers(&parts.headers), settings) else {
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
            None => Err((cookie::header(settings, None), Redirect::to("/login")).into_response()),
            Some(sign_in::Session {
                donor_id: Some(donor),
            }) => Ok(Self(donor)),
            Some(sign_in::Session { donor_id: None }) => {
                let Ok(shell) = Shell::from_request_parts(parts, web).await;
                Err(page::<Problem>(&Notice {
                    shell,
                    title: "donor-none-title",
                    text: "donor-none-text",
                    button: None,
                    link: Some(("/causes", "donor-none-link")),
                })
                .into_response())
            }
        }
    }
}
