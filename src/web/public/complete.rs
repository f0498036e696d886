//! `/complete/{donor}/{token}`: the link of the message that asks a donor for what their receipts
//! lack. It signs nobody in, because messages are forwarded: its button sends a sign-in link to the
//! donor's own address.

use axum::extract::State;
use axum::response::Response;

use super::linked_donor::LinkedDonor;
use crate::mailing::{self, Landing};
use crate::parties::donor;
use crate::values::{Email, Reader};
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

/// `GET /complete/{donor}/{token}`: changes nothing, because mail scanners open links.
pub async fn ask(shell: Shell, LinkedDonor(_): LinkedDonor) -> Result<Response, Problem> {
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
    LinkedDonor(id): LinkedDonor,
) -> Result<Response, Problem> {
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
