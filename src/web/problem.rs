//! What went wrong, as RFC 9457 `application/problem+json`. This file alone knows the status codes of errors.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::values::FieldError;

/// A problem; `contracts/problems.md` explains each slug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    NotSigned(String),
    NoSuchEndpoint,
    NotFound,
    Conflict(String),
    TooLarge,
    NotJson,
    NotUnderstood { errors: Vec<FieldError>, event_id: String },
    Unavailable(String),
    Internal,
}

impl Problem {
    /// Status, slug, title and detail.
    fn told(&self) -> (StatusCode, &'static str, &'static str, String) {
        match self {
            Self::NotSigned(detail) => (StatusCode::UNAUTHORIZED, "not-signed", "The signature is not valid", detail.clone()),
            Self::NoSuchEndpoint => (
                StatusCode::NOT_FOUND,
                "no-such-endpoint",
                "There is no such endpoint",
                "Post to the webhook_url given when the merchant was added.".into(),
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is nothing here", "Check the address.".into()),
            Self::Conflict(event) => (
                StatusCode::CONFLICT,
                "conflicting-event",
                "This webhook-id came before with another body",
                format!(
                    "It is kept as {event} for a person to compare and was not posted. Give each event its own webhook-id, and repeat it unchanged."
                ),
            ),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", "A body may have up to 256 KiB.".into())
            }
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
            Self::Unavailable(detail) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Nothing was accepted, try again", detail.clone())
            }
            Self::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed here", "Nothing was changed. Please try again.".into())
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, slug, title, detail) = self.told();
        let errors = if let Self::NotUnderstood { errors, .. } = self { errors } else { Vec::new() };
        let body = json!({"type": format!("urn:obole:problem:{slug}"), "title": title, "status": status.as_u16(), "detail": detail, "errors": errors});
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database refused");
        match error {
            sqlx::Error::Database(_) | sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. } => Self::Internal,
            _ => Self::Unavailable("The database is away.".into()),
        }
    }
}
