//! A month's collections: prepared and submitted, their statements written and mailed.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};

use super::merchant_statements::write_statements;
use crate::app::App;
use crate::collections::{self, Collection, CollectionFilter};
use crate::concurrent::{for_each_concurrent, parallelism};
use crate::db::Partition;
use crate::mailing::{send_statements, statement_path};
use crate::progress::Step;
use crate::values::{Period, Reader};

/// Prepares and submits a month's collections, writes their statements and mails those that were
/// not mailed before. Returns all collections of the month.
pub async fn run_collections(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
) -> anyhow::Result<Vec<Collection>> {
    let partitions = Partition::split(parallelism());
    let prepared = app
        .progress
        .count(Step::PrepareCollections, partitions.len());
    let db = app.db.clone();
    for_each_concurrent(parallelism(), partitions, move |partition| {
        let (db, prepared) = (db.clone(), prepared.clone());
        async move {
            let mut tx = db.begin().await?;
            let merchants = collections::prepare(&mut tx, now, on, period, &partition).await?;
            collections::submit(&mut tx, now, on, &merchants).await?;
            tx.commit().await?;
            prepared.add_one();
            Ok(())
        }
    })
    .await?;
    let mut db = app.db.acquire().await?;
    let filter = CollectionFilter::Month(period);
    let mut collections = collections::list(&mut db, Reader::System, filter).await?;
    drop(db);
    write_statements(app, &collections).await?;
    for collection in &mut collections {
        collection.file = Some(statement_path(app, collection).display().to_string());
    }
    send_statements(app, now)
        .await
        .context("the collections are prepared; run this again to mail the statements that wait")?;
    Ok(collections)
}
