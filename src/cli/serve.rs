//! `obole serve`: runs until it is asked to stop.

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use obole::app::App;
use obole::service::{self, ServiceParts};
use obole::settings::Settings;
use obole::web;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::outcome::Outcome;

/// Arguments of `obole serve`.
#[derive(Args)]
pub struct Arguments {
    /// Run only this part, so that several processes share the work.
    #[arg(long)]
    only: Option<Part>,
}

/// A part of the service.
#[derive(Clone, Copy, ValueEnum)]
enum Part {
    Web,
    Intake,
    Worker,
}

impl From<Part> for ServiceParts {
    fn from(part: Part) -> Self {
        let none = Self::NONE;
        match part {
            Part::Web => Self { web: true, ..none },
            Part::Intake => Self {
                intake: true,
                ..none
            },
            Part::Worker => Self {
                worker: true,
                ..none
            },
        }
    }
}

/// Serves until Ctrl-C or SIGTERM, then finishes what was accepted.
pub async fn run(settings: Settings, arguments: Arguments) -> anyhow::Result<Outcome> {
    let app = App::open(settings).await?;
    let parts = arguments.only.map_or(ServiceParts::ALL, Into::into);
    let address = app.settings.listen;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("OBOLE_LISTEN: {address} cannot be listened on"))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    serve_metrics(&app).await;
    service::serve(app.clone(), parts, None, listener, stop_signal()).await?;
    app.close().await;
    Ok(Outcome {
        document: json!({"ok": true}),
        text: String::new(),
        ok: true,
    })
}

/// Serves the metrics in the background; without their address the service runs all the same.
async fn serve_metrics(app: &App) {
    let address = app.settings.metrics_listen;
    match TcpListener::bind(address).await {
        Ok(listener) => {
            let metrics = web::metrics::serve(app.clone(), listener, std::future::pending());
            drop(tokio::spawn(metrics));
        }
        // Several processes on one machine, each with the default: only the first has metrics.
        Err(error) => tracing::warn!(
            %error,
            "OBOLE_METRICS_LISTEN: {address} cannot be listened on; this process has no metrics"
        ),
    }
}

/// Completes on Ctrl-C or SIGTERM.
pub async fn stop_signal() {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be handled; Ctrl-C stops the service");
            return tokio::signal::ctrl_c().await.unwrap_or(());
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
