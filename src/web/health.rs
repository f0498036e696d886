//! Health checks: `/healthz` says that the process responds, `/readyz` that it can do its work.

use axum::extract::State;
use axum::http::StatusCode;

use super::problem::ProblemDocument;
use super::{Problem, Web};

/// The process responds.
#[utoipa::path(
    get, path = "/healthz", tag = "health",
    responses(
        (status = 200, body = String, content_type = "text/plain")
    )
)]
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database responds, its schema is current and no event has waited for more than a minute.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn ready(State(web): State<Web>) -> Result<(StatusCode, &'static str), Problem> {
    let behind: bool =
        crate::inbox::is_behind(&mut *web.app.db.acquire().await?, chrono::Utc::now()).await?;
    if behind {
        return Err(Problem::Unavailable(
            "Events have waited to be posted for more than a minute.".into(),
        ));
    }
    Ok((StatusCode::OK, "ready\n"))
}
