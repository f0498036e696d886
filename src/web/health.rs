//! Alive, and ready: two different questions.

use axum::extract::State;
use axum::http::StatusCode;

use super::{Problem, Web};

/// The process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers, its schema is current and the poster is less than a minute behind.
pub async fn ready(State(web): State<Web>) -> Result<(StatusCode, &'static str), Problem> {
    let behind: bool = crate::inbox::is_behind(&mut *web.app.db.acquire().await?, chrono::Utc::now()).await?;
    if behind {
        return Err(Problem::Unavailable("Events have waited for the poster for more than a minute.".into()));
    }
    Ok((StatusCode::OK, "ready\n"))
}
