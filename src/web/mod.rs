//! The web: every route on one page.

mod api;
mod demo;
mod donor;
mod health;
mod identity;
mod listen;
pub mod metrics;
mod problem;
mod public;
mod session;
mod shell;
mod webhooks;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::{get, post, put};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;
use crate::demo::Demo;
use crate::inbox::{self, Endpoints, Handover, Intake};
use crate::worker;

pub use api::openapi::description;
pub use problem::Problem;
use shell::Shell;

/// No request takes longer, its body's coming included.
const SLOWEST: Duration = Duration::from_secs(60);

/// What handlers share; cloned for each request, hence one pointer.
#[derive(Clone)]
pub struct Web(Arc<Shared>);

/// What stands behind the pointer.
pub struct Shared {
    app: App,
    intake: Intake,
    endpoints: Arc<Endpoints>,
    demo: Option<Arc<Demo>>,
}

impl std::ops::Deref for Web {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What a process does; several may share the work over one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    pub web: bool,
    pub intake: bool,
    pub worker: bool,
}

impl Parts {
    pub const ALL: Self = Self {
        web: true,
        intake: true,
        worker: true,
    };
    pub const NONE: Self = Self {
        web: false,
        intake: false,
        worker: false,
    };
}

/// For programs.
fn api() -> Router<Web> {
    Router::new()
        .route("/api/v1/causes", get(public::causes::list))
        .route("/api/v1/donations", get(api::donations::of_order))
        .route("/api/v1/donations/{id}", get(api::donations::show))
        .route("/api/v1/events", get(api::events::list))
        .route("/api/v1/events/{id}", get(api::events::show))
        .route("/api/v1/events/{id}/redrive", post(api::events::redrive))
        .route("/api/v1/manifests/{day}", put(api::manifests::tell))
        .route("/api/v1/statements", get(api::statements::list))
        .route("/api/v1/statements/{period}", get(api::statements::show))
        .route("/openapi.json", get(api::openapi::show))
}

/// For shops.
fn intake() -> Router<Web> {
    Router::new().route("/webhooks/{endpoint_id}", post(webhooks::receive))
}

/// For who watches over the process.
fn health() -> Router<Web> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
}

/// For people.
fn pages() -> Router<Web> {
    Router::new()
        .route("/", get(public::causes::show))
        .route("/causes", get(public::causes::show))
        .route(
            "/claim/{token}",
            get(public::claim::ask).post(public::claim::claim),
        )
        .route(
            "/unsubscribe/{donor_id}/{token}",
            get(public::unsubscribe::ask).post(public::unsubscribe::leave),
        )
        .route("/login", get(public::login::ask).post(public::login::send))
        .route(
            "/login/{token}",
            get(public::login::open).post(public::login::enter),
        )
        .route("/logout", post(public::login::leave))
        .route("/donor", get(donor::home::show))
        .route(
            "/donor/causes",
            get(donor::causes::show).post(donor::causes::choose),
        )
        .route(
            "/donor/profile",
            get(donor::profile::show).post(donor::profile::save),
        )
        .route("/donor/receipts/{file}", get(donor::receipt::show))
        .route("/style.css", get(shell::style))
}

/// For a look around.
fn demo_pages() -> Router<Web> {
    Router::new()
        .route("/demo/shop", get(demo::shop::show).post(demo::shop::order))
        .route("/demo/bank", get(demo::bank::show).post(demo::bank::play))
        .route("/demo/bank/{file}", get(demo::bank::file))
        .route("/demo/mail", get(demo::mail::list))
        .route("/demo/mail/{id}", get(demo::mail::show))
        .route("/demo/mail/{id}/{file}", get(demo::mail::file))
}

/// Every page, kept to itself.
fn all_pages(demo: bool) -> Router<Web> {
    let pages = if demo {
        pages().merge(demo_pages())
    } else {
        pages()
    };
    let csrf = CsrfLayer::new().with_rejection_response(|_| Problem::ForeignForm.into_response());
    pages
        .layer(csrf)
        .layer(from_fn(shell::remember_language))
        // What a page shows is its reader's: no store keeps it.
        .layer(always("cache-control", "no-store"))
}

fn router(parts: Parts, web: Web) -> Router {
    let mut routes = health();
    if parts.web {
        routes = routes.merge(all_pages(web.demo.is_some())).merge(api());
    }
    let routes = routes
        .fallback(|| async { Problem::NotFound })
        .layer(from_fn_with_state(web.clone(), problem::for_people))
        // Pages bring nothing from elsewhere, are framed nowhere, and tell no other site where the reader was.
        .layer(always(
            "content-security-policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, SLOWEST))
        .layer(always("referrer-policy", "no-referrer"))
        .layer(always("x-content-type-options", "nosniff"));
    // Webhooks come by the thousand, from programs: what is for people's pages would only delay them.
    let routes = if parts.intake {
        routes.merge(intake())
    } else {
        routes
    };
    routes.with_state(web)
}

/// What an address asks after its `?`; of a name told twice the last counts.
fn asked(uri: &Uri) -> HashMap<String, String> {
    Query::try_from_uri(uri).map(|q| q.0).unwrap_or_default()
}

/// A header on every answer.
fn always(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(
        HeaderName::from_static(name),
        HeaderValue::from_static(value),
    )
}

/// Serves the parts asked for until `stop`, then finishes what was accepted.
pub async fn serve(
    app: App,
    parts: Parts,
    demo: Option<Arc<Demo>>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let handover = Arc::new(Handover::default());
    let (intake, committer) =
        inbox::committer(app.db.clone(), parts.worker.then(|| handover.clone()));
    let committer = tokio::spawn(committer);
    let (stopping, stopped) = watch::channel(false);
    let mut workers = JoinSet::new();
    if parts.worker {
        workers.spawn(worker::reviver(app.clone(), stopped.clone()));
        workers.spawn(worker::poster(app.db.clone(), handover, stopped.clone()));
        workers.spawn(worker::outbound(app.clone(), stopped.clone()));
        workers.spawn(worker::fetcher(app.clone(), stopped.clone()));
        workers.spawn(worker::keeper(app.clone(), stopped));
    }
    let endpoints = Arc::new(Endpoints::new(app.db.clone(), app.key.clone()));
    listen::listen(
        listener,
        router(
            parts,
            Web(Arc::new(Shared {
                app,
                intake,
                endpoints,
                demo,
            })),
        ),
        stop,
    )
    .await;
    // The last way in is gone: the committer answers what it holds, and then the workers may end.
    let mut whole = committer.await.is_ok();
    stopping.send_replace(true);
    while let Some(ended) = workers.join_next().await {
        whole &= ended.is_ok();
    }
    if whole {
        Ok(())
    } else {
        Err(std::io::Error::other("a worker failed"))
    }
}
