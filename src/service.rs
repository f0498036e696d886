//! The service: builds the parts asked for, starts their loops, and stops them in order.

use std::future::Future;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::demo::Demo;
use crate::inbox::{self, EndpointCache, ParsedEvents};
use crate::web::{self, RouteGroups, Web, WebState};
use crate::worker;

/// What a process does; several may share the work over one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceParts {
    pub web: bool,
    pub intake: bool,
    pub worker: bool,
}

impl ServiceParts {
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

/// Serves the parts asked for until `stop`, then finishes what was accepted.
pub async fn serve(
    app: App,
    parts: ServiceParts,
    demo: Option<Arc<Demo>>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let parsed_events = Arc::new(ParsedEvents::default());
    let (intake, committer) =
        inbox::committer(app.db.clone(), parts.worker.then(|| parsed_events.clone()));
    let committer = tokio::spawn(committer);
    let (stopping, stopped) = watch::channel(false);
    let mut workers = JoinSet::new();
    if parts.worker {
        workers.spawn(worker::postgres_watchdog(app.clone(), stopped.clone()));
        workers.spawn(worker::process_inbox(
            app.clone(),
            parsed_events,
            stopped.clone(),
        ));
        workers.spawn(worker::deliver_outbox(app.clone(), stopped.clone()));
        workers.spawn(worker::fetch_orders(app.clone(), stopped.clone()));
        workers.spawn(worker::maintenance(app.clone(), stopped));
    }
    let endpoints = EndpointCache::new(app.db.clone(), app.key.clone());
    let groups = RouteGroups {
        web: parts.web,
        intake: parts.intake,
    };
    let router = web::router(
        groups,
        Web::new(WebState {
            app,
            intake,
            endpoints,
            large_bodies: web::LargeBodies::default(),
            demo,
        }),
    );
    web::listen(listener, router, stop).await;
    // The router held the last `Intake`: the committer finishes what it holds, and then the workers
    // may end.
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
