//! Two vendors in one process of its own: they answer from memory as fast as this machine can, count what they are asked, and send webhooks.

mod hooks;
mod serve;
mod shelf;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::things::{Side, Things};
pub use hooks::{Arrivals, sign};
use shelf::Shelf;

/// The most a page holds.
pub const PAGE: usize = 1_000;
/// The most keys or ops one call takes.
pub const BATCH: usize = 200;
/// What both vendors want as bearer token.
pub const TOKEN: &str = "fast-token";
/// What both vendors sign deliveries with.
pub const WEBHOOK_SECRET: &str = "fast-webhook-secret";

/// What was asked of one vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub list: u64,
    pub changes: u64,
    pub get: u64,
    pub update: u64,
    /// Records that were updated.
    pub written: u64,
    /// From the first request for a page of everything to the last answer.
    pub reading_us: u64,
    /// Updates refused because the record had moved on.
    pub stale: u64,
    /// What making the answers took.
    pub answering_us: u64,
}

impl Asked {
    pub fn requests(&self) -> u64 {
        self.list + self.changes + self.get + self.update
    }
}

/// Both vendors, and what the control surface changes.
pub struct Vendors {
    shelves: [Mutex<Shelf>; 2],
    latency_ms: AtomicU64,
    /// Updates are carried out, and their answers break off.
    loses_answers: AtomicBool,
    /// Things edited on the left whose value has not arrived on the right, and when their delivery was sent.
    awaited: Mutex<std::collections::HashMap<u32, Instant>>,
    /// Microseconds from delivery to write.
    arrived_us: Mutex<Vec<u64>>,
}

impl Vendors {
    fn new(count: u32) -> Vendors {
        let things = Things::new(count);
        Vendors {
            shelves: Side::BOTH.map(|side| Mutex::new(Shelf::new(side, things))),
            latency_ms: AtomicU64::new(0),
            loses_answers: AtomicBool::new(false),
            awaited: Mutex::default(),
            arrived_us: Mutex::default(),
        }
    }

    fn shelf(&self, side: Side) -> MutexGuard<'_, Shelf> {
        self.shelves[side as usize].lock().expect("no request panics while it holds a vendor")
    }

    fn latency(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.latency_ms.load(Ordering::Relaxed))
    }

    fn awaited(&self) -> MutexGuard<'_, std::collections::HashMap<u32, Instant>> {
        self.awaited.lock().expect("no request panics while it holds the awaited")
    }

    fn arrived(&self) -> MutexGuard<'_, Vec<u64>> {
        self.arrived_us.lock().expect("no request panics while it holds the arrivals")
    }
}

/// Where the two vendors listen: the first line this process prints.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Ports {
    pub left: u16,
    pub right: u16,
}

/// Serves both vendors until the process is ended.
pub fn main(arguments: &[String]) -> anyhow::Result<()> {
    let count = arguments.first().context("say how many records: `vendor 100000`")?.parse()?;
    let vendors = Arc::new(Vendors::new(count));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let left = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let right = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let ports = Ports { left: left.local_addr()?.port(), right: right.local_addr()?.port() };
        println!("{}", serde_json::to_string(&ports)?);
        let (left, right) = tokio::join!(serve::serve(left, Arc::clone(&vendors), Side::Left), serve::serve(right, Arc::clone(&vendors), Side::Right));
        left.and(right)?;
        Ok(())
    })
}
