//! What every look-alike is made of: one trait, and the ground it stands on.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::call::{Call, Reply};
use super::fault::{FaultKind, Faults};
use super::sender::Sender;
use super::stats::Stats;
use super::store::{Fields, Record, Store};
use super::tokens::Tokens;
use super::turn;
use crate::clock::Clock;

/// A local imitation of one vendor.
#[async_trait]
pub trait LookAlike: Send + Sync + 'static {
    fn base(&self) -> &Base;

    /// The vendor's product, as people call it.
    fn vendor(&self) -> &'static str;

    /// What a person needs to connect to it, by the connector's config keys.
    fn config(&self) -> BTreeMap<String, String>;

    /// Answers one request as the vendor would. Latency, limits and outages strike before this is called.
    async fn answer(&self, call: Call) -> Reply;

    /// The vendor's own way to say "too many requests".
    fn rate_limited(&self) -> Reply;

    /// Objects a person may look at, in the order of the page's tabs.
    fn objects(&self) -> Vec<&'static str>;

    /// Makes a record with the vendor's checks and defaults; `by` says who and when.
    fn create(&self, object: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal>;

    /// Changes the named fields only.
    fn update(&self, object: &str, key: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal>;

    fn delete(&self, object: &str, key: &str, by: &By) -> Result<Arc<Record>, Refusal>;

    fn restore(&self, object: &str, key: &str, by: &By) -> Result<Arc<Record>, Refusal>;

    /// Sets up deliveries to a target where the vendor has no API for that.
    fn subscribe(&self, _wanted: &Value) -> Result<Value, Refusal> {
        Err(Refusal::new(404, "Webhooks of this vendor are set up through its own API."))
    }
}

/// Who writes, and when.
#[derive(Clone, Debug)]
pub struct By {
    pub who: Arc<str>,
    pub at: Timestamp,
    /// Seeding is quiet: nothing is delivered and nothing counted.
    pub origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    Api,
    Person,
    Seed,
}

/// Why a look-alike would not do what a person or a seed asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub status: u16,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// The ground of a look-alike: records, faults, counts, time, deliveries.
pub struct Base {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// For chance of the look-alike's own, such as keys.
    pub seed: u64,
    pub faults: Faults,
    pub stats: Stats,
    pub tokens: Tokens,
    pub sender: Sender,
    clock: Arc<dyn Clock>,
    store: RwLock<Store>,
}

impl Base {
    pub(super) fn new(url: String, seed: u64, clock: Arc<dyn Clock>, sender: Sender) -> Self {
        Self { url, seed, faults: Faults::new(seed), stats: Stats::default(), tokens: Tokens::new(seed), sender, clock, store: RwLock::default() }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// A write through the vendor's API.
    pub fn by_api(&self, who: &str) -> By {
        By { who: Arc::from(who), at: self.now(), origin: Origin::Api }
    }

    /// A write by a person at the vendor's own screens.
    pub fn by_person(&self, who: &str) -> By {
        By { who: Arc::from(who), at: self.now(), origin: Origin::Person }
    }

    /// As of when this read is served: none for now, an earlier instant when the stale-reads fault strikes.
    pub fn read_at(&self) -> Option<Timestamp> {
        let fault = self.faults.strikes(FaultKind::StaleReadsMs)?;
        self.now().checked_sub(Duration::from_millis(fault.ms)).ok()
    }

    /// Whether this listing shall come back empty although it is not.
    pub fn listing_is_empty(&self) -> bool {
        self.faults.strikes(FaultKind::EmptyListing).is_some()
    }

    /// Whether this listing shall claim that more pages follow, for ever.
    pub fn pages_never_end(&self) -> bool {
        self.faults.strikes(FaultKind::EndlessPages).is_some()
    }

    pub fn read<R>(&self, with: impl FnOnce(&Store) -> R) -> R {
        with(&self.store.read().expect("no holder of this lock can panic"))
    }

    /// Declares objects and their looked-up fields; before the first record.
    pub fn declare(&self, objects: &[(&str, &[&str])]) {
        let mut store = self.store.write().expect("no holder of this lock can panic");
        for (object, indexed) in objects {
            store.declare(object, indexed);
        }
    }

    /// Checks and writes under one lock, so that nothing comes between.
    pub fn write<R>(&self, by: &By, with: impl FnOnce(&mut Writing<'_>) -> R) -> R {
        let mut store = self.store.write().expect("no holder of this lock can panic");
        store.start_undo();
        let mut writing = Writing { store: &mut store, by, deeds: Vec::new() };
        let answer = with(&mut writing);
        let deeds = writing.deeds;
        drop(store);
        if by.origin == Origin::Api && !deeds.is_empty() {
            turn::note_write();
            self.stats.count(|counts| {
                let mut counted = HashSet::new();
                for (object, deed, key) in deeds {
                    // One record written in several steps of one request is written once.
                    if !counted.insert((object.clone(), key)) {
                        continue;
                    }
                    counts.writes += 1;
                    let by_object = match deed {
                        Deed::Create => &mut counts.creates,
                        Deed::Update => &mut counts.updates,
                        Deed::Delete => &mut counts.deletes,
                    };
                    *by_object.entry(object).or_default() += 1;
                }
            });
        }
        answer
    }
}

enum Deed {
    Create,
    Update,
    Delete,
}

/// The store, held for writing by one writer.
pub struct Writing<'a> {
    store: &'a mut Store,
    by: &'a By,
    deeds: Vec<(String, Deed, String)>,
}

impl Writing<'_> {
    pub fn store(&self) -> &Store {
        self.store
    }

    /// The key must be new.
    pub fn create(&mut self, object: &str, key: &str, fields: Fields) -> Arc<Record> {
        self.deeds.push((object.to_owned(), Deed::Create, key.to_owned()));
        self.store.create(object, key, fields, self.by.at, &self.by.who)
    }

    /// Replaces all fields.
    pub fn update(&mut self, object: &str, key: &str, fields: Fields) -> Option<Arc<Record>> {
        self.deeds.push((object.to_owned(), Deed::Update, key.to_owned()));
        self.store.update(object, key, fields, self.by.at, &self.by.who)
    }

    pub fn delete(&mut self, object: &str, key: &str) -> Option<Arc<Record>> {
        self.deeds.push((object.to_owned(), Deed::Delete, key.to_owned()));
        self.store.mark(object, key, Some(self.by.at), self.by.at, &self.by.who)
    }

    pub fn restore(&mut self, object: &str, key: &str) -> Option<Arc<Record>> {
        self.deeds.push((object.to_owned(), Deed::Update, key.to_owned()));
        self.store.mark(object, key, None, self.by.at, &self.by.who)
    }

    /// A point to which `take_back` can return within this write.
    pub fn point(&self) -> usize {
        self.store.undo_len()
    }

    /// Undoes the writes made since the point, as an all-or-none batch does.
    pub fn take_back(&mut self, point: usize) {
        self.store.take_back(point);
        self.deeds.truncate(point);
    }
}
