//! A bare webhook endpoint, as little as is still durable: verify, insert, group commit with FULL, answer. What intake is measured against.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::bail;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use crate::vendor::WEBHOOK_SECRET;

/// Deliveries that may wait for the writer, and the most one transaction takes.
const GROUP: usize = 256;

struct Waiting {
    identity: String,
    body: Bytes,
    done: oneshot::Sender<()>,
}

/// Serves `POST /hooks/left`: `endpoint PORT FILE`.
pub fn main(arguments: &[String]) -> anyhow::Result<()> {
    let [port, file] = arguments else { bail!("usage: endpoint PORT FILE") };
    let (port, file): (u16, PathBuf) = (port.parse()?, file.into());
    let (send, receive) = mpsc::channel(GROUP);
    let writer = std::thread::spawn(move || write(&file, receive));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let router = axum::Router::new().route("/hooks/left", axum::routing::post(take)).route("/readyz", axum::routing::get(|| async {}));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        axum::serve(listener, router.with_state(send)).await
    })?;
    writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))?
}

async fn take(State(writer): State<mpsc::Sender<Waiting>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).map(|value| value.as_bytes());
    let (Some(at), Some(Ok(signature))) = (header("x-timestamp"), header("x-signature").map(hex::decode)) else {
        return StatusCode::UNAUTHORIZED;
    };
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("an HMAC takes keys of any length");
    mac.update(at);
    mac.update(&body);
    if mac.verify_slice(&signature).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(delivery) = serde_json::from_slice::<Delivery<'_>>(&body) else { return StatusCode::BAD_REQUEST };
    let identity = delivery.id.to_owned();
    let (done, committed) = oneshot::channel();
    if writer.send(Waiting { identity, body, done }).await.is_err() || committed.await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::OK
}

#[derive(serde::Deserialize)]
struct Delivery<'a> {
    id: &'a str,
}

fn write(file: &PathBuf, mut deliveries: mpsc::Receiver<Waiting>) -> anyhow::Result<()> {
    let mut conn = Connection::open(file)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.execute_batch("CREATE TABLE inbox (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, body BLOB NOT NULL)")?;
    let mut group = Vec::with_capacity(GROUP);
    while deliveries.blocking_recv_many(&mut group, GROUP) > 0 {
        let tx = conn.transaction()?;
        for waiting in &group {
            tx.prepare_cached("INSERT OR IGNORE INTO inbox (identity, body) VALUES (?1, ?2)")?.execute(params![waiting.identity, &waiting.body[..]])?;
        }
        tx.commit()?;
        for waiting in group.drain(..) {
            // A client that went away needs no answer.
            waiting.done.send(()).unwrap_or_default();
        }
    }
    Ok(())
}

/// The identities a file holds, whichever of the two programs wrote it.
pub fn kept(file: &std::path::Path) -> anyhow::Result<HashSet<String>> {
    let conn = Connection::open(file)?;
    let mut rows = conn.prepare("SELECT identity FROM inbox")?;
    let kept = rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(kept)
}
