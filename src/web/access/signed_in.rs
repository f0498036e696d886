//! The extractors that let signed-in people in.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;

use super::cookie::{cookie, token};
use crate::parties::sign_in;
use crate::values::DonorId;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

/// The donor who is signed in; anyone else is shown the way.
pub struct SignedInDonor(pub DonorId);

impl FromRequestParts<Web> for SignedInDonor {
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
