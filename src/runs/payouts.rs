//! Payouts: prepared from the money that has arrived.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::payout_files::write_payout_files;
use super::run::{Asked, recorded};
use crate::app::App;
use crate::concurrent::{for_each_concurrent, parallelism};
use crate::db::Partition;
use crate::mailing::tell_of_accounts;
use crate::payouts::{self, Payout, PayoutState};
use crate::progress::Step;
use crate::run_log::RunKind;
use crate::values::{Reader, euros};

/// Prepares payouts, and writes the files of approved ones that an earlier run left unwritten.
/// Returns all payouts that are neither settled nor paid again.
///
/// # Errors
/// `RunUnderWay` when another run of payouts is.
pub async fn run_payouts(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
) -> anyhow::Result<Vec<Payout>> {
    let asked = Asked {
        kind: RunKind::Payouts,
        arguments: json!({}),
        on,
    };
    let sums = |open: &Vec<Payout>| {
        let prepared = |p: &&Payout| p.state == PayoutState::Prepared;
        let cents = open.iter().filter(prepared).map(|p| p.amount_cents).sum();
        json!({
            "prepared": open.iter().filter(prepared).count(),
            "total": euros(cents),
            "not_settled": open.len(),
        })
    };
    recorded(app, now, asked, prepare(app, now, on), sums).await
}

async fn prepare(app: &App, now: DateTime<Utc>, on: NaiveDate) -> anyhow::Result<Vec<Payout>> {
    let partitions = Partition::split(parallelism());
    let prepared = app.progress.count(Step::PreparePayouts, partitions.len());
    let db = app.db.clone();
    for_each_concurrent(parallelism(), partitions, move |partition| {
        let (db, prepared) = (db.clone(), prepared.clone());
        async move {
            let mut tx = db.begin().await?;
            payouts::prepare(&mut tx, now, on, &partition).await?;
            tx.commit().await?;
            prepared.add_one();
            Ok(())
        }
    })
    .await?;
    // Without an account of our own, nothing leaves.
    if app.settings.account.given {
        let mut tx = app.db.begin().await?;
        payouts::submit_waiting(&mut tx, now, on).await?;
        tx.commit().await?;
    }
    write_payout_files(app, now).await?;
    tell_of_accounts(app, now).await?;
    let payouts = payouts::list(&mut *app.db.acquire().await?, Reader::System, None).await?;
    Ok(payouts.into_iter().filter(Payout::is_open).collect())
}
