//! What went wrong, as RFC 9457 `application/problem+json`. This file alone knows the status codes
//! of errors.

use std::borrow::Cow;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::page::{Notice, RenderError, page};
use super::{Shell, Web};
use crate::values::FieldError;

/// The document of a problem (RFC 9457), for the API's description only.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it only describes what `into_response` writes")]
pub struct ProblemDocument {
    #[schema(rename = "type", examples("urn:obole:problem:not-found"))]
    kind: String,
    title: String,
    status: u16,
    /// What happened, and how to correct it.
    detail: String,
    errors: Vec<ProblemField>,
}

/// One field that is not valid.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it only describes what `into_response` writes")]
pub struct ProblemField {
    field: String,
    message: String,
}

/// Why a request failed. `contracts/problems.md` explains each one under its slug.
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
    /// The most that is taken, in bytes.
    TooLarge(usize),
    NotJson,
    NotUnderstood {
        errors: Vec<FieldError>,
        event_id: String,
    },
    Unavailable(String),
    /// A form that another site posted.
    ForeignForm,
    Internal,
}

impl Problem {
    /// The last part of the problem's type. It never changes.
    pub fn slug(&self) -> &'static str {
        self.kind().1
    }

    /// The kind of problem: its status, slug and title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotSigned(_) => (S::UNAUTHORIZED, "not-signed", "The signature is not valid"),
            Self::NoSuchEndpoint => (
                S::NOT_FOUND,
                "no-such-endpoint",
                "There is no such endpoint",
            ),
            Self::NotFound => (S::NOT_FOUND, "not-found", "There is nothing here"),
            Self::NoKey => (S::UNAUTHORIZED, "no-api-key", "An API key is needed"),
            Self::Invalid(_) => (
                S::UNPROCESSABLE_ENTITY,
                "invalid-request",
                "The request is not understood",
            ),
            Self::Conflict(_) => (
                S::CONFLICT,
                "conflicting-event",
                "This webhook-id came before with another body",
            ),
            Self::TooSlow => (
                S::REQUEST_TIMEOUT,
                "too-slow",
                "The body did not come in time",
            ),
            Self::TooLarge(_) => (S::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::NotJson => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "not-json",
                "The body is not JSON",
            ),
            Self::NotUnderstood { .. } => (
                S::UNPROCESSABLE_ENTITY,
                "not-understood",
                "The event is authentic but not understood",
            ),
            Self::ForeignForm => (
                S::FORBIDDEN,
                "foreign-form",
                "The form came from another site",
            ),
            Self::Unavailable(_) => (
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "Nothing was accepted, try again",
            ),
            Self::Internal => (
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "Something failed here",
            ),
        }
    }

    /// What happened this time and how to correct it, for developers.
    fn detail(&self) -> Cow<'_, str> {
        match self {
            Self::NotSigned(detail) | Self::Unavailable(detail) => detail.into(),
            Self::NoSuchEndpoint => {
                "Post to the webhook_url given when the merchant was added.".into()
            }
            Self::NotFound => "Check the address.".into(),
            Self::NoKey => {
                "Send Authorization: Bearer and the api_key given when the merchant was added."
                    .into()
            }
            Self::Invalid(_) => "Nothing was changed. Mend the fields named.".into(),
            Self::Conflict(event) => format!(
                "It is kept as {event} for a person to compare and was not posted. Give each event \
                 its own webhook-id, and repeat it unchanged."
            )
            .into(),
            Self::TooSlow => "Nothing was accepted. Send it within ten seconds.".into(),
            Self::TooLarge(bytes) => format!(
                "A body may have up to {} KiB. Nothing was kept: nobody has signed it. Send fewer \
                 fields or lines, or the order by the dialect `standard`.",
                bytes / 1024
            )
            .into(),
            Self::NotJson => "Send Content-Type: application/json, and no Content-Encoding.".into(),
            Self::NotUnderstood { event_id, .. } => format!(
                "It is kept as {event_id} in the delivery log and can be redriven. Mend the fields \
                 named, and send it with a new webhook-id."
            )
            .into(),
            Self::ForeignForm => "Open the page here and send it again.".into(),
            Self::Internal => "Nothing was changed. Please try again.".into(),
        }
    }
}

impl Problem {
    /// The keys of the title and the text that a person reads: what happened, what is safe, what to
    /// do.
    fn page_texts(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound | Self::NoSuchEndpoint => {
                ("problem-not-found-title", "problem-not-found-text")
            }
            Self::ForeignForm => ("problem-foreign-form-title", "problem-foreign-form-text"),
            Self::Unavailable(_) => ("problem-unavailable-title", "problem-unavailable-text"),
            Self::NoKey
            | Self::Invalid(_)
            | Self::NotSigned(_)
            | Self::Conflict(_)
            | Self::TooSlow
            | Self::TooLarge(_)
            | Self::NotJson
            | Self::NotUnderstood { .. }
            | Self::Internal => ("problem-other-title", "problem-other-text"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, slug, title) = self.kind();
        let errors = match &self {
            Self::NotUnderstood { errors, .. } | Self::Invalid(errors) => errors.as_slice(),
            _ => &[],
        };
        let body = json!({"type": format!("urn:obole:problem:{slug}"), "title": title,
            "status": status.as_u16(), "detail": self.detail(), "errors": errors});
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

/// Middleware that turns a problem into a page when the request accepts HTML.
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
            let (title, text) = problem.page_texts();
            let notice = Notice {
                shell,
                title,
                text,
                button: None,
                link: Some(("/", "problem-home")),
            };
            match page::<Problem>(&notice) {
                Ok(page) => (response.status(), page).into_response(),
                Err(_) => response,
            }
        }
        _ => response,
    }
}

impl From<RenderError> for Problem {
    fn from(error: RenderError) -> Self {
        tracing::error!(%error, source = ?std::error::Error::source(&error), "a page is missing");
        Self::Internal
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database refused");
        match error {
            // What was sent, not what is stored (SQLSTATE class 22).
            sqlx::Error::Database(e) if e.code().is_some_and(|c| c.starts_with("22")) => {
                let message = "something that was sent cannot be stored";
                Self::Invalid(vec![FieldError::new(".", message)])
            }
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
            Problem::TooLarge(0),
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
            let (status, slug, _) = p.kind();
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
