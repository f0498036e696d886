//! `/claim/{token}`: an anonymous gift gets its donor, once.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use crate::donations::{self, ClaimError, of_claim_token};
use crate::parties::donor::{self, Told};
use crate::values::{Email, PostalAddress};
use crate::web::shell::{Asked, Shell, page};
use crate::web::{Problem, Web};

/// What the giver says of themselves.
#[derive(Debug, Default, Deserialize)]
pub struct Fields {
    email: String,
    first_name: String,
    last_name: String,
    line1: String,
    postal_code: String,
    city: String,
}

#[derive(Template)]
#[template(path = "public/claim.html", config = ".askama.toml")]
struct Page<'a> {
    shell: Shell,
    form: &'a Fields,
    wrong: Option<&'a str>,
    done: bool,
}

pub async fn ask(
    State(web): State<Web>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    of_claim_token(web.app.key.expose(), &token).ok_or(Problem::NotFound)?;
    page(&Page { shell: Shell::of(&asked, &headers), form: &Fields::default(), wrong: None, done: false })
}

pub async fn claim(
    State(web): State<Web>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let donation = of_claim_token(web.app.key.expose(), &token).ok_or(Problem::NotFound)?;
    let shell = Shell::of(&asked, &headers);
    let again = |wrong: &str| page(&Page { shell, form: &fields, wrong: Some(wrong), done: false });
    let Ok(email) = Email::parse(&fields.email) else {
        return again(
            shell.t("L'adresse e-mail doit ressembler à camille@example.org.", "The e-mail address should look like camille@example.org."),
        );
    };
    let filled =
        [(&fields.first_name, 200), (&fields.last_name, 200), (&fields.line1, 300), (&fields.postal_code, 20), (&fields.city, 200)];
    if filled.iter().any(|(t, most)| t.trim().is_empty() || t.chars().count() > *most || t.chars().any(char::is_control)) {
        return again(shell.t("Chaque champ est nécessaire pour le reçu.", "Every field is needed for the receipt."));
    }
    let now = chrono::Utc::now();
    let told = Told {
        email,
        first_name: Some(fields.first_name.trim().to_owned()),
        last_name: Some(fields.last_name.trim().to_owned()),
        address: Some(PostalAddress {
            line1: fields.line1.trim().to_owned(),
            line2: None,
            postal_code: fields.postal_code.trim().to_owned(),
            city: fields.city.trim().to_owned(),
            country: "FR".into(),
        }),
        locale: shell.lang.to_owned(),
    };
    let mut tx = web.app.db.begin().await?;
    let met = donor::meet(&mut tx, now, std::slice::from_ref(&told)).await?;
    let donor = *met.get(told.email.as_str()).ok_or(Problem::Internal)?;
    match donations::claim(&mut tx, now, donation, donor).await {
        Ok(()) => {
            tx.commit().await?;
            page(&Page { shell, form: &fields, wrong: None, done: true })
        }
        Err(ClaimError::Database(error)) => Err(error.into()),
        Err(ClaimError::NotClaimable) => again(shell.t(
            "Ce don ne peut pas être mis à votre nom : il n'est pas encore enregistré, il l'a déjà été, ou il a été remboursé.",
            "This gift cannot be put in your name: it is not recorded yet, it was claimed already, or it was refunded.",
        )),
    }
}
