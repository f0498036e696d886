//! Listening: connections that are cut when they are slow, and finished in good order at the end.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// From the end of an answer, or the beginning of a connection, to the end of the next request's head.
const HEAD: Duration = Duration::from_secs(30);
/// What is under way when the end is asked for gets so long.
const GOODBYE: Duration = Duration::from_secs(20);

/// Serves until `stop`, then finishes the requests that were begun.
pub async fn listen(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    // Answers are small: one buffer for head and body costs the kernel less than two.
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .writev(false);
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Too many open files, or a peer that left: the next moment may be better.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Answers are small: waiting to fill a packet would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "the connection has ended already");
        }
        let served = open.watch(http.serve_connection(
            TokioIo::new(stream),
            TowerToHyperService::new(router.clone()),
        ));
        tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GOODBYE, open.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were cut short at the end");
    }
}
