//! `/metrics` in Prometheus text format, on an address of its own. No label names a person or a body.

use std::future::Future;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use super::listen::listen;
use crate::app::App;
use crate::inbox;

/// Counts a webhook's outcome: accepted, duplicate, ignored, kept, pong, or the problem's slug.
pub fn count(outcome: &'static str) {
    metrics::counter!("obole_webhooks_total", "outcome" => outcome).increment(1);
}

#[derive(Clone)]
struct MetricsState {
    app: App,
    counters: PrometheusHandle,
}

/// Serves the metrics until `stop`.
pub async fn serve(app: App, listener: TcpListener, stop: impl Future<Output = ()>) {
    let counters = match PrometheusBuilder::new().install_recorder() {
        Ok(counters) => counters,
        Err(error) => return tracing::warn!(%error, "nothing is counted"),
    };
    metrics::describe_counter!("obole_webhooks_total", "Webhooks answered, by outcome.");
    metrics::describe_gauge!(
        "obole_inbox_events",
        "Events in the inbox that are not posted, by state."
    );
    let router = Router::new()
        .route("/metrics", get(show))
        .with_state(MetricsState { app, counters });
    listen(listener, router, stop).await;
}

async fn show(State(scraped): State<MetricsState>) -> String {
    match async { inbox::depths(&mut *scraped.app.db.acquire().await?).await }.await {
        Ok(depths) => {
            for (state, count) in depths {
                metrics::gauge!("obole_inbox_events", "state" => state)
                    .set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
            }
        }
        Err(error) => tracing::warn!(%error, "the inbox was not measured"),
    }
    scraped.counters.render()
}
