//! What changed: feeds are read, what is news is committed as touched, and the pages themselves are kept as fresh reads.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::ground::{Ground, Laid};
use super::ledger::Books;
use super::prepare::Prepared;
use super::progress::{Progress, Step};
use super::{Request, RunError, look, neighbours};
use crate::bounds::{RUN_RECORDS_MAX, SLICE_RECORDS};
use crate::id::{EntityId, RecordKey};
use crate::mapping::{Observation, SystemIx};
use crate::plant::{planted, sometimes};
use crate::store::{Feed, MovedCursor, Touch, Touched};
use crate::sync::guard::Listing;
use crate::sync::scene::Sight;
use crate::system::side_by_side::{Readers, Told};
use crate::system::{Cursor, Page, SystemError};

/// Which read of a system a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Changes,
    Gone,
    Sweep,
}

/// What the feeds told, before anything is decided.
#[derive(Default)]
pub struct Gathered {
    /// Fresh reads that may be news, by system and identity.
    pub fresh: HashMap<(SystemIx, RecordKey), Observation>,
    /// What is to be looked at: `seq` is the store's number, or `None` where nothing was stored (a plan).
    pub touched: HashMap<(SystemIx, RecordKey), (Touch, Option<i64>)>,
    /// Since when the store holds each hint.
    pub since: HashMap<(SystemIx, RecordKey), Timestamp>,
    pub read: u64,
    pub unchanged: u64,
    /// The same, system by system, with what became of each.
    pub books: Books,
    /// Cursors of pages that brought nothing.
    pub idle: Vec<MovedCursor>,
    /// Cursors of feeds with a hole: they move when a sweep has made it good.
    pub late: BTreeMap<SystemIx, (Feed, Cursor)>,
    /// Systems that could not be read: silent in this run.
    pub down: HashMap<SystemIx, SystemError>,
    /// What full reads found, beside what the last ones found: the guard judges them.
    pub listings: Vec<Listing>,
}

/// Reads all feeds of the mapping. With `keep`, pages are committed as they come; without, nothing is stored (a plan).
pub async fn gather(ground: &Ground, laid: &Laid, request: &Request, progress: &dyn Progress) -> Result<Gathered, RunError> {
    let mut gathered = Gathered::default();
    let mut sweeps: HashMap<SystemIx, HashSet<RecordKey>> = HashMap::new();
    let mut readers = Readers::new();
    for system in laid.mapping.systems_ix().filter(|_| request.poll) {
        if let Err(error) = ground.pin(laid, system, request.commits()).await? {
            gathered.down.insert(system, error);
            continue;
        }
        start(ground, laid, request, system, &mut readers, &mut sweeps).await?;
    }
    drain(ground, laid, request, progress, readers, &mut sweeps, &mut gathered).await?;
    fill_holes(ground, laid, request, progress, &mut gathered).await?;
    Ok(gathered)
}

async fn drain(
    ground: &Ground,
    laid: &Laid,
    request: &Request,
    progress: &dyn Progress,
    mut readers: Readers<(SystemIx, Which)>,
    sweeps: &mut HashMap<SystemIx, HashSet<RecordKey>>,
    gathered: &mut Gathered,
) -> Result<(), RunError> {
    while let Some(told) = readers.next().await {
        match told {
            Told::Page((system, Which::Sweep), page) => {
                let keys = sweeps.get_mut(&system).expect("a sweep was begun with its set");
                keys.extend(page.records.into_iter().map(|record| record.identity));
            }
            Told::Page((system, which), page) => {
                progress.step(Step::Read { system, records: page.records.len() });
                take(ground, laid, request, system, which, page, gathered).await?;
            }
            Told::End((system, Which::Sweep)) => {
                let keys = sweeps.remove(&system).expect("a sweep was begun with its set");
                absent(ground, laid, request, system, &keys, gathered).await?;
            }
            Told::End(..) => {}
            Told::Failed((system, _), error) => {
                sometimes!("a feed cannot be read to its end");
                gathered.down.insert(system, error);
            }
        }
    }
    Ok(())
}

/// A feed of deletes that cannot vouch for its whole window (a trimmed log) is made good by a sweep; only then does its cursor move.
async fn fill_holes(ground: &Ground, laid: &Laid, request: &Request, progress: &dyn Progress, gathered: &mut Gathered) -> Result<(), RunError> {
    let late = std::mem::take(&mut gathered.late);
    let mut sweeps: HashMap<SystemIx, HashSet<RecordKey>> = HashMap::new();
    let mut readers = Readers::new();
    for system in late.keys() {
        tracing::warn!(system = %laid.mapping.system(*system).name, "the feed of deletes has a hole; all keys are compared instead");
        sweeps.insert(*system, HashSet::new());
        let seat = laid.seat(*system);
        readers.start((*system, Which::Sweep), seat.system.sweep(seat.read()));
    }
    drain(ground, laid, request, progress, readers, &mut sweeps, gathered).await?;
    for (system, (feed, cursor)) in late {
        if request.commits() && !gathered.down.contains_key(&system) {
            let connection = &laid.mapping.system(system).connection;
            ground.store.commit_page(connection, &laid.seat(system).object, feed, Some(cursor), Vec::new(), ground.clock.now()).await?;
        }
    }
    Ok(())
}

async fn start(
    ground: &Ground,
    laid: &Laid,
    request: &Request,
    system: SystemIx,
    readers: &mut Readers<(SystemIx, Which)>,
    sweeps: &mut HashMap<SystemIx, HashSet<RecordKey>>,
) -> Result<(), RunError> {
    let seat = laid.seat(system);
    let connection = &laid.mapping.system(system).connection;
    let since = ground.store.cursor(connection, &seat.object, Feed::Changes).await?;
    readers.start((system, Which::Changes), seat.system.changes(seat.read(), since));
    let since = ground.store.cursor(connection, &seat.object, Feed::Gone).await?;
    match seat.system.gone(seat.read(), since) {
        Some(pages) => readers.start((system, Which::Gone), pages),
        None if request.sweep => {
            sweeps.insert(system, HashSet::new());
            readers.start((system, Which::Sweep), seat.system.sweep(seat.read()));
        }
        None => {}
    }
    Ok(())
}

/// One page: what is no news is dropped, the rest is committed as touched together with the cursor.
async fn take(ground: &Ground, laid: &Laid, request: &Request, system: SystemIx, which: Which, page: Page, gathered: &mut Gathered) -> Result<(), RunError> {
    gathered.read += page.records.len() as u64;
    gathered.books.of(system).read += page.records.len() as u64;
    let mut touches = Vec::new();
    for (other, at) in ground.sharing(&laid.mapping.system(system).connection, &laid.seat(system).object) {
        let own = other.id == laid.id && at == system;
        for observed in news(ground, other, at, &page, own, gathered).await? {
            let touch = Touch { mapping: other.id, system: at, key: observed.key.clone(), identity: observed.identity.clone(), why: Touched::Changed };
            if own {
                keep(gathered, touch.clone(), Some(observed));
            }
            touches.push(touch);
        }
        for touch in gone(ground, other, at, &page).await? {
            if own {
                keep(gathered, touch.clone(), None);
            }
            touches.push(touch);
        }
    }
    let feed = if which == Which::Gone { Feed::Gone } else { Feed::Changes };
    let mut cursor = page.cursor;
    if page.hole
        && which == Which::Gone
        && let Some(cursor) = cursor.take()
    {
        gathered.late.insert(system, (feed, cursor));
    }
    if !request.commits() {
        return Ok(());
    }
    let (connection, object) = (&laid.mapping.system(system).connection, &laid.seat(system).object);
    match cursor {
        // Nothing new: the cursor moves with the end of the run, which costs no sync of its own.
        Some(cursor) if touches.is_empty() => {
            let (connection, object) = (connection.clone(), object.clone());
            gathered.idle.retain(|moved| (&moved.connection, &moved.object, moved.feed) != (&connection, &object, feed));
            gathered.idle.push(MovedCursor { connection, object, feed, cursor });
        }
        None if touches.is_empty() => {}
        cursor => {
            gathered.idle.retain(|moved| (&moved.connection, &moved.object, moved.feed) != (connection, object, feed));
            if planted!("cursor-before-touched") {
                ground.store.commit_page(connection, object, feed, cursor.clone(), Vec::new(), ground.clock.now()).await?;
            }
            ground.store.commit_page(connection, object, feed, cursor, touches, ground.clock.now()).await?;
        }
    }
    Ok(())
}

fn keep(gathered: &mut Gathered, touch: Touch, observed: Option<Observation>) {
    // Beyond the bound a record stays touched in the store and is read again by the next run.
    if gathered.touched.len() >= RUN_RECORDS_MAX {
        gathered.books.of(touch.system).held += u64::from(observed.is_some());
        return;
    }
    let at = (touch.system, touch.identity.clone());
    if let Some(observed) = observed {
        let again = gathered.fresh.insert(at.clone(), observed).is_some();
        gathered.books.of(touch.system).unchanged += u64::from(again);
    }
    gathered.touched.insert(at, (touch, None));
}

/// The records of a page that may lead to something: linked ones that show anything new, unlinked ones that take part.
async fn news(ground: &Ground, laid: &Laid, system: SystemIx, page: &Page, own: bool, gathered: &mut Gathered) -> Result<Vec<Observation>, RunError> {
    let seat = laid.seat(system);
    let observed: Vec<Observation> = page.records.iter().map(|record| laid.mapping.observe(system, record, &seat.positions)).collect();
    let mut news = Vec::new();
    for slice in chunks(observed, SLICE_RECORDS) {
        let identities: Vec<RecordKey> = slice.iter().map(|o| o.identity.clone()).collect();
        let linked = ground.store.linked(laid.id, system, &identities).await?;
        let ids: Vec<EntityId> = linked.iter().flatten().copied().collect();
        let loaded = ground.store.load(laid.id, &ids).await?;
        let now = ground.clock.now();
        let mut known: HashMap<EntityId, Prepared> = loaded.into_iter().map(|loaded| (loaded.entity.id, Prepared::loaded(laid, loaded, now))).collect();
        let mut seen = Vec::with_capacity(slice.len());
        for (observation, entity) in slice.into_iter().zip(linked) {
            match entity.and_then(|id| known.remove(&id)) {
                Some(mut prepared) => {
                    prepared.see(system, Sight::Live(observation), now);
                    seen.push(prepared);
                }
                // Unlinked, or one entity twice in a page: looked at.
                None => news.push(observation),
            }
        }
        let neighbours = neighbours::fetch(ground, laid, &seen).await?;
        for mut prepared in seen {
            prepared.resolve(laid, &neighbours);
            if look::is_quiet(ground, laid, &prepared, &neighbours) {
                gathered.unchanged += u64::from(own);
                gathered.books.of(system).unchanged += u64::from(own);
            } else if let Sight::Live(observation) = std::mem::take(&mut prepared.sights[system.0 as usize]) {
                news.push(observation);
            }
        }
    }
    Ok(news)
}

async fn gone(ground: &Ground, laid: &Laid, system: SystemIx, page: &Page) -> Result<Vec<Touch>, RunError> {
    let identities: Vec<RecordKey> = page.gone.iter().map(|gone| gone.identity.clone()).collect();
    if identities.is_empty() {
        return Ok(Vec::new());
    }
    let linked = ground.store.linked(laid.id, system, &identities).await?;
    let touch = |gone: &crate::system::Gone| Touch { mapping: laid.id, system, key: gone.key.clone(), identity: gone.identity.clone(), why: Touched::Gone };
    Ok(page.gone.iter().zip(linked).filter(|(_, entity)| entity.is_some()).map(|(gone, _)| touch(gone)).collect())
}

/// After a whole sweep: linked records that were not in it are touched; `get` decides. A listing that shrank by a fifth proves nothing.
async fn absent(
    ground: &Ground,
    laid: &Laid,
    request: &Request,
    system: SystemIx,
    found: &HashSet<RecordKey>,
    gathered: &mut Gathered,
) -> Result<(), RunError> {
    let connection = &laid.mapping.system(system).connection;
    let object = &laid.seat(system).object;
    let last = ground.store.cursor(connection, object, Feed::Sweep).await?;
    let last: usize = last.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
    gathered.listings.push(Listing { system, before: last as u64, now: found.len() as u64, cut_short: false });
    let mut after: Option<RecordKey> = None;
    loop {
        let known = ground.store.identities(laid.id, system, after.as_ref(), SLICE_RECORDS).await?;
        let Some((furthest, _, _)) = known.last() else {
            break;
        };
        after = Some(furthest.clone());
        for (identity, key, _) in known.into_iter().filter(|(identity, ..)| !found.contains(identity)) {
            keep(gathered, Touch { mapping: laid.id, system, key, identity, why: Touched::Gone }, None);
        }
    }
    if request.commits() {
        let touches = gathered.touched.values().filter(|(t, _)| t.system == system && t.why == Touched::Gone);
        let mut touches: Vec<Touch> = touches.map(|(touch, _)| touch.clone()).collect();
        touches.sort_by(|a, b| a.identity.cmp(&b.identity));
        // A listing that shrank too much is not taken as the new measure: it would pass the second time.
        let count = (found.len() * 10 >= last * 8).then(|| Cursor(found.len().to_string()));
        ground.store.commit_page(connection, object, Feed::Sweep, count, touches, ground.clock.now()).await?;
    }
    Ok(())
}

/// Splits without copying what is in it.
pub fn chunks<T>(all: Vec<T>, size: usize) -> impl Iterator<Item = Vec<T>> {
    let mut all = all.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<T> = all.by_ref().take(size).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}
