//! Signing in by a mailed link. Opening the link changes nothing, because mail programs open links too; the button does.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use crate::mailing;
use crate::parties::sign_in;
use crate::values::Email;
use crate::web::access::cookie;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

#[derive(Template)]
#[template(path = "public/login.html", config = ".askama.toml")]
struct Page<'a> {
    shell: Shell,
    email: &'a str,
    wrong: bool,
}

/// Who wants to sign in.
#[derive(Debug, Deserialize)]
pub struct Fields {
    email: String,
}

/// `GET /login`.
pub async fn ask(shell: Shell) -> Result<Response, Problem> {
    page(&Page {
        shell,
        email: "",
        wrong: false,
    })
}

/// `POST /login`: the same answer, in the same time, whether or not the address is known.
pub async fn send(
    State(web): State<Web>,
    shell: Shell,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let Ok(email) = Email::parse(&fields.email) else {
        return page(&Page {
            shell,
            email: &fields.email,
            wrong: true,
        });
    };
    let mut db = web.app.db.acquire().await?;
    let app = web.app.clone();
    tokio::spawn(async move {
        if let Err(error) = mailing::send_link(
            &app,
            &mut db,
            chrono::Utc::now(),
            &email,
            shell.lang == "en",
        )
        .await
        {
            tracing::error!(error = %format!("{error:#}"), "a sign-in link was not sent");
        }
    });
    page(&Notice {
        shell,
        title: shell.t("Regardez vos messages", "Look at your mail"),
        text: shell.t(
            "Si cette adresse est connue ici, un lien de connexion vient d'y partir. Il sert une fois, pendant quinze minutes.",
            "If this address is known here, a sign-in link has just left for it. It works once, for fifteen minutes.",
        ),
        button: None,
        link: shell.demo.then(|| ("/demo/mail", shell.t("Ouvrir le courrier de la démonstration", "Open the demonstration's mail"))),
    })
}

/// `GET /login/{token}`.
pub async fn open(shell: Shell) -> Result<Response, Problem> {
    page(&Notice {
        shell,
        title: shell.t("Bienvenue", "Welcome"),
        text: shell.t(
            "Un clic encore, et vous êtes chez vous.",
            "One more click and you are in.",
        ),
        button: Some(shell.t("Me connecter", "Sign in")),
        link: None,
    })
}

/// `POST /login/{token}`: the link is used up.
pub async fn enter(
    State(web): State<Web>,
    shell: Shell,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let mut tx = web.app.db.begin().await?;
    let session = sign_in::consume_link(&mut tx, chrono::Utc::now(), &token)
        .await
        .map_err(|e| match e {
            sign_in::SignInError::Database(e) => e.into(),
            sign_in::SignInError::Randomness(_) => Problem::Internal,
        })?;
    tx.commit().await?;
    match session {
        Some(token) => Ok((cookie::cookie(&web.app.settings, Some(&token)), Redirect::to("/donor")).into_response()),
        None => page(&Notice {
            shell,
            title: shell.t("Ce lien ne sert plus", "This link no longer works"),
            text: shell.t(
                "Un lien sert une seule fois, pendant quinze minutes. Demandez-en un autre, il arrive aussitôt.",
                "A link works once, for fifteen minutes. Ask for another, it comes at once.",
            ),
            button: None,
            link: Some(("/login", shell.t("Demander un lien", "Ask for a link"))),
        }),
    }
}

/// `POST /logout`.
pub async fn leave(State(web): State<Web>, jar: CookieJar) -> Result<Response, Problem> {
    if let Some(token) = cookie::token(&jar, &web.app.settings) {
        sign_in::sign_out(&mut *web.app.db.acquire().await?, &token).await?;
    }
    Ok((cookie::cookie(&web.app.settings, None), Redirect::to("/")).into_response())
}
