//! `/unsubscribe/{donor}/{token}`: stops the messages with receipts, by one click in the mail
//! program (RFC 8058) or by a button.

use axum::extract::State;
use axum::response::Response;

use super::linked_donor::LinkedDonor;
use crate::parties::donor;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

/// `GET /unsubscribe/{donor}/{token}`: changes nothing, because mail scanners open links.
pub async fn ask(shell: Shell, LinkedDonor(_): LinkedDonor) -> Result<Response, Problem> {
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
    LinkedDonor(id): LinkedDonor,
) -> Result<Response, Problem> {
    donor::leave_receipts(&mut *web.app.db.acquire().await?, id).await?;
    page(&Notice {
        shell,
        title: "public-unsubscribe-done-title",
        text: "public-unsubscribe-done-text",
        button: None,
        link: Some(("/donor/profile", "public-unsubscribe-done-link")),
    })
}
