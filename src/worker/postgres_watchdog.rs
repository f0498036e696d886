//! Starting the private PostgreSQL again when it was killed while we serve.

use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;

const LOOK: Duration = Duration::from_millis(500);

/// Looks after the private server until told to stop; there is nothing to do with a given one.
pub async fn postgres_watchdog(app: App, mut stop: watch::Receiver<bool>) {
    let Some(cluster) = app.cluster else { return };
    while !*stop.borrow() {
        let cluster = cluster.clone();
        // Locks and programs wait: not on the async threads.
        match tokio::task::spawn_blocking(move || cluster.revive()).await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => tracing::warn!("the private PostgreSQL was gone and is started again"),
            Ok(Err(error)) => tracing::error!(%error, "the private PostgreSQL does not start"),
            Err(error) => tracing::error!(%error, "looking after the private PostgreSQL failed"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}
