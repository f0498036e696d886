//! Leaving the receipts' message: one click from the mail program (RFC 8058), or a button for people.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::parties::donor;
use crate::values::DonorId;
use crate::web::shell::{Asked, Shell, page};
use crate::web::{Problem, Web};

#[derive(Template)]
#[template(path = "public/notice.html", config = ".askama.toml")]
struct Page<'a> {
    shell: Shell,
    title: &'a str,
    text: &'a str,
    button: Option<&'a str>,
}

fn meant(web: &Web, donor: &str, token: &str) -> Result<DonorId, Problem> {
    donor::of_unsubscribe_path(web.app.key.expose(), donor, token).ok_or(Problem::NotFound)
}

/// `GET /unsubscribe/{donor}/{token}`: changes nothing, programs that follow links come by.
pub async fn ask(
    State(web): State<Web>,
    Path((donor, token)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    meant(&web, &donor, &token)?;
    let shell = Shell::of(&asked, &headers);
    page(&Page {
        shell,
        title: shell.t("Ne plus recevoir de reçus", "Stop receiving receipts"),
        text: shell.t(
            "Vos euros continueront d'arriver aux associations, mais vous n'aurez plus de reçu fiscal.",
            "Your euros will still reach the associations, but you will get no more tax receipts.",
        ),
        button: Some(shell.t("Ne plus recevoir de reçus", "Stop receiving receipts")),
    })
}

/// `POST` on the same address.
pub async fn leave(
    State(web): State<Web>,
    Path((donor, token)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = meant(&web, &donor, &token)?;
    donor::leave_receipts(&mut *web.app.db.acquire().await?, id).await?;
    let shell = Shell::of(&asked, &headers);
    page(&Page {
        shell,
        title: shell.t("C'est fait", "Done"),
        text: shell.t("Vous ne recevrez plus de reçus.", "You will get no more receipts."),
        button: None,
    })
}
