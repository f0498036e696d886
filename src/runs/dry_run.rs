//! What a run would do: it is done in one database transaction that is given up, so that nothing is
//! written, no file is made and nobody is told.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::collections::CollectionRun;
use crate::app::App;
use crate::collections::{self, CollectionFilter};
use crate::db::Partition;
use crate::mailing::statement_path;
use crate::payouts::{self, Payout};
use crate::values::{CollectionId, PayoutId, Period, Reader};

/// What a run of collections would leave. Those that it would make have no reference: the run makes
/// one.
pub async fn preview_collections(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
) -> anyhow::Result<CollectionRun> {
    let mut tx = app.db.begin().await?;
    let filter = CollectionFilter::Month(period);
    let there = collections::list(&mut tx, Reader::System, filter).await?;
    let there: BTreeSet<CollectionId> = there.iter().map(|c| c.collection_id).collect();
    let mut set_aside = Vec::new();
    for partition in Partition::split(1) {
        let month = collections::prepare(&mut tx, now, on, period, &partition).await?;
        collections::submit(&mut tx, now, on, &month.merchants).await?;
        set_aside.extend(month.held);
    }
    let mut all = collections::list(&mut tx, Reader::System, filter).await?;
    tx.rollback().await?;
    for collection in &mut all {
        if there.contains(&collection.collection_id) {
            let path = statement_path(app, collection);
            collection.file = path.exists().then(|| path.display().to_string());
        } else {
            collection.reference.clear();
        }
    }
    Ok(CollectionRun {
        collections: all,
        set_aside,
    })
}

/// The payouts that would not be settled after a run. Those that it would make have no reference:
/// the run makes one.
pub async fn preview_payouts(
    app: &App,
    now: DateTime<Utc>,
    on: NaiveDate,
) -> anyhow::Result<Vec<Payout>> {
    let mut tx = app.db.begin().await?;
    let there = payouts::list(&mut tx, Reader::System, None).await?;
    let there: BTreeSet<PayoutId> = there.iter().map(|p| p.payout_id).collect();
    for partition in Partition::split(1) {
        payouts::prepare(&mut tx, now, on, &partition).await?;
    }
    payouts::submit_waiting(&mut tx, now, on).await?;
    let mut all = payouts::list(&mut tx, Reader::System, None).await?;
    tx.rollback().await?;
    all.retain(Payout::is_open);
    for payout in &mut all {
        if !there.contains(&payout.payout_id) {
            payout.reference.clear();
        }
    }
    Ok(all)
}
