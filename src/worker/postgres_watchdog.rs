//! Starts the private PostgreSQL again when it was killed while the service runs.

use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;

/// How often the server is looked at.
const POLL: Duration = Duration::from_millis(500);

/// Watches the private server until it must stop. With an external database there is nothing to do.
pub async fn postgres_watchdog(app: App, mut stop: watch::Receiver<bool>) {
    let Some(cluster) = app.cluster else { return };
    while !*stop.borrow() {
        let cluster = cluster.clone();
        // It waits for locks and programs, so it may not run on the async threads.
        match tokio::task::spawn_blocking(move || cluster.revive()).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => tracing::warn!("the private PostgreSQL was gone and is started again"),
            Ok(Err(error)) => tracing::error!(%error, "the private PostgreSQL does not start"),
            Err(error) => tracing::error!(%error, "watching the private PostgreSQL failed"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = stop.changed() => {}
        }
    }
}
