//! `/demo/bank`: where the money is, a button that plays the month, and the files exchanged with
//! the bank.

use std::path::{Path as FilePath, PathBuf};

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};

use super::{demo, failed};
use crate::collections::{self, Collection, CollectionFilter};
use crate::demo::{Play, next_period};
use crate::ledger::{self, Balance};
use crate::payouts::{self, MINIMUM_CENTS, Payout, PayoutState};
use crate::progress::Step;
use crate::values::{Period, Reader};
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

#[derive(Template)]
#[template(path = "demo/bank.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    /// The month that the button plays.
    next: Period,
    play: Play,
    balances: Vec<Balance>,
    collections: Vec<Collection>,
    payouts: Vec<Payout>,
    files: Vec<String>,
}

impl Page {
    /// The key of the text that says what is being done.
    const fn step(&self) -> &'static str {
        match self.play {
            Play::Running(Some(progress)) => step_text(progress.step),
            Play::Running(None) | Play::Idle | Play::Failed => "demo-bank-step-orders",
        }
    }

    /// The units done and the units in all, of a step that has units.
    fn units(&self) -> Option<(usize, usize)> {
        let Play::Running(Some(progress)) = self.play else {
            return None;
        };
        progress.total.map(|total| (progress.done, total))
    }

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
    let demo = demo(&web)?;
    let play = demo.play();
    let mut db = web.app.db.acquire().await?;
    let mut files: Vec<String> = files(&web.app.settings.bank_dir)
        .into_iter()
        .filter_map(|f| file_name(&f))
        .collect();
    files.sort();
    let mut response = page::<Problem>(&Page {
        shell,
        play,
        next: next_period(&mut db, chrono::Utc::now()).await?,
        balances: ledger::balances(&mut db, Reader::System).await?,
        collections: collections::list(&mut db, Reader::System, CollectionFilter::All).await?,
        payouts: payouts::list(&mut db, Reader::System, None).await?,
        files,
    })?;
    if matches!(play, Play::Running(_)) {
        // The page has no scripts: the browser asks for it again each second until the end.
        let each_second = header::HeaderValue::from_static("1");
        response.headers_mut().insert(header::REFRESH, each_second);
    }
    Ok(response)
}

/// `POST /demo/bank`: begins to play the month, whose progress the page then shows.
pub async fn play(State(web): State<Web>) -> Result<Response, Problem> {
    demo(&web)?.start_month(&web.app, chrono::Utc::now());
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

/// The key of a step's text.
const fn step_text(step: Step) -> &'static str {
    match step {
        Step::PrepareCollections => "demo-bank-step-prepare-collections",
        Step::WriteStatements => "demo-bank-step-write-statements",
        Step::MailStatements => "demo-bank-step-mail-statements",
        Step::ImportStatement => "demo-bank-step-import-statement",
        Step::MailReports => "demo-bank-step-mail-reports",
        Step::PreparePayouts => "demo-bank-step-prepare-payouts",
        Step::WritePayoutFiles => "demo-bank-step-write-payout-files",
        Step::IssueReceipts => "demo-bank-step-issue-receipts",
        Step::MailReceipts => "demo-bank-step-mail-receipts",
        Step::StoreReceipts => "demo-bank-step-store-receipts",
    }
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
