//! The real store, watched: a crash may fall before or after each call, the disk may be full, deliveries come in between, and what was committed is noted.

mod calls;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use syncline::id::{ConnectionName, ObjectName};
use syncline::store::{Accepted, Delivery, Feed, MappingId, Store, StoreError, Touch, Touched};
use syncline::system::Cursor;

use super::check::feed;
use super::ledger::Change;
use super::time::instant;
use super::world::{Hint, Shared, World};

pub struct Watch {
    inner: Arc<dyn Store>,
    world: Shared,
    /// Positions of registered mappings.
    places: Mutex<BTreeMap<u32, usize>>,
    /// The disk failed: nothing is taken until the store is opened anew.
    failed: AtomicBool,
}

impl Watch {
    pub fn new(inner: Arc<dyn Store>, world: &Shared) -> Self {
        Self { inner, world: world.clone(), places: Mutex::default(), failed: AtomicBool::new(false) }
    }

    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// The store itself, for the checks.
    pub fn inner(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no holder of this lock goes on after a panic")
    }

    fn place(&self, mapping: MappingId) -> usize {
        self.places.lock().expect("no holder of this lock goes on after a panic")[&mapping.0]
    }

    /// The mappings that the store knows, and where they stand in the history.
    pub fn registered(&self) -> Vec<(MappingId, usize)> {
        self.places.lock().expect("no holder of this lock goes on after a panic").iter().map(|(id, place)| (MappingId(*id), *place)).collect()
    }

    async fn moved(&self, connection: &ConnectionName, object: &ObjectName, feed: Feed, cursor: &Cursor) {
        let Some((from, to)) = self.world().moved(connection.as_str(), object.as_str(), feed, cursor) else { return };
        if feed == Feed::Changes {
            feed::check(self, connection, object, from, to).await;
        }
    }

    async fn before(&self, doing: &'static str) -> Result<(), StoreError> {
        self.deliver().await?;
        tokio::task::yield_now().await;
        if self.has_failed() {
            return Err(full());
        }
        let mut world = self.world();
        if world.thrown(|rates| rates.disk_full) {
            world.note(format_args!("store: the disk is full at {doing}"));
            self.failed.store(true, Ordering::Relaxed);
            return Err(full());
        }
        if world.thrown(|rates| rates.store_busy) {
            world.note(format_args!("store: busy at {doing}"));
            return Err(StoreError::Failed { doing, source: sqlite(rusqlite::ffi::SQLITE_BUSY) });
        }
        Ok(())
    }

    /// Deliveries whose time has come are taken in, as the server does.
    pub async fn deliver(&self) -> Result<(), StoreError> {
        loop {
            let due = {
                let mut world = self.world();
                if world.frozen {
                    return Ok(());
                }
                let now_us = world.clock.us();
                let at = world.hints.iter().position(|hint| hint.due_us <= now_us);
                at.and_then(|at| world.hints.remove(at))
            };
            let Some(hint) = due else { return Ok(()) };
            let delivery = self.delivery(&hint);
            let touched = delivery.touched.clone();
            if self.inner.accept(delivery).await? == Accepted::New {
                feed::check_accepted(self, &touched).await;
            }
        }
    }

    fn delivery(&self, hint: &Hint) -> Delivery {
        let mut world = self.world();
        let name = world.vendors[hint.vendor].shape.name;
        world.note(format_args!("delivery {} {name} {} {}", hint.id, hint.object, hint.key));
        let mut touched = Vec::new();
        for (mapping, place) in self.places.lock().expect("no holder of this lock goes on after a panic").iter() {
            let of = &world.mappings[*place];
            for system in of.systems_ix().filter(|system| of.system(*system).connection.as_str() == name && of.system(*system).object == hint.object) {
                let (key, identity) = (hint.key.clone(), hint.key.clone());
                touched.push(Touch { mapping: MappingId(*mapping), system, key, identity, why: Touched::Delivery });
            }
        }
        Delivery {
            connection: ConnectionName::new(name),
            identity: format!("d{}", hint.id),
            verified_by: "simulated".to_owned(),
            received_at: instant(world.clock.us()),
            touched,
            feeds: Vec::new(),
        }
    }

    fn committed(&self, mapping: MappingId, changes: Vec<Change>) {
        let place = self.place(mapping);
        let mut world = self.world();
        let now_us = world.clock.us();
        for change in changes {
            if !world.trace.is_kept() {
                world.ledger.commit(place, change, now_us);
                continue;
            }
            let links: Vec<String> = change.after.links.iter().flatten().map(|link| format!("{} {:?}", link.key, link.state)).collect();
            let states: Vec<String> = change.states.iter().map(|(_, state)| format!("{state:?}")).collect();
            let hub: Vec<String> = (0..change.after.hub.len()).map(|at| change.after.agreed(syncline::mapping::FieldIx(at as u16)).to_string()).collect();
            let lost: Vec<String> = change
                .conflicts
                .iter()
                .map(|lost| format!("{}:{}", lost.field.0, lost.losers.iter().map(|l| l.value.to_string()).collect::<Vec<_>>().join(",")))
                .collect();
            let entries: Vec<String> = change.entries.iter().map(|entry| format!("+{:?} {}", entry.op.kind, entry.op.system.0)).collect();
            world.note(format_args!(
                "commit {} [{}] [{}] {} {} lost {}",
                change.entity,
                hub.join("|"),
                links.join(", "),
                entries.join(" "),
                states.join(" "),
                lost.join(" ")
            ));
            world.ledger.commit(place, change, now_us);
        }
    }
}

fn full() -> StoreError {
    StoreError::Disk { file: "simulated".to_owned(), source: sqlite(rusqlite::ffi::SQLITE_FULL) }
}

fn sqlite(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
}
