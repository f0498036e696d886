//! The web: every route on one page.

mod health;
mod problem;
mod public;
mod shell;
mod webhooks;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use tower_http::set_header::SetResponseHeaderLayer;

use crate::app::App;
use crate::inbox::{self, Endpoints, Intake};
use crate::worker;

pub use problem::Problem;

/// What handlers share.
#[derive(Clone)]
pub struct Web {
    app: App,
    intake: Intake,
    endpoints: Arc<Endpoints>,
}

fn router(web: Web) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/webhooks/{endpoint_id}", post(webhooks::receive))
        .route("/", get(public::causes::show))
        .route("/causes", get(public::causes::show))
        .route("/api/v1/causes", get(public::causes::list))
        .route("/claim/{token}", get(public::claim::ask).post(public::claim::claim))
        .route("/unsubscribe/{donor_id}/{token}", get(public::unsubscribe::ask).post(public::unsubscribe::leave))
        .route("/style.css", get(shell::style))
        // Pages bring nothing from elsewhere, are framed nowhere, and tell no other site where the reader was.
        .layer(always(
            "content-security-policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .layer(always("referrer-policy", "no-referrer"))
        .layer(always("x-content-type-options", "nosniff"))
        .fallback(|| async { Problem::NotFound })
        .with_state(web)
}

/// A header on every answer.
fn always(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// Serves web, intake and poster until `stop`, then finishes what was accepted.
pub async fn serve(app: App, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    let written = Arc::new(Notify::new());
    let (intake, committer) = inbox::committer(app.db.clone(), written.clone());
    let committer = tokio::spawn(committer);
    let (stopping, stopped) = watch::channel(false);
    let poster = tokio::spawn(worker::poster(app.db.clone(), written, stopped));
    let endpoints = Arc::new(Endpoints::new(app.db.clone(), app.key.clone()));
    let served = axum::serve(listener, router(Web { app, intake, endpoints })).with_graceful_shutdown(stop).await;
    // The last way in is gone: the committer answers what it holds, and then the poster may end.
    let ended = committer.await;
    stopping.send_replace(true);
    let (Ok(()), Ok(())) = (ended, poster.await) else { return Err(std::io::Error::other("a worker failed")) };
    served
}
