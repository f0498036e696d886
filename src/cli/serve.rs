//! Serving until somebody asks for the end.

use std::sync::Arc;

use anyhow::Context as _;
use obole::app::App;
use obole::parties::sign_in;
use obole::service::ServiceParts;
use obole::settings::Settings;
use obole::{demo, service, web};
use tokio::net::TcpListener;

use super::arguments::ServePart;

/// `obole serve`.
pub async fn serve(app: App, only: Option<ServePart>) -> anyhow::Result<()> {
    let parts = match only {
        None => ServiceParts::ALL,
        Some(ServePart::Web) => ServiceParts {
            web: true,
            ..ServiceParts::NONE
        },
        Some(ServePart::Intake) => ServiceParts {
            intake: true,
            ..ServiceParts::NONE
        },
        Some(ServePart::Worker) => ServiceParts {
            worker: true,
            ..ServiceParts::NONE
        },
    };
    let listener = TcpListener::bind(app.settings.listen)
        .await
        .with_context(|| {
            format!(
                "OBOLE_LISTEN: {} cannot be listened on",
                app.settings.listen
            )
        })?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    match TcpListener::bind(app.settings.metrics_listen).await {
        Ok(metrics) => drop(tokio::spawn(web::metrics::serve(
            app.clone(),
            metrics,
            std::future::pending(),
        ))),
        // Several processes on one machine, each with the default: the first is measured.
        Err(error) => {
            tracing::warn!(%error, "OBOLE_METRICS_LISTEN: {} cannot be listened on; nothing is measured", app.settings.metrics_listen)
        }
    }
    service::serve(app, parts, None, listener, stop_asked()).await?;
    Ok(())
}

/// Ends when a person or the system asks for the end.
async fn stop_asked() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(signal) => signal,
            Err(error) => {
                tracing::warn!(%error, "SIGTERM is not heard");
                return tokio::signal::ctrl_c().await.unwrap_or(());
            }
        };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// `obole demo`: the made-up world, with links to look around.
pub async fn demo(settings: Settings, port: Option<u16>, fresh: bool) -> anyhow::Result<()> {
    let settings = demo::settings(settings, port)?;
    let address = settings.listen;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on; `--port 8090` takes another port")
    })?;
    if fresh {
        demo::forget(&settings).await?;
    }
    let app = App::open(settings).await?;
    let demo = Arc::new(demo::open(&app).await?);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(service::serve(
        app.clone(),
        ServiceParts::ALL,
        Some(demo.clone()),
        listener,
        async {
            tokio::select! {
                () = stop_asked() => {}
                _ = stopped => {}
            }
        },
    ));
    if let Err(error) = welcome(&app, &demo).await {
        // Nobody hears it only when serving has already ended.
        stop.send(()).ok();
        served.await??;
        return Err(error.context("the made-up world is not complete: start it again with --fresh"));
    }
    served.await??;
    Ok(())
}

/// Fills a new world and tells where to look.
async fn welcome(app: &App, demo: &demo::Demo) -> anyhow::Result<()> {
    let now = chrono::Utc::now();
    demo.send_last_month(now).await?;
    let url = &app.settings.public_url;
    let token = sign_in::prepare_link(&mut *app.db.acquire().await?, now, &demo.donor).await?;
    println!(
        "The demo is open, all on this machine. Add a euro at the shop, play the month at the bank, open the receipt in the mail.\n\n  \
         the shop        {url}/demo/shop\n  the bank        {url}/demo/bank\n  the mail        {url}/demo/mail\n  \
         the causes      {url}/causes\n  Camille's page  {url}/login/{token}   (once, for fifteen minutes; more at {url}/login)\n\n\
         The commands see this world with OBOLE_DATA={}. Ctrl-C stops it; --fresh begins anew.",
        app.settings.data.display()
    );
    Ok(())
}
