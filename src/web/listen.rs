//! Accepts connections, closes slow ones, and lets open requests finish at shutdown.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// The longest wait for a whole request head, from the start of the connection or the end of the
/// last response.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests that are open at shutdown may take to finish.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves until `stop` completes, then lets open requests finish.
pub async fn listen(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    // Responses are small: one buffer for head and body costs the kernel less than two.
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .writev(false);
    let open = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Too many open files, or the peer has gone: usually temporary, so wait a
                    // little and go on.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Responses are small: waiting to fill a packet would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "the connection is already closed");
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
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, open.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests that were still open at shutdown were cut off");
    }
}
