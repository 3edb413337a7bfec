//! Signed deliveries: an edit on the left, the webhook that tells of it, and how long until the right was written.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};

use super::serve::Door;
use super::{Vendors, WEBHOOK_SECRET};
use crate::things::Side;

/// What became of a volley of deliveries.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Arrivals {
    /// Microseconds from the delivery's sending to the write's arrival, in order of size.
    pub micros: Vec<u64>,
    pub missing: usize,
}

/// One delivery, ready to be sent: body, time and signature.
pub struct Signed {
    pub body: String,
    pub at: String,
    pub signature: String,
}

/// Signs a delivery as the vendors do: HMAC-SHA256 over time and body.
pub fn sign(identity: &str, key: &str) -> Signed {
    let body = format!("{{\"id\":\"{identity}\",\"object\":\"things\",\"key\":\"{key}\"}}");
    let at = jiff::Timestamp::now().as_second().to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("an HMAC takes keys of any length");
    mac.update(at.as_bytes());
    mac.update(body.as_bytes());
    Signed { body, at, signature: hex::encode(mac.finalize().into_bytes()) }
}

/// Edits `rate` records a second on the left for `seconds`, and tells `to` of each.
pub async fn send(State(door): State<Door>, Query(asking): Query<HashMap<String, String>>) -> Response {
    match volley(&door, &asking).await {
        Ok(sent) => sent.to_string().into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn volley(door: &Door, asking: &HashMap<String, String>) -> anyhow::Result<u32> {
    let number = |name: &str| asking.get(name).with_context(|| format!("`{name}` is missing"))?.parse::<u32>().context("not a number");
    let (rate, seconds, mark) = (number("rate")?, number("seconds")?, number("mark")?);
    let to = asking.get("to").context("`to` is missing")?.clone();
    let client = reqwest::Client::builder().tcp_nodelay(true).build()?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut sending = tokio::task::JoinSet::new();
    let count = rate * seconds;
    for nth in 0..count {
        ticks.tick().await;
        let key = {
            let mut shelf = door.vendors.shelf(Side::Left);
            let index = nth * (shelf.things.count / count).max(1);
            shelf.change(index, jiff::Timestamp::now().as_millisecond(), [("city".to_owned(), format!("\"Told {mark}\""))]);
            door.vendors.awaited().insert(index, Instant::now());
            format!("{}{index:09}", Side::Left.letter())
        };
        let signed = sign(&format!("{mark}-{nth}"), &key);
        let request = client.post(&to).header("x-timestamp", signed.at).header("x-signature", signed.signature).body(signed.body);
        sending.spawn(async move { anyhow::Ok(request.send().await?.error_for_status()?.status()) });
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(count)
}

/// Notes that things reached the right.
pub fn land(vendors: &Vendors, side: Side, written: &[u32], received: Instant) {
    if side == Side::Left {
        return;
    }
    let mut awaited = vendors.awaited();
    if awaited.is_empty() {
        return;
    }
    let took = written.iter().filter_map(|thing| awaited.remove(thing)).map(|sent| received.duration_since(sent).as_micros() as u64);
    vendors.arrived().extend(took);
}

/// What arrived since this was last asked.
pub async fn arrived(State(door): State<Door>) -> Response {
    let mut micros = std::mem::take(&mut *door.vendors.arrived());
    micros.sort_unstable();
    let missing = door.vendors.awaited().len();
    axum::Json(Arrivals { micros, missing }).into_response()
}
