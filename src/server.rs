//! The HTTP side and the local socket: they read through the daemon's state, and act through its handle.

mod auth;
mod body;
mod exposition;
pub mod health;
pub mod hooks;
mod listen;
pub mod local;
pub mod metrics;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::daemon::{Daemon, End, Handle};
use crate::id::ConnectionName;
use crate::secret::Secret;
use hooks::{Intake, Receiver};
use local::LocalSocket;

/// Where to listen, and who may see more than health.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    pub token: Option<Secret>,
    /// How vendors reach it, without a slash at the end.
    pub public_url: Option<String>,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(
        "{listen} can be reached from other machines, and no token is set; add `server: {{ token: ${{SYNCLINE_TOKEN}} }}` to syncline.yaml, or listen on 127.0.0.1"
    )]
    Open { listen: SocketAddr },
    #[error("{listen} cannot be listened on; another program may have it: choose another `server: {{ listen: … }}`")]
    Listen {
        listen: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("the local socket {path} cannot be made; the directory of the store must be writable, and its path under 100 bytes")]
    Socket {
        path: String,
        #[source]
        source: io::Error,
    },
}

/// A listener that is bound, and not yet served.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<Secret>,
    public_url: Option<String>,
}

/// Takes the address.
///
/// # Errors
/// When it is taken, or would be open to everybody.
pub async fn bind(settings: Settings) -> Result<Bound, ServerError> {
    let Settings { listen, token, public_url } = settings;
    if !listen.ip().is_loopback() && token.is_none() {
        return Err(ServerError::Open { listen });
    }
    let bound = async {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let (listener, address) = bound.await.map_err(|source| ServerError::Listen { listen, source })?;
    Ok(Bound { listener, address, token, public_url })
}

/// Whose deliveries are taken.
pub type Receivers = BTreeMap<ConnectionName, Arc<dyn Receiver>>;

pub(crate) struct App {
    pub handle: Handle,
    pub receivers: Receivers,
    pub token: Option<Secret>,
    pub public_url: Option<String>,
    pub intake: Intake,
}

impl Bound {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until told to stop; then finishes what was begun.
    pub async fn serve(self, handle: Handle, receivers: Receivers, stop: CancellationToken) {
        let app = Arc::new(App { handle, receivers, token: self.token, public_url: self.public_url, intake: Intake::default() });
        listen::serve(self.listener, router(app), stop).await;
    }
}

/// Keeps daemon, HTTP and local socket alive together: until told to stop, or until the daemon cannot go on.
pub async fn live(daemon: Daemon, handle: Handle, bound: Bound, local: LocalSocket, receivers: Receivers, stop: &CancellationToken) -> End {
    let faces = stop.child_token();
    let mut tasks = JoinSet::new();
    tasks.spawn(bound.serve(handle.clone(), receivers, faces.clone()));
    tasks.spawn(local.serve(handle, faces.clone()));
    let end = daemon.ended().await;
    faces.cancel();
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a part of the server broke");
        }
    }
    end
}

fn router(app: Arc<App>) -> Router {
    let guarded =
        Router::new().route("/readyz", get(ready)).route("/metrics", get(metrics_page)).layer(middleware::from_fn_with_state(Arc::clone(&app), auth::require));
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/hooks/{connection}", any(hooks::receive))
        .route("/hooks/{connection}/{secret}", any(hooks::receive))
        .merge(guarded)
        .fallback(|| async { (StatusCode::NOT_FOUND, "nothing is here\n") })
        // Bodies are read, and capped, in one place only.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(listen::within))
        .with_state(app)
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let state = app.handle.state();
    let status = if health::is_ready(&state) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(health::page(&state))).into_response()
}

async fn metrics_page(State(app): State<Arc<App>>) -> Response {
    match metrics::page(&app.handle).await {
        Ok(text) => ([("content-type", exposition::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the store could not be read for /metrics");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response()
        }
    }
}

#[cfg(test)]
mod tests;
