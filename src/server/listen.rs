//! Connections under limits: how many, how big a head, how slow. What is slower or bigger is cut off before it costs anything.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Connections at once; a vendor uses a handful, each costs some kilobytes.
const CONNECTIONS_MAX: usize = 512;
/// Request line and headers together; vendors send under 4 KiB.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// A head must be there by then, also the next one on a connection kept open.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// A whole request with its answer; vendors give up sooner.
const REQUEST_WITHIN: Duration = Duration::from_secs(30);
/// After a stop, requests that were begun may take this long.
const FINISH_WITHIN: Duration = Duration::from_secs(10);
/// When no connection can be accepted (no file descriptors), wait instead of spinning.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves the router until told to stop.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (stream, permit) = accept(&listener, &room) => {
                connections.spawn(connection(stream, permit, router.clone(), stop.clone()));
            }
        }
    }
    drop(listener);
    let finished = tokio::time::timeout(FINISH_WITHIN, async { while connections.join_next().await.is_some() {} });
    if finished.await.is_err() {
        tracing::warn!(open = connections.len(), "connections that did not end in time are cut off");
        connections.shutdown().await;
    }
}

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let permit = Arc::clone(room).acquire_owned().await.expect("this semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, permit: OwnedSemaphorePermit, router: Router, stop: CancellationToken) {
    // Answers are small and waited for: without this the last packet may wait for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended before it began");
        return;
    }
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
    drop(permit);
}

/// Answers for a request that takes too long.
pub async fn within(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "5")], "it took too long\n").into_response(),
    }
}
