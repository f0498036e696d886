//! `/metrics` in Prometheus text format, on an address of its own. No label identifies a person,
//! merchant or association.

use std::future::Future;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use super::listen::listen;
use crate::app::App;
use crate::inbox;

/// Counts a webhook by its outcome: accepted, duplicate, ignored, kept, pong, or the slug of a
/// problem.
pub fn count(outcome: &'static str) {
    metrics::counter!("obole_webhooks_total", "outcome" => outcome).increment(1);
}

#[derive(Clone)]
struct MetricsState {
    app: App,
    counters: PrometheusHandle,
}

/// Serves the metrics until `stop` completes.
pub async fn serve(app: App, listener: TcpListener, stop: impl Future<Output = ()>) {
    let counters = match PrometheusBuilder::new().install_recorder() {
        Ok(counters) => counters,
        Err(error) => {
            return tracing::warn!(%error, "the metrics recorder cannot be installed, so there are \
                                           no metrics");
        }
    };
    metrics::describe_counter!("obole_webhooks_total", "Webhooks received, by outcome.");
    metrics::describe_gauge!(
        "obole_inbox_events",
        "Events in the inbox that are not posted, by state."
    );
    let router = Router::new()
        .route("/metrics", get(show))
        .with_state(MetricsState { app, counters });
    listen(listener, router, stop).await;
}

/// `GET /metrics`: the counters, and the depth of the inbox as it is now.
async fn show(State(state): State<MetricsState>) -> String {
    match async { inbox::depths(&mut *state.app.db.acquire().await?).await }.await {
        Ok(depths) => {
            for (state, count) in depths {
                metrics::gauge!("obole_inbox_events", "state" => state)
                    .set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
            }
        }
        Err(error) => tracing::warn!(%error, "the depth of the inbox cannot be read"),
    }
    state.counters.render()
}
