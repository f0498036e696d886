//! `/unsubscribe/{donor}/{token}`: stops the messages with receipts, by one click in the mail
//! program (RFC 8058) or by a button.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::parties::{donor, unsubscribe};
use crate::values::DonorId;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

/// The donor that the link names, if the link is one of ours.
fn donor_of_link(web: &Web, donor: &str, token: &str) -> Result<DonorId, Problem> {
    unsubscribe::of_unsubscribe_path(web.app.key.expose(), donor, token).ok_or(Problem::NotFound)
}

/// `GET /unsubscribe/{donor}/{token}`: changes nothing, because mail scanners open links.
pub async fn ask(
    State(web): State<Web>,
    shell: Shell,
    Path((donor, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    donor_of_link(&web, &donor, &token)?;
    page(&Notice {
        shell,
        title: "public-unsubscribe-title",
        text: "public-unsubscribe-text",
        button: Some("public-unsubscribe-button"),
        link: None,
    })
}

/// `POST /unsubscribe/{donor}/{token}`.
pub async fn leave(
    State(web): State<Web>,
    shell: Shell,
    Path((donor, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = donor_of_link(&web, &donor, &token)?;
    donor::leave_receipts(&mut *web.app.db.acquire().await?, id).await?;
    page(&Notice {
        shell,
        title: "public-unsubscribe-done-title",
        text: "public-unsubscribe-done-text",
        button: None,
        link: Some(("/donor/profile", "public-unsubscribe-done-link")),
    })
}
