//! `/donor/receipts/{number}.pdf`: a tax receipt as a PDF, for its donor only.
//!
//! It is the original, the same bytes as in the message that brought it. One that was cancelled or
//! replaced, or is in question, says so across the page.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::receipts;
use crate::values::{Reader, line_fits};
use crate::web::access::SignedInDonor;
use crate::web::{Problem, Web};

/// `GET /donor/receipts/{number}.pdf`.
pub async fn show(
    State(web): State<Web>,
    SignedInDonor(id): SignedInDonor,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let number = file.strip_suffix(".pdf").ok_or(Problem::NotFound)?;
    if !line_fits(number, 100) {
        return Err(Problem::NotFound);
    }
    let mut db = web.app.db.acquire().await?;
    let found = receipts::find(&mut db, web.app.key.expose(), Reader::Donor(id), number).await;
    let receipt = found.map_err(internal)?.ok_or(Problem::NotFound)?;
    drop(db);
    let pdf = receipts::typeset(receipt.content).await.map_err(internal)?;
    let disposition = format!("inline; filename=\"recu-{number}.pdf\"");
    Ok((
        [
            (header::CONTENT_TYPE, "application/pdf".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        pdf,
    )
        .into_response())
}

fn internal(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a receipt cannot be shown");
    Problem::Internal
}
