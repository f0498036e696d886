//! `/donor/causes`: which causes the donor's next donations go to, and in what proportion. A
//! donation is never split.

use std::borrow::Cow;

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
const LARGEST_WEIGHT: i32 = 5;

#[derive(Template)]
#[template(path = "donor/causes.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    /// Each live cause with its weight; zero when it is not chosen.
    causes: Vec<(Cause, i32)>,
    /// The donor has chosen at least one cause.
    chosen: bool,
}

impl Page {
    /// The weights to choose from, with their words. A larger one that is chosen already is added,
    /// so that saving the form does not change it.
    fn weights(&self, current: &i32) -> Vec<(i32, Cow<'static, str>)> {
        let words = |weight: i32| {
            let count = [("count", weight.into())];
            self.shell.text_with("donor-causes-weight", &count)
        };
        (0..=LARGEST_WEIGHT)
            .chain((*current > LARGEST_WEIGHT).then_some(*current))
            .map(|weight| (weight, words(weight)))
            .collect()
    }
}

/// `GET /donor/causes`.
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

/// `POST /donor/causes`: each field is the slug of a cause with its weight.
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
    // A new choice starts the turns anew, so a choice that is already in force is not saved again.
    if before.len() != wanted.len() || wanted.iter().any(|w| !before.contains(w)) {
        choice::choose(&mut tx, id, &wanted).await?;
    }
    tx.commit().await?;
    Ok(Redirect::to("/donor/causes").into_response())
}
