//! Health checks: `/healthz` says that the process responds, `/readyz` that it can do its work.

use axum::extract::State;
use axum::http::StatusCode;

use super::problem::ProblemDocument;
use super::{Problem, Web};
use crate::db::{SchemaState, schema_state};

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

/// The database responds, its schema is not older than this program and no event has waited for
/// more than a minute.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json")
    )
)]
pub async fn ready(State(web): State<Web>) -> Result<(StatusCode, &'static str), Problem> {
    let mut db = web.app.db.acquire().await?;
    // A newer schema is ready: during an upgrade, older processes keep serving until they end.
    if let SchemaState::Empty | SchemaState::Behind(1..) = schema_state(&mut db).await? {
        return Err(Problem::Unavailable(
            "The database's schema is older than this program: run `obole migrate`.".into(),
        ));
    }
    if crate::inbox::is_behind(&mut db, chrono::Utc::now()).await? {
        return Err(Problem::Unavailable(
            "Events have waited to be posted for more than a minute.".into(),
        ));
    }
    Ok((StatusCode::OK, "ready\n"))
}
