//! Keeping the house while it serves: partitions for what will come, links that have ended, and every invariant.

use std::time::Duration;

use chrono::Utc;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::parties::sign_in;
use crate::{checks, inbox};

const EVERY: Duration = Duration::from_secs(600);

/// Looks after the house every ten minutes until told to stop.
pub async fn keeper(db: PgPool, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = round(&db).await {
            tracing::warn!(%error, "the house was not looked after");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn round(db: &PgPool) -> Result<(), sqlx::Error> {
    let now = Utc::now();
    let mut db = db.acquire().await?;
    inbox::prepare_partitions(&mut db, now).await?;
    sign_in::forget_ended(&mut db, now).await?;
    for broken in checks::run(&mut db).await?.iter().filter(|v| !v.ok) {
        tracing::error!(check = broken.name, violations = broken.violations, "an invariant does not hold");
    }
    Ok(())
}
