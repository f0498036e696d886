//! `/demo/bank`: where the money is, a button that plays the month, and the files exchanged with
//! the bank.

use std::path::{Path as FilePath, PathBuf};

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};

use super::{demo, failed};
use crate::collections::{self, Collection, CollectionFilter};
use crate::demo::next_period;
use crate::ledger::{self, Balance};
use crate::payouts::{self, MINIMUM_CENTS, Payout, PayoutState};
use crate::values::{Period, Reader};
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

#[derive(Template)]
#[template(path = "demo/bank.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    /// The month that the button plays.
    next: Period,
    balances: Vec<Balance>,
    collections: Vec<Collection>,
    payouts: Vec<Payout>,
    files: Vec<String>,
}

impl Page {
    /// The sum of the accounts of a kind, in cents, on their normal side.
    fn held(&self, kind: &str) -> i64 {
        let of = |b: &&Balance| b.name.split(':').next() == Some(kind);
        self.balances
            .iter()
            .filter(of)
            .map(|b| b.balance_cents)
            .sum()
    }

    /// What payouts have brought to associations, in cents.
    fn arrived(&self) -> i64 {
        self.payouts
            .iter()
            .filter(|p| p.state == PayoutState::Settled)
            .map(|p| p.amount_cents)
            .sum()
    }
}

/// `GET /demo/bank`.
pub async fn show(State(web): State<Web>, shell: Shell) -> Result<Response, Problem> {
    demo(&web)?;
    let mut db = web.app.db.acquire().await?;
    let mut files: Vec<String> = files(&web.app.settings.bank_dir)
        .into_iter()
        .filter_map(|f| file_name(&f))
        .collect();
    files.sort();
    page(&Page {
        shell,
        next: next_period(&mut db, chrono::Utc::now()).await?,
        balances: ledger::balances(&mut db, Reader::System).await?,
        collections: collections::list(&mut db, Reader::System, CollectionFilter::All).await?,
        payouts: payouts::list(&mut db, Reader::System, None).await?,
        files,
    })
}

/// `POST /demo/bank`: plays the month.
pub async fn play(State(web): State<Web>) -> Result<Response, Problem> {
    demo(&web)?
        .play_month(&web.app, chrono::Utc::now())
        .await
        .map_err(failed)?;
    Ok(Redirect::to("/demo/bank").into_response())
}

/// `GET /demo/bank/{file}`: one of the bank's files, as text.
pub async fn file(State(web): State<Web>, Path(name): Path<String>) -> Result<Response, Problem> {
    demo(&web)?;
    let found = files(&web.app.settings.bank_dir)
        .into_iter()
        .find(|f| file_name(f).as_deref() == Some(&name))
        .ok_or(Problem::NotFound)?;
    let xml = std::fs::read_to_string(found).map_err(failed)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], xml).into_response())
}

fn file_name(path: &FilePath) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

/// The bank's files: the orders that wait, those executed, and the statements.
fn files(bank: &FilePath) -> Vec<PathBuf> {
    let folders = [
        bank.to_owned(),
        bank.join("executed"),
        bank.join("statements"),
    ];
    let entries = folders
        .iter()
        .filter_map(|f| std::fs::read_dir(f).ok())
        .flatten()
        .flatten();
    entries
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "xml"))
        .collect()
}
