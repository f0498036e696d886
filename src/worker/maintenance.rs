//! Maintenance: partitions are made ahead and old ones dropped, sign-in links that have ended are
//! deleted, the contents of receipts are destroyed after their six years, and every invariant is
//! checked once a day.

use std::time::Duration;

use chrono::{NaiveDate, Utc};
use sqlx::PgConnection;
use tokio::sync::watch;

use crate::app::App;
use crate::parties::sign_in;
use crate::values::paris_day;
use crate::{checks, inbox, mailing, receipts};

/// The time between two rounds.
const PERIOD: Duration = Duration::from_secs(600);

/// Does what is due every ten minutes until it must stop.
pub async fn maintenance(app: App, mut stop: watch::Receiver<bool>) {
    let mut checked_on = None;
    while !*stop.borrow() {
        if let Err(error) = round(&app, &mut checked_on).await {
            let error = format!("{error:#}");
            tracing::warn!(%error, "maintenance failed; it is tried again later");
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            _ = stop.changed() => {}
        }
    }
}

/// `checked_on` is the last day on which every invariant was checked. That reads the whole
/// database, so it is done once a day.
async fn round(app: &App, checked_on: &mut Option<NaiveDate>) -> anyhow::Result<()> {
    let now = Utc::now();
    let mut db = app.db.acquire().await?;
    inbox::prepare_partitions(&mut db, now).await?;
    let dropped = inbox::drop_partitions(&mut db, now, app.settings.inbox_months).await?;
    if dropped > 0 {
        tracing::info!(months = dropped, "the bodies of old webhooks were dropped");
    }
    sign_in::forget_ended(&mut db, now).await?;
    destroy_expired_receipts(app, &mut db, paris_day(now)).await?;
    if *checked_on != Some(paris_day(now)) {
        for broken in checks::run(&mut db).await?.iter().filter(|v| !v.ok) {
            tracing::error!(
                check = broken.name,
                violations = broken.violations,
                "an invariant does not hold"
            );
        }
        *checked_on = Some(paris_day(now));
    }
    Ok(())
}

/// Deletes documents before contents, so that a round cut short is repeated for both.
pub async fn destroy_expired_receipts(
    app: &App,
    db: &mut PgConnection,
    on: NaiveDate,
) -> anyhow::Result<()> {
    let expired = receipts::expired(db, on).await?;
    if expired.is_empty() {
        return Ok(());
    }
    for receipt_id in &expired {
        mailing::delete_receipt_document(app, *receipt_id).await?;
    }
    receipts::destroy_expired(db, on).await?;
    tracing::info!(
        receipts = expired.len(),
        "receipts kept for their six years were destroyed"
    );
    Ok(())
}
