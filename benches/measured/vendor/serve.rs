//! The vendors' HTTP side, and the control surface the runner moves them by.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::hooks;
use super::shelf::Update;
use super::{BATCH, TOKEN, Vendors};
use crate::things::Side;

/// One vendor's door.
#[derive(Clone)]
pub struct Door {
    pub vendors: Arc<Vendors>,
    pub side: Side,
}

impl Door {
    /// Until as long after `received` as the runner wants this vendor to be away: making the answer takes no longer.
    async fn wait(&self, received: Instant) {
        let latency = self.vendors.latency();
        if !latency.is_zero() {
            // The runtime's timer knows whole milliseconds only, and is late by one as often as not; a thread that sleeps is not.
            let left = (received + latency).saturating_duration_since(Instant::now());
            tokio::task::spawn_blocking(move || std::thread::sleep(left)).await.expect("a thread that sleeps does not panic");
        }
    }
}

impl Door {
    fn answered(&self, received: Instant) {
        self.vendors.shelf(self.side).asked.answering_us += received.elapsed().as_micros() as u64;
    }
}

/// Answers one vendor's requests until the process ends.
pub async fn serve(listener: tokio::net::TcpListener, vendors: Arc<Vendors>, side: Side) -> std::io::Result<()> {
    let router = Router::new()
        .route("/things", get(list))
        .route("/things/changes", get(changes))
        .route("/things/get", post(read))
        .route("/things/update", post(update))
        .route("/_control/stats", get(stats))
        .route("/_control/reset", post(reset))
        .route("/_control/latency", post(latency))
        .route("/_control/lose", post(lose))
        .route("/_control/touch", post(touch))
        .route("/_control/hooks", post(hooks::send))
        .route("/_control/arrived", get(hooks::arrived))
        .with_state(Door { vendors, side });
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| {
            // Small answers must not wait for the client's acknowledgement.
            if let Err(error) = stream.set_nodelay(true) {
                eprintln!("a connection keeps its delay: {error}");
            }
        }),
        router,
    )
    .await
}

type Asking = Query<HashMap<String, String>>;

fn refused(headers: &HeaderMap) -> Option<Response> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    (given != Some(TOKEN)).then(|| StatusCode::UNAUTHORIZED.into_response())
}

fn answer(body: Vec<u8>) -> Response {
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    ([(header::CONTENT_TYPE, "application/json".to_owned()), (header::DATE, date)], body).into_response()
}

async fn list(State(door): State<Door>, headers: HeaderMap, Query(asking): Asking) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let received = Instant::now();
    let body = door.vendors.shelf(door.side).list(asking.get("token").map(String::as_str));
    door.wait(received).await;
    door.vendors.shelf(door.side).listed(received);
    answer(body)
}

async fn changes(State(door): State<Door>, headers: HeaderMap, Query(asking): Asking) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let instant = |name: &str| asking.get(name).and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_millisecond);
    let (Some(from), Some(to)) = (instant("from"), instant("to")) else {
        return (StatusCode::BAD_REQUEST, "`from` and `to` are instants").into_response();
    };
    let received = Instant::now();
    let body = {
        let mut shelf = door.vendors.shelf(door.side);
        shelf.asked.changes += 1;
        shelf.changes(from, to, asking.get("token").map(String::as_str))
    };
    door.answered(received);
    door.wait(received).await;
    answer(body)
}

#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(borrow)]
    ids: Vec<&'a str>,
}

async fn read(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let received = Instant::now();
    let keys: Keys<'_> = match serde_json::from_slice(&body) {
        Ok(keys) => keys,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    if keys.ids.len() > BATCH {
        return (StatusCode::BAD_REQUEST, "too many keys").into_response();
    }
    let body = {
        let mut shelf = door.vendors.shelf(door.side);
        shelf.asked.get += 1;
        shelf.get(&keys.ids)
    };
    door.answered(received);
    door.wait(received).await;
    answer(body)
}

#[derive(Deserialize)]
struct Updates<'a> {
    #[serde(borrow)]
    items: Vec<Update<'a>>,
}

async fn update(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(refused) = refused(&headers) {
        return refused;
    }
    let received = Instant::now();
    let updates: Updates<'_> = match serde_json::from_slice(&body) {
        Ok(updates) => updates,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    if updates.items.len() > BATCH {
        return (StatusCode::BAD_REQUEST, "too many ops").into_response();
    }
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut out = b"{\"outcomes\":[".to_vec();
    let mut written = Vec::new();
    {
        let mut shelf = door.vendors.shelf(door.side);
        shelf.asked.update += 1;
        for (nth, item) in updates.items.iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            written.extend(shelf.update(item, now_ms, &mut out));
        }
    }
    out.extend_from_slice(b"]}");
    hooks::land(&door.vendors, door.side, &written, received);
    door.answered(received);
    door.wait(received).await;
    if door.vendors.loses_answers.load(Ordering::Relaxed) {
        let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("the answer is lost")) });
        return Body::from_stream(broken).into_response();
    }
    answer(out)
}

async fn stats(State(door): State<Door>) -> Response {
    axum::Json(Side::BOTH.map(|side| door.vendors.shelf(side).asked)).into_response()
}

/// Forgets the counts; with `records=true` the edits, too.
async fn reset(State(door): State<Door>, Query(asking): Asking) -> StatusCode {
    for side in Side::BOTH {
        let mut shelf = door.vendors.shelf(side);
        if asking.contains_key("records") {
            shelf.reset();
        }
        shelf.forget();
    }
    StatusCode::NO_CONTENT
}

async fn latency(State(door): State<Door>, Query(asking): Asking) -> StatusCode {
    let Some(ms) = asking.get("ms").and_then(|ms| ms.parse().ok()) else { return StatusCode::BAD_REQUEST };
    door.vendors.latency_ms.store(ms, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

async fn lose(State(door): State<Door>, Query(asking): Asking) -> StatusCode {
    door.vendors.loses_answers.store(asking.get("answers").is_some_and(|lost| lost == "true"), Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

/// Edits `k` records of the left, spread evenly over all of them.
async fn touch(State(door): State<Door>, Query(asking): Asking) -> StatusCode {
    let number = |name: &str| asking.get(name).and_then(|text| text.parse::<u32>().ok());
    let (Some(count), Some(mark)) = (number("k"), number("mark")) else { return StatusCode::BAD_REQUEST };
    let mut shelf = door.vendors.shelf(Side::Left);
    let step = (shelf.things.count / count).max(1);
    let now_ms = jiff::Timestamp::now().as_millisecond();
    for nth in 0..count {
        shelf.change(nth * step, now_ms, [("city".to_owned(), format!("\"Moved {mark}\""))]);
    }
    StatusCode::NO_CONTENT
}
