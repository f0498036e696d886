//! A month's collections: prepared and submitted, their statements written and mailed.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::merchant_statements::write_statements;
use super::run::{Asked, recorded};
use crate::app::App;
use crate::collections::{self, Collection, CollectionFilter};
use crate::concurrent::{for_each_concurrent, parallelism};
use crate::db::Partition;
use crate::mailing::{send_statements, statement_path, tell_of_payments};
use crate::progress::Step;
use crate::run_log::RunKind;
use crate::values::{Period, Reader, SetAside, euros};

/// The outcome of a run.
#[derive(Clone, Debug, Default)]
pub struct CollectionRun {
    /// All collections of the month.
    pub collections: Vec<Collection>,
    /// The merchants that are asked for nothing because an earlier collection failed, and those
    /// whose statement was not written or not mailed; the next run does what is missing.
    pub set_aside: Vec<SetAside>,
}

impl CollectionRun {
    /// What is asked for in all, in cents.
    #[must_use]
    pub fn total_cents(&self) -> i64 {
        self.collections.iter().map(|c| c.amount_cents).sum()
    }
}

/// Prepares and submits a month's collections, writes their statements and mails those that were
/// not mailed before.
///
/// # Errors
/// `RunUnderWay` when another run of collections is.
pub async fn run_collections(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
) -> anyhow::Result<CollectionRun> {
    app.settings
        .account
        .ensure_given("statements ask merchants to pay to it")?;
    let asked = Asked {
        kind: RunKind::Collections,
        arguments: json!({"period": period.to_string()}),
        on,
    };
    let sums = |run: &CollectionRun| {
        json!({
            "collections": run.collections.len(),
            "total": euros(run.total_cents()),
            "set_aside": run.set_aside.len(),
        })
    };
    recorded(app, now, asked, collect(app, now, on, period), sums).await
}

async fn collect(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
) -> anyhow::Result<CollectionRun> {
    let partitions = Partition::split(parallelism());
    let prepared = app
        .progress
        .count(Step::PrepareCollections, partitions.len());
    let db = app.db.clone();
    let held = for_each_concurrent(parallelism(), partitions, move |partition| {
        let (db, prepared) = (db.clone(), prepared.clone());
        async move {
            let mut tx = db.begin().await?;
            let month = collections::prepare(&mut tx, now, on, period, &partition).await?;
            collections::submit(&mut tx, now, on, &month.merchants).await?;
            tx.commit().await?;
            prepared.add_one();
            Ok(month.held)
        }
    })
    .await?;
    let mut db = app.db.acquire().await?;
    let filter = CollectionFilter::Month(period);
    let mut collections = collections::list(&mut db, Reader::System, filter).await?;
    drop(db);
    let unwritten = write_statements(app, &collections).await?;
    let mut set_aside: Vec<SetAside> = held.into_iter().flatten().collect();
    for collection in &mut collections {
        match unwritten.get(&collection.collection_id) {
            None => collection.file = Some(statement_path(app, collection).display().to_string()),
            Some(error) => {
                let reason = format!("its statement is not written: {error}");
                set_aside.push(SetAside::new(&collection.merchant, reason));
            }
        }
    }
    let unmailed = send_statements(app, now)
        .await
        .context("the collections are prepared; run this again to mail the statements that wait")?;
    set_aside.extend(unmailed);
    set_aside.extend(tell_of_payments(app, now).await?);
    set_aside.sort();
    Ok(CollectionRun {
        collections,
        set_aside,
    })
}
