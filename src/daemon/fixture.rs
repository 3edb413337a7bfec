//! For tests: a daemon over two systems in memory and a store in memory, with the machine's clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::subscribe::Subscriptions;
use super::tally::Tally;
use super::{Daemon, End, Handle, Settings};
use crate::backoff::Waits;
use crate::clock::{Clock, WallClock};
use crate::id::{ConnectionName, ObjectName, RecordKey};
use crate::mapping::fixture::{Known, compiled};
use crate::run::Ground;
use crate::store::{Store, sqlite};
use crate::system::System;
use crate::trial::memory::{MemorySystem, abilities};
use crate::value::{Path, Str, Value};

/// Two mappings; `deals` is adopted by itself, and neither polls again soon.
pub const DEALS: &str = "\
mapping: deals
schedule: every 1h
adopt: automatic
systems:
  crm: { object: Opportunity, create: always }
  prm: { object: deals, create: always }
match: [[number]]
fields:
  number: { crm: Number__c, prm: number }
  name: { crm: Name, prm: name }
";

/// A running daemon and all that is around it.
pub struct Bed {
    pub daemon: Daemon,
    pub handle: Handle,
    pub crm: Arc<MemorySystem>,
    pub prm: Arc<MemorySystem>,
    pub store: Arc<dyn Store>,
    pub stop: CancellationToken,
}

pub fn settings() -> Settings {
    let soon = Waits { base: Duration::from_millis(20), cap: Duration::from_millis(20) };
    Settings { waits: soon, look_again: soon, stop_within: Duration::from_secs(5), ..Settings::default() }
}

pub async fn ground(text: &str) -> (Arc<Ground>, Arc<MemorySystem>, Arc<MemorySystem>) {
    let (mappings, said) = compiled(text, &Known::default());
    let mappings = mappings.into_iter().map(|mapping| Arc::new(mapping.unwrap_or_else(|| panic!("{said}")))).collect();
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let memory = |name| Arc::new(MemorySystem::new(ConnectionName::new(name), Arc::clone(&clock), abilities()));
    let (crm, prm) = (memory("crm"), memory("prm"));
    let systems = [&crm, &prm].map(|memory| (memory.connection().clone(), Arc::clone(memory) as Arc<dyn System>));
    let store = sqlite::memory().expect("a store in memory");
    let ground = Ground::lay(store, clock, TimeZone::UTC, BTreeMap::from(systems), mappings).await.expect("the ground is laid");
    (Arc::new(ground), crm, prm)
}

impl Bed {
    pub async fn start(text: &str) -> Self {
        let (ground, crm, prm) = ground(text).await;
        Self::over(ground, crm, prm).await
    }

    pub async fn over(ground: Arc<Ground>, crm: Arc<MemorySystem>, prm: Arc<MemorySystem>) -> Self {
        let (stop, store) = (CancellationToken::new(), Arc::clone(&ground.store));
        let started = Daemon::start(ground, Arc::new(Tally::default()), settings(), Subscriptions::default(), stop.clone()).await;
        let (daemon, handle) = started.expect("the store can be read");
        Self { daemon, handle, crm, prm, store, stop }
    }

    pub async fn stop(self) -> End {
        self.stop.cancel();
        self.daemon.ended().await
    }
}

pub fn opportunity() -> ObjectName {
    ObjectName::new("Opportunity")
}

pub fn deals() -> ObjectName {
    ObjectName::new("deals")
}

pub fn path(text: &str) -> Path {
    Path::parse(text).expect("a literal of a test")
}

/// A record for the CRM.
pub fn opportunity_of(number: &str, name: &str) -> Value {
    Value::Map([("Number__c", number), ("Name", name)].map(|(path, text)| (Str::from(path), Value::text(text))).into())
}

/// What a record shows under a path.
pub fn shown(system: &MemorySystem, object: &ObjectName, key: &RecordKey, member: &str) -> Option<String> {
    let Value::Map(entries) = system.values(object, key)? else { return None };
    entries.iter().find(|(name, _)| *name == *member).map(|(_, value)| value.to_string())
}

/// Waits until it holds; a test that waits for ever fails.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to be: {what}");
}
