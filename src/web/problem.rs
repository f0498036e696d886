//! What went wrong, as RFC 9457 `application/problem+json`. This file alone knows the status codes of errors.

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::page::{Notice, page};
use super::{Shell, Web};
use crate::values::FieldError;

/// A problem as it is written (RFC 9457); for the API's description.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it only describes what into_response writes")]
pub struct ProblemDocument {
    #[schema(rename = "type", examples("urn:obole:problem:not-found"))]
    kind: String,
    title: String,
    status: u16,
    /// What happened, and how to mend it.
    detail: String,
    errors: Vec<ProblemField>,
}

/// One field that is wrong.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it only describes what into_response writes")]
pub struct ProblemField {
    field: String,
    message: String,
}

/// A problem; `contracts/problems.md` explains each slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    NotSigned(String),
    NoSuchEndpoint,
    NotFound,
    NoKey,
    /// A request to the API that cannot be understood.
    Invalid(Vec<FieldError>),
    Conflict(String),
    TooSlow,
    TooLarge,
    NotJson,
    NotUnderstood {
        errors: Vec<FieldError>,
        event_id: String,
    },
    Unavailable(String),
    /// A form posted from another site.
    ForeignForm,
    Internal,
}

impl Problem {
    /// The last part of its type.
    pub fn slug(&self) -> &'static str {
        self.told().1
    }

    /// Status, slug, title and detail.
    fn told(&self) -> (StatusCode, &'static str, &'static str, String) {
        match self {
            Self::NotSigned(detail) => (
                StatusCode::UNAUTHORIZED,
                "not-signed",
                "The signature is not valid",
                detail.clone(),
            ),
            Self::NoSuchEndpoint => (
                StatusCode::NOT_FOUND,
                "no-such-endpoint",
                "There is no such endpoint",
                "Post to the webhook_url given when the merchant was added.".into(),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not-found",
                "There is nothing here",
                "Check the address.".into(),
            ),
            Self::NoKey => (
                StatusCode::UNAUTHORIZED,
                "no-api-key",
                "An API key is needed",
                "Send Authorization: Bearer and the api_key given when the merchant was added."
                    .into(),
            ),
            Self::Invalid(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-request",
                "The request is not understood",
                "Nothing was changed. Mend the fields named.".into(),
            ),
            Self::Conflict(event) => (
                StatusCode::CONFLICT,
                "conflicting-event",
                "This webhook-id came before with another body",
                format!(
                    "It is kept as {event} for a person to compare and was not posted. Give each event its own webhook-id, and repeat it unchanged."
                ),
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "too-slow",
                "The body did not come in time",
                "Nothing was accepted. Send it within ten seconds.".into(),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
                "A body may have up to 256 KiB.".into(),
            ),
            Self::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "The body is not JSON",
                "Send Content-Type: application/json, and no Content-Encoding.".into(),
            ),
            Self::NotUnderstood { event_id, .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "not-understood",
                "The event is authentic but not understood",
                format!(
                    "It is kept as {event_id} in the delivery log and can be redriven. Mend the fields named, and send it with a new webhook-id."
                ),
            ),
            Self::ForeignForm => (
                StatusCode::FORBIDDEN,
                "foreign-form",
                "The form came from another site",
                "Open the page here and send it again.".into(),
            ),
            Self::Unavailable(detail) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Nothing was accepted, try again",
                detail.clone(),
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something failed here",
                "Nothing was changed. Please try again.".into(),
            ),
        }
    }
}

impl Problem {
    /// What a person reads of it: what happened, what is safe, what to do.
    fn shown(&self, shell: Shell) -> (&str, &str) {
        match self {
            Self::NotFound | Self::NoSuchEndpoint => (
                shell.t("Il n'y a rien ici", "There is nothing here"),
                shell.t(
                    "L'adresse est peut-être incomplète, ou le lien trop ancien.",
                    "The address may be incomplete, or the link too old.",
                ),
            ),
            Self::ForeignForm => (
                shell.t(
                    "Ce formulaire vient d'ailleurs",
                    "This form came from elsewhere",
                ),
                shell.t(
                    "Rien n'a changé. Ouvrez la page ici et envoyez-la de nouveau.",
                    "Nothing was changed. Open the page here and send it again.",
                ),
            ),
            Self::Unavailable(_) => (
                shell.t("Un instant", "One moment"),
                shell.t(
                    "Le service revient dans quelques secondes. Rien n'a été perdu.",
                    "The service will be back in a few seconds. Nothing was lost.",
                ),
            ),
            Self::NoKey
            | Self::Invalid(_)
            | Self::NotSigned(_)
            | Self::Conflict(_)
            | Self::TooSlow
            | Self::TooLarge
            | Self::NotJson
            | Self::NotUnderstood { .. }
            | Self::Internal => (
                shell.t("Quelque chose n'a pas marché ici", "Something failed here"),
                shell.t(
                    "Rien n'a changé. Vous pouvez réessayer.",
                    "Nothing was changed. You can try again.",
                ),
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, slug, title, detail) = self.told();
        let errors = match &self {
            Self::NotUnderstood { errors, .. } | Self::Invalid(errors) => errors.as_slice(),
            _ => &[],
        };
        let body = json!({"type": format!("urn:obole:problem:{slug}"), "title": title, "status": status.as_u16(), "detail": detail, "errors": errors});
        let mut response = (
            status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body.to_string(),
        )
            .into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if matches!(self, Self::NoKey) {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Shows a problem as a page to whoever asked for one.
pub async fn render_for_browsers(State(web): State<Web>, request: Request, next: Next) -> Response {
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|a| a.to_str().ok())
        .is_some_and(|a| a.contains("text/html"));
    let (mut parts, body) = request.into_parts();
    let Ok(shell) = Shell::from_request_parts(&mut parts, &web).await;
    let response = next.run(Request::from_parts(parts, body)).await;
    match response.extensions().get::<Problem>() {
        Some(problem) if wants_page => {
            let (title, text) = problem.shown(shell);
            let home = Some((
                "/",
                shell.t("Revenir à l'accueil", "Back to the first page"),
            ));
            match page(&Notice {
                shell,
                title,
                text,
                button: None,
                link: home,
            }) {
                Ok(shown) => (response.status(), shown).into_response(),
                Err(_) => response,
            }
        }
        _ => response,
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database refused");
        match error {
            sqlx::Error::Database(_)
            | sqlx::Error::RowNotFound
            | sqlx::Error::ColumnDecode { .. } => Self::Internal,
            _ => Self::Unavailable("The database is away.".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_explained_with_its_status_and_no_other_is() {
        let all = [
            Problem::NotSigned(String::new()),
            Problem::NoKey,
            Problem::ForeignForm,
            Problem::NoSuchEndpoint,
            Problem::NotFound,
            Problem::TooSlow,
            Problem::Conflict(String::new()),
            Problem::TooLarge,
            Problem::NotJson,
            Problem::NotUnderstood {
                errors: Vec::new(),
                event_id: String::new(),
            },
            Problem::Invalid(Vec::new()),
            Problem::Internal,
            Problem::Unavailable(String::new()),
        ];
        let rows = all.map(|p| {
            let (status, slug, ..) = p.told();
            format!("| `{slug}` | {} |", status.as_u16())
        });
        let explained: Vec<&str> = include_str!("../../contracts/problems.md")
            .lines()
            .filter(|l| l.starts_with("| `"))
            .collect();
        assert_eq!(explained.len(), rows.len());
        for (row, line) in rows.iter().zip(explained) {
            assert!(line.starts_with(row), "{row} is not {line}");
        }
    }
}
