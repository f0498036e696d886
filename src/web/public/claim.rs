//! `/claim/{token}`: puts an anonymous donation in its donor's name, once and for a time.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use crate::donations::{self, ClaimLink, of_claim_token};
use crate::parties::donor::{self, DonorDetails};
use crate::values::Email;
use crate::web::page::IdentityFields;
use crate::web::page::{Notice, page};
use crate::web::{Problem, Shell, Web};

/// The form of the claim.
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
    /// The key of what is wrong with the form that came back.
    wrong: Option<&'static str>,
}

/// `GET /claim/{token}`.
pub async fn ask(
    State(web): State<Web>,
    shell: Shell,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let donation = of_claim_token(web.app.key.expose(), &token).ok_or(Problem::NotFound)?;
    let days = web.app.settings.claim_days;
    let mut db = web.app.db.acquire().await?;
    match donations::claim_link(&mut db, chrono::Utc::now(), donation, days).await? {
        ClaimLink::Open => page(&Page {
            shell,
            email: "",
            identity: &IdentityFields::default(),
            wrong: None,
        }),
        ended => end(shell, ended),
    }
}

/// `POST /claim/{token}`.
pub async fn claim(
    State(web): State<Web>,
    shell: Shell,
    Path(token): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let donation = of_claim_token(web.app.key.expose(), &token).ok_or(Problem::NotFound)?;
    let (now, days) = (chrono::Utc::now(), web.app.settings.claim_days);
    let mut tx = web.app.db.begin().await?;
    let link = donations::claim_link(&mut tx, now, donation, days).await?;
    if link != ClaimLink::Open {
        return end(shell, link);
    }
    let again = |wrong: &'static str| {
        page(&Page {
            shell,
            email: &fields.email,
            identity: &fields.identity,
            wrong: Some(wrong),
        })
    };
    let Ok(email) = Email::parse(&fields.email) else {
        return again("public-claim-wrong-email");
    };
    let Some(identity) = fields.identity.read() else {
        return again("public-claim-wrong-identity");
    };
    let details = DonorDetails {
        email,
        first_name: Some(identity.first_name),
        last_name: Some(identity.last_name),
        address: Some(identity.address),
        locale: shell.locale,
    };
    let donors = donor::find_or_create(&mut tx, now, std::iter::once(&details)).await?;
    let donor = *donors
        .get(details.email.as_str())
        .ok_or(Problem::Internal)?;
    if !donations::claim(&mut tx, now, donation, donor, days).await? {
        // Somebody else was first, this very moment.
        let link = donations::claim_link(&mut tx, now, donation, days).await?;
        return end(shell, link);
    }
    tx.commit().await?;
    page(&Notice {
        shell,
        title: "public-claim-done-title",
        text: "public-claim-done-text",
        button: None,
        link: Some(("/login", "public-claim-done-link")),
    })
}

/// The page of a link that gives nothing: why, and no way on. Whoever it was forwarded to learns
/// nothing of the donation or its donor.
fn end(shell: Shell, link: ClaimLink) -> Result<Response, Problem> {
    let (title, text) = match link {
        ClaimLink::Used | ClaimLink::Open => ("public-claim-used-title", "public-claim-used-text"),
        ClaimLink::Expired => ("public-claim-expired-title", "public-claim-expired-text"),
        ClaimLink::GivenBack => ("public-claim-back-title", "public-claim-back-text"),
        ClaimLink::Early => ("public-claim-early-title", "public-claim-early-text"),
    };
    page(&Notice {
        shell,
        title,
        text,
        button: None,
        link: None,
    })
}
