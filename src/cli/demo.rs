//! `obole demo`: the made-up world, with links to look around.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use obole::app::App;
use obole::demo::{self, Demo};
use obole::parties::sign_in;
use obole::service::{self, ServiceParts};
use obole::settings::Settings;
use serde_json::json;
use tokio::net::TcpListener;

use super::outcome::Outcome;
use super::progress::StepDisplay;
use super::serve::stop_signal;

/// Arguments of `obole demo`.
#[derive(Args)]
pub struct Arguments {
    /// The port to serve on, of 127.0.0.1.
    #[arg(long)]
    port: Option<u16>,
    /// Delete an earlier demo and begin anew.
    #[arg(long)]
    fresh: bool,
}

/// Opens the made-up world and serves it until Ctrl-C.
pub async fn run(settings: Settings, arguments: Arguments) -> anyhow::Result<Outcome> {
    let settings = demo::settings(settings, arguments.port)?;
    let address = settings.listen;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on; `--port 8090` takes another port")
    })?;
    let mut progress = StepDisplay::new();
    if arguments.fresh {
        progress.step("Deleting the earlier demo");
        demo::delete(&settings).await?;
    }
    progress.step("Starting a private PostgreSQL and bringing its schema up to date");
    let app = App::open(settings).await.map_err(demo::explain)?;
    progress.step("Making associations, causes, a shop and two operators");
    let demo = Arc::new(demo::open(&app).await?);
    serve(app.clone(), demo, listener, progress).await?;
    app.close().await;
    Ok(Outcome {
        document: json!({"ok": true}),
        text: String::new(),
        ok: true,
    })
}

async fn serve(
    app: App,
    demo: Arc<Demo>,
    listener: TcpListener,
    progress: StepDisplay,
) -> anyhow::Result<()> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let until = async {
        tokio::select! {
            () = stop_signal() => {}
            _ = stopped => {}
        }
    };
    let parts = ServiceParts::ALL;
    let serving = service::serve(app.clone(), parts, Some(demo.clone()), listener, until);
    let serving = tokio::spawn(serving);
    if let Err(error) = fill(&demo, progress).await {
        // The receiver is gone only when the service has already ended.
        stop.send(()).ok();
        serving.await??;
        return Err(error.context("the made-up world is not complete: start it again with --fresh"));
    }
    print_links(&app, &demo).await?;
    serving.await??;
    Ok(())
}

/// Sends a new world's orders.
async fn fill(demo: &Demo, mut progress: StepDisplay) -> anyhow::Result<()> {
    if demo.is_fresh() {
        progress.step("Sending last month's orders");
        let count = |done, total| progress.count(done, total);
        demo.send_last_month(Utc::now(), count).await?;
    }
    progress.finish();
    Ok(())
}

/// Prints where to look.
async fn print_links(app: &App, demo: &Demo) -> anyhow::Result<()> {
    let url = &app.settings.public_url;
    let mut db = app.db.acquire().await?;
    let token = sign_in::prepare_link(&mut db, Utc::now(), &demo.donor).await?;
    println!(
        "The demo is open, all on this machine. Add a euro at the shop, play the month at the \
         bank, open the receipt in the mail.\n\n  \
         the shop        {url}/demo/shop\n  \
         the bank        {url}/demo/bank\n  \
         the mail        {url}/demo/mail\n  \
         the causes      {url}/causes\n  \
         Camille's page  {url}/login/{token}   (once, for fifteen minutes; more at {url}/login)\n\n\
         The commands see this world with OBOLE_DATA={}. Ctrl-C stops it; --fresh begins anew.",
        app.settings.data.display()
    );
    Ok(())
}
