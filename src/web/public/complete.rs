//! `/complete/{donor}/{token}`: the link of the message that asks a donor for what their receipts
//! lack. It signs nobody in, because messages are forwarded: its button sends a sign-in link to the
//! donor's own address.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::mailing::{self, Landing};
use crate::parties::completion::of_completion_path;
use crate::parties::donor;
use crate::values::{DonorId, Email, Reader};
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

/// The donor that the link names, if the link is one of ours.
fn donor_of_link(web: &Web, donor: &str, token: &str) -> Result<DonorId, Problem> {
    of_completion_path(web.app.key.expose(), donor, token).ok_or(Problem::NotFound)
}

/// `GET /complete/{donor}/{token}`: changes nothing, because mail scanners open links.
pub async fn ask(
    State(web): State<Web>,
    shell: Shell,
    Path((donor, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    donor_of_link(&web, &donor, &token)?;
    page(&Notice {
        shell,
        title: "public-complete-title",
        text: "public-complete-text",
        button: Some("public-complete-button"),
        link: None,
    })
}

/// `POST /complete/{donor}/{token}`: the response says nothing of the donor.
pub async fn send(
    State(web): State<Web>,
    shell: Shell,
    Path((donor, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = donor_of_link(&web, &donor, &token)?;
    let mut db = web.app.db.acquire().await?;
    let donor = donor::load(&mut db, Reader::Donor(id), id).await?;
    let email = donor.email.as_deref().map(Email::parse);
    if let Some(Ok(email)) = email {
        let app = web.app.clone();
        tokio::spawn(async move {
            let (now, to) = (chrono::Utc::now(), Landing::Profile);
            let sent = mailing::send_link(&app, &mut db, now, &email, donor.locale, to).await;
            if let Err(error) = sent {
                tracing::error!(error = %format!("{error:#}"), "a sign-in link was not sent");
            }
        });
    }
    page(&Notice {
        shell,
        title: "public-complete-sent-title",
        text: "public-complete-sent-text",
        button: None,
        link: shell
            .demo
            .then_some(("/demo/mail", "public-login-sent-demo")),
    })
}
