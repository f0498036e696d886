//! Keeping the house while it serves: partitions for what will come and an end for old ones, links that have ended, and every
//! invariant.

use std::time::Duration;

use chrono::{NaiveDate, Utc};
use tokio::sync::watch;

use crate::app::App;
use crate::parties::sign_in;
use crate::values::paris_day;
use crate::{checks, inbox};

const EVERY: Duration = Duration::from_secs(600);

/// Looks after the house every ten minutes until told to stop.
pub async fn maintenance(app: App, mut stop: watch::Receiver<bool>) {
    let mut checked = None;
    while !*stop.borrow() {
        if let Err(error) = round(&app, &mut checked).await {
            tracing::warn!(%error, "the house was not looked after");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// `checked` is the last day on which every invariant was looked at: that reads the books from end to end, so once a day.
async fn round(app: &App, checked: &mut Option<NaiveDate>) -> Result<(), sqlx::Error> {
    let now = Utc::now();
    let mut db = app.db.acquire().await?;
    inbox::prepare_partitions(&mut db, now).await?;
    let dropped = inbox::drop_partitions(&mut db, now, app.settings.inbox_months).await?;
    if dropped > 0 {
        tracing::info!(months = dropped, "the bodies of old webhooks were dropped");
    }
    sign_in::forget_ended(&mut db, now).await?;
    if *checked != Some(paris_day(now)) {
        for broken in checks::run(&mut db).await?.iter().filter(|v| !v.ok) {
            tracing::error!(
                check = broken.name,
                violations = broken.violations,
                "an invariant does not hold"
            );
        }
        *checked = Some(paris_day(now));
    }
    Ok(())
}
