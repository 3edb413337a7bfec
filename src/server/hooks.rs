//! Deliveries: read under caps, proven on the raw bytes, committed, and only then answered 2xx.

pub mod receiver;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::App;
use super::body::Room;
use crate::connector::webhook::{HookAnswer, HookDelivery, HookRequest, Received};
use crate::daemon::intake::{Hint, Verified};
use crate::id::ConnectionName;
use crate::plant::planted;
use crate::store::Accepted;
pub use receiver::Receiver;

/// When we cannot keep a delivery, the vendor is asked to send it again after so many seconds.
const AGAIN_SECONDS: &str = "10";

/// What bounds all deliveries together.
#[derive(Debug, Default)]
pub struct Intake {
    room: Room,
}

/// `/hooks/{connection}` and `/hooks/{connection}/{secret}`, any method: some vendors ask with GET before they deliver.
pub(super) async fn receive(State(app): State<Arc<App>>, Path(place): Path<Vec<String>>, request: Request) -> Response {
    let mut place = place.into_iter();
    let name = place.next().map(ConnectionName::new).expect("the route has a connection");
    let Some(receiver) = app.receivers.get(&name) else {
        return (StatusCode::NOT_FOUND, "no such connection\n").into_response();
    };
    let (parts, body) = request.into_parts();
    let body = match app.intake.room.read(&parts.headers, body).await {
        Ok(body) => body,
        Err(not) => {
            tracing::warn!(connection = %name, outcome = not.outcome, "a delivery was not taken");
            app.handle.tally().delivery(&name, not.outcome);
            return again_if_ours(not.status, not.why.into());
        }
    };
    let hook = HookRequest {
        method: parts.method.as_str().to_owned(),
        url: app.called_as(&parts),
        query: query(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
        path_secret: place.next(),
    };
    let received = receiver.receive(&hook, app.handle.ground().clock.now());
    let (outcome, response) = settle(&app, &name, received).await;
    app.handle.tally().delivery(&name, outcome);
    response
}

impl App {
    /// The address as the vendor called it. A proxy in front may have changed host and scheme, so the project's own word for them counts.
    fn called_as(&self, parts: &Parts) -> String {
        let place = parts.uri.path_and_query().map_or("/", |place| place.as_str());
        match &self.public_url {
            Some(public_url) => format!("{public_url}{place}"),
            None => {
                let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                format!("http://{host}{place}")
            }
        }
    }
}

async fn settle(app: &App, name: &ConnectionName, received: Received) -> (&'static str, Response) {
    match received {
        Received::Handshake(answer) => ("handshake", answered(answer)),
        Received::Refused { status, why } => {
            tracing::warn!(connection = %name, status, %why, "a delivery was refused");
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED);
            ("refused", (status, "refused\n").into_response())
        }
        Received::Unready { why } => {
            tracing::error!(connection = %name, %why, "deliveries cannot be taken");
            ("unready", again_if_ours(StatusCode::SERVICE_UNAVAILABLE, "not ready\n".into()))
        }
        Received::Accepted { deliveries, answer, .. } if deliveries.is_empty() => ("unused", answered(answer)),
        Received::Accepted { deliveries, answer, verified_by } => {
            let verified = verified(name, deliveries, verified_by);
            match app.handle.accept(verified).await {
                Ok(Accepted::New) => ("accepted", answered(answer)),
                Ok(Accepted::Again) => ("again", answered(answer)),
                // Logged where it happened. Never 2xx, and never 4xx: some vendors do not send again after one.
                Err(_) if planted!("answered-before-kept") => ("accepted", answered(answer)),
                Err(_) => ("failed", again_if_ours(StatusCode::SERVICE_UNAVAILABLE, "it could not be kept\n".into())),
            }
        }
    }
}

/// Several hints in one request are one delivery: kept whole or not at all.
fn verified(connection: &ConnectionName, deliveries: Vec<HookDelivery>, by: &str) -> Verified {
    let identity = match &deliveries[..] {
        [only] => only.identity.clone(),
        many => {
            let mut hash = Sha256::new();
            for delivery in many {
                hash.update(delivery.identity.as_bytes());
                hash.update([0]);
            }
            hex::encode(&hash.finalize()[..16])
        }
    };
    let hints = deliveries.into_iter().map(|delivery| Hint { object: delivery.object, key: delivery.key, gone: delivery.gone }).collect();
    Verified { connection: connection.clone(), identity, by: by.to_owned(), hints }
}

fn answered(answer: HookAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    *response.headers_mut() = answer.headers;
    response
}

fn again_if_ours(status: StatusCode, told: Body) -> Response {
    let mut response = Response::new(told);
    *response.status_mut() = status;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(AGAIN_SECONDS));
    }
    response
}

fn query(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
