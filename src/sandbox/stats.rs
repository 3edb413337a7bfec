//! What a look-alike counts, for tests that say how many requests something may take.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use serde::Serialize;

/// Requests remembered one by one.
const REMEMBERED: usize = 1_000;

#[derive(Clone, Default, Debug, Serialize)]
pub struct Counts {
    pub requests: u64,
    pub by_route: BTreeMap<String, u64>,
    /// Records written through the vendor's API.
    pub writes: u64,
    pub creates: BTreeMap<String, u64>,
    pub updates: BTreeMap<String, u64>,
    pub deletes: BTreeMap<String, u64>,
    pub webhooks_sent: u64,
    pub webhooks_failed: u64,
    /// Given up, dropped by a fault, or more than the queue holds.
    pub webhooks_lost: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    pub method: String,
    pub path: String,
    /// 0 when the connection was cut instead of answered.
    pub status: u16,
}

#[derive(Default)]
pub struct Stats {
    counts: Mutex<Counts>,
    seen: Mutex<VecDeque<Seen>>,
}

impl Stats {
    pub fn counts(&self) -> Counts {
        self.counts.lock().expect("no holder of this lock can panic").clone()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no holder of this lock can panic").iter().cloned().collect()
    }

    pub fn count(&self, with: impl FnOnce(&mut Counts)) {
        with(&mut self.counts.lock().expect("no holder of this lock can panic"));
    }

    pub(super) fn request(&self, seen: Seen) {
        self.count(|counts| {
            counts.requests += 1;
            let path = seen.path.split('?').next().unwrap_or_default();
            *counts.by_route.entry(format!("{} {}", seen.method, route(path))).or_default() += 1;
        });
        let mut all = self.seen.lock().expect("no holder of this lock can panic");
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back(seen);
    }
}

/// The path with its keys taken out: `/v2/deals/deal_8d31` counts as `/v2/deals/{}`.
fn route(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.split_once('(') {
        Some((name, _)) => format!("{name}()"),
        None if part.len() > 9 && part.bytes().any(|byte| byte.is_ascii_digit()) => "{}".to_owned(),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}
