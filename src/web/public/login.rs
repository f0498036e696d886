//! Signing in by a mailed link. Opening the link changes nothing, because mail scanners open links
//! too; the button on its page uses it up.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use crate::mailing::{self, Landing};
use crate::parties::sign_in;
use crate::values::Email;
use crate::web::cookie;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

#[derive(Template)]
#[template(path = "public/login.html", config = ".askama.toml")]
struct Page<'a> {
    shell: Shell,
    email: &'a str,
    wrong: bool,
}

/// The form that asks for a link.
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

/// `POST /login`: the response and its time are the same whether or not the address is known, so it
/// does not tell who is.
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
        let now = chrono::Utc::now();
        if let Err(error) =
            mailing::send_link(&app, &mut db, now, &email, shell.locale, Landing::Home).await
        {
            tracing::error!(error = %format!("{error:#}"), "a sign-in link was not sent");
        }
    });
    page(&Notice {
        shell,
        title: "public-login-sent-title",
        text: "public-login-sent-text",
        button: None,
        link: shell
            .demo
            .then_some(("/demo/mail", "public-login-sent-demo")),
    })
}

/// `GET /login/{token}`: a page with a button.
pub async fn open(shell: Shell) -> Result<Response, Problem> {
    page(&Notice {
        shell,
        title: "public-login-open-title",
        text: "public-login-open-text",
        button: Some("public-login-open-button"),
        link: None,
    })
}

/// The query of a link's address.
#[derive(Debug, Deserialize)]
pub struct LinkQuery {
    /// The page to open, when it is not the first one.
    to: Option<Landing>,
}

/// `POST /login/{token}`: uses the link up and starts a session.
pub async fn enter(
    State(web): State<Web>,
    shell: Shell,
    Path(token): Path<String>,
    Query(query): Query<LinkQuery>,
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
        Some(token) => {
            let cookie = cookie::header(&web.app.settings, Some(&token));
            Ok((
                cookie,
                Redirect::to(query.to.unwrap_or(Landing::Home).path()),
            )
                .into_response())
        }
        None => page(&Notice {
            shell,
            title: "public-login-expired-title",
            text: "public-login-expired-text",
            button: None,
            link: Some(("/login", "public-login-expired-link")),
        }),
    }
}

/// `POST /logout`: ends the session.
pub async fn leave(State(web): State<Web>, jar: CookieJar) -> Result<Response, Problem> {
    if let Some(token) = cookie::token(&jar, &web.app.settings) {
        sign_in::sign_out(&mut *web.app.db.acquire().await?, &token).await?;
    }
    let cookie = cookie::header(&web.app.settings, None);
    Ok((cookie, Redirect::to("/")).into_response())
}
