//! `/donor/causes`: which causes my next euros go to, and in what proportion. A euro is never split.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use crate::parties::cause::{self, Cause};
use crate::parties::choice;
use crate::values::{CauseId, Reader};
use crate::web::access::SignedInDonor;
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

/// The largest weight that the page offers.
const MOST: i32 = 5;

#[derive(Template)]
#[template(path = "donor/causes.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    causes: Vec<(Cause, i32)>,
    chosen: bool,
}

impl Page {
    /// The weights to choose from, with the words for them; a larger one that is already chosen stays.
    fn weights(&self, current: &i32) -> Vec<(i32, String)> {
        let words = |n: i32| match n {
            0 => self.shell.t("Aucun euro", "No euro").to_owned(),
            1 => self.shell.t("1 part", "1 share").to_owned(),
            n => format!("{n} {}", self.shell.t("parts", "shares")),
        };
        (0..=MOST)
            .chain((*current > MOST).then_some(*current))
            .map(|n| (n, words(n)))
            .collect()
    }
}

pub async fn show(
    State(web): State<Web>,
    shell: Shell,
    SignedInDonor(id): SignedInDonor,
) -> Result<Response, Problem> {
    let mut db = web.app.db.acquire().await?;
    let choices = choice::choices(&mut db, Reader::Donor(id), id).await?;
    let weight = |c: &Cause| {
        choices
            .iter()
            .find(|x| x.cause_id == c.cause_id)
            .map_or(0, |x| x.weight)
    };
    let causes: Vec<(Cause, i32)> = cause::live(&mut db)
        .await?
        .into_iter()
        .map(|c| {
            let weight = weight(&c);
            (c, weight)
        })
        .collect();
    page(&Page {
        shell,
        chosen: causes.iter().any(|c| c.1 > 0),
        causes,
    })
}

/// `POST /donor/causes`: one field a cause, its slug and its weight.
pub async fn choose(
    State(web): State<Web>,
    SignedInDonor(id): SignedInDonor,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let mut tx = web.app.db.begin().await?;
    let causes = cause::live(&mut tx).await?;
    let wanted: Vec<(CauseId, i32)> = causes
        .iter()
        .filter_map(|c| {
            let weight: i32 = fields
                .iter()
                .find(|(slug, _)| *slug == c.slug)?
                .1
                .parse()
                .ok()?;
            (1..=100).contains(&weight).then_some((c.cause_id, weight))
        })
        .collect();
    let before: Vec<(CauseId, i32)> = choice::choices(&mut tx, Reader::Donor(id), id)
        .await?
        .iter()
        .map(|c| (c.cause_id, c.weight))
        .collect();
    // Choosing starts the turns anew, so that saving what is already chosen must not.
    if before.len() != wanted.len() || wanted.iter().any(|w| !before.contains(w)) {
        choice::choose(&mut tx, id, &wanted).await?;
    }
    tx.commit().await?;
    Ok(Redirect::to("/donor/causes").into_response())
}
