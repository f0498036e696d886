//! Leaving the receipts' message: one click from the mail program (RFC 8058), or a button for people.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::parties::{donor, unsubscribe};
use crate::values::DonorId;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

fn meant(web: &Web, donor: &str, token: &str) -> Result<DonorId, Problem> {
    unsubscribe::of_unsubscribe_path(web.app.key.expose(), donor, token).ok_or(Problem::NotFound)
}

/// `GET /unsubscribe/{donor}/{token}`: changes nothing, programs that follow links come by.
pub async fn ask(
    State(web): State<Web>,
    shell: Shell,
    Path((donor, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    meant(&web, &donor, &token)?;
    page(&Notice {
        shell,
        title: shell.t("Ne plus recevoir de reçus", "Stop receiving receipts"),
        text: shell.t(
            "Vos euros continueront d'arriver aux associations, mais vous n'aurez plus de reçu fiscal.",
            "Your euros will still reach the associations, but you will get no more tax receipts.",
        ),
        button: Some(shell.t("Ne plus recevoir de reçus", "Stop receiving receipts")),
        link: None,
    })
}

/// `POST` on the same address.
pub async fn leave(
    State(web): State<Web>,
    shell: Shell,
    Path((donor, token)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = meant(&web, &donor, &token)?;
    donor::leave_receipts(&mut *web.app.db.acquire().await?, id).await?;
    page(&Notice {
        shell,
        title: shell.t("C'est fait", "Done"),
        text: shell.t(
            "Vous ne recevrez plus de reçus.",
            "You will get no more receipts.",
        ),
        button: None,
        link: Some((
            "/donor/profile",
            shell.t("Changer d'avis", "Change your mind"),
        )),
    })
}
