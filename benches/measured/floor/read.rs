//! A plain client of one vendor.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::rows::Joined;
use super::thing::{Sent, Thing};
use crate::things::Side;
use crate::vendor::TOKEN;

/// One vendor's address and a client of it.
pub struct Vendor {
    client: reqwest::Client,
    base: String,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<Sent<'a>>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Updates<'a> {
    items: Vec<Update<'a>>,
}

#[derive(Serialize)]
struct Update<'a> {
    op: usize,
    id: &'a str,
    version: &'a str,
    values: std::collections::BTreeMap<&'static str, &'a serde_json::Value>,
}

#[derive(Deserialize)]
struct Answered<'a> {
    #[serde(borrow)]
    outcomes: Vec<Outcome<'a>>,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    status: u16,
    #[serde(borrow)]
    record: Option<Sent<'a>>,
}

impl Vendor {
    pub fn new(port: u16) -> anyhow::Result<Vendor> {
        let client = reqwest::Client::builder().tcp_nodelay(true).build()?;
        Ok(Vendor { client, base: format!("http://127.0.0.1:{port}") })
    }

    /// Reads everything, page by page.
    pub async fn list(&self, side: Side, to: mpsc::Sender<(Side, Vec<Thing>)>) -> anyhow::Result<()> {
        let mut token: Option<String> = None;
        loop {
            let request = self.client.get(format!("{}/things", self.base)).bearer_auth(TOKEN);
            let request = match &token {
                Some(token) => request.query(&[("token", token)]),
                None => request,
            };
            let body = request.send().await?.error_for_status()?.bytes().await?;
            let page: Page<'_> = serde_json::from_slice(&body)?;
            let things = page.items.iter().map(|sent| Thing::new(side, sent)).collect::<anyhow::Result<_>>()?;
            to.send((side, things)).await?;
            token = page.next;
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Writes one batch of differences, and gives the records as they then are.
    pub async fn update(&self, batch: &[Joined]) -> anyhow::Result<Vec<Thing>> {
        let items = batch.iter().enumerate().map(|(op, joined)| Update {
            op,
            id: &joined.right.id,
            version: &joined.right.version,
            values: joined.differences.iter().map(|(name, value)| (*name, value)).collect(),
        });
        let updates = Updates { items: items.collect() };
        let request = self.client.post(format!("{}/things/update", self.base)).bearer_auth(TOKEN).json(&updates);
        let body = request.send().await?.error_for_status()?.bytes().await?;
        let answered: Answered<'_> = serde_json::from_slice(&body)?;
        answered
            .outcomes
            .iter()
            .map(|outcome| match &outcome.record {
                Some(record) if outcome.status == 200 => Thing::new(Side::Right, record),
                _ => anyhow::bail!("an update was answered {}", outcome.status),
            })
            .collect()
    }
}
