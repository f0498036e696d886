//! `/claim/{token}`: an anonymous gift gets its donor, once.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use crate::donations::{self, ClaimError, of_claim_token};
use crate::parties::donor::{self, DonorDetails};
use crate::values::Email;
use crate::web::page::IdentityFields;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

/// What the giver says of themselves.
#[derive(Debug, Deserialize)]
pub struct Fields {
    email: String,
    #[serde(flatten)]
    identity: IdentityFields,
}

#[derive(Template)]
#[template(path = "public/claim.html", config = ".askama.toml")]
struct Page<'a> {
    shell: Shell,
    email: &'a str,
    identity: &'a IdentityFields,
    wrong: Option<&'a str>,
}

pub async fn ask(
    State(web): State<Web>,
    shell: Shell,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    of_claim_token(web.app.key.expose(), &token).ok_or(Problem::NotFound)?;
    page(&Page {
        shell,
        email: "",
        identity: &IdentityFields::default(),
        wrong: None,
    })
}

pub async fn claim(
    State(web): State<Web>,
    shell: Shell,
    Path(token): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let donation = of_claim_token(web.app.key.expose(), &token).ok_or(Problem::NotFound)?;
    let again = |wrong: &str| {
        page(&Page {
            shell,
            email: &fields.email,
            identity: &fields.identity,
            wrong: Some(wrong),
        })
    };
    let Ok(email) = Email::parse(&fields.email) else {
        return again(shell.t(
            "L'adresse e-mail doit ressembler à camille@example.org.",
            "The e-mail address should look like camille@example.org.",
        ));
    };
    let Some(identity) = fields.identity.read() else {
        return again(shell.t(
            "Chaque champ est nécessaire pour le reçu.",
            "Every field is needed for the receipt.",
        ));
    };
    let now = chrono::Utc::now();
    let told = DonorDetails {
        email,
        first_name: Some(identity.first_name),
        last_name: Some(identity.last_name),
        address: Some(identity.address),
        locale: shell.lang.to_owned(),
    };
    let mut tx = web.app.db.begin().await?;
    let met = donor::find_or_create(&mut tx, now, std::iter::once(&told)).await?;
    let donor = *met.get(told.email.as_str()).ok_or(Problem::Internal)?;
    match donations::claim(&mut tx, now, donation, donor).await {
        Ok(()) => {
            tx.commit().await?;
            page(&Notice {
                shell,
                title: shell.t("Merci, ce don est à votre nom", "Thank you, this gift is in your name"),
                text: shell.t(
                    "Le reçu fiscal vous sera envoyé quand l'association aura reçu l'argent.",
                    "The tax receipt will be sent to you once the association has the money.",
                ),
                button: None,
                link: Some(("/login", shell.t("Suivre cet euro", "Follow this euro"))),
            })
        }
        Err(ClaimError::Database(error)) => Err(error.into()),
        Err(ClaimError::NotClaimable) => again(shell.t(
            "Ce don ne peut pas être mis à votre nom : il n'est pas encore enregistré, il l'a déjà été, ou il a été remboursé.",
            "This gift cannot be put in your name: it is not recorded yet, it was claimed already, or it was refunded.",
        )),
    }
}
