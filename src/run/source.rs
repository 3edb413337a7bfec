//! Where a run's slices come from: touched records in memory, or a scratch file for a first match. Both can be gone through twice.

use super::alike::Same;
use super::back::{self, Back};
use super::first::FirstMatch;
use super::ground::{Ground, Laid};
use super::observe::{self, Gathered};
use super::prepare::{self, Hint, Prepared};
use super::progress::Progress;
use super::unlinked::{Desk, Loose, Placed};
use super::{Ended, Request, RunError, arrivals, derive, keys, late, ledger, look, neighbours};
use crate::bounds::{RUN_RECORDS_MAX, SLICE_RECORDS};
use crate::id::{EntityId, RecordKey};
use crate::mapping::{Create, SystemIx};
use crate::plant::planted;
use crate::store::{Adoption, Hit, Touched};
use crate::sync::alike::Alike;
use crate::sync::guard::{Guard, Listing, RunCounts, Stand, guard};
use crate::sync::neighbours::Neighbours;
use crate::sync::pace;
use crate::sync::scene::Sight;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Date;

/// Entities that are looked at together.
#[derive(Default)]
pub struct Slice {
    /// Entities about which there is nothing to decide.
    pub same: Vec<Same>,
    /// How that was judged; there wherever `same` has any.
    pub alike: Option<Arc<Alike>>,
    pub prepared: Vec<Prepared>,
    pub neighbours: Arc<Neighbours>,
    /// What placing its unlinked records came to.
    pub placed: Placed,
    /// Of a first match into a store that knows nothing of the mapping: nothing is looked up there.
    pub blank: bool,
}

impl Slice {
    /// Resolves what the entities refer to, and finds the unlinked records that wait under their match keys, in the store and beside them in this run.
    pub async fn of(ground: &Ground, laid: &Laid, mut prepared: Vec<Prepared>, beside: &Placed, blank: bool) -> Result<Self, RunError> {
        let neighbours = neighbours::fetch(ground, laid, &prepared).await?;
        prepared.iter_mut().for_each(|prepared| prepared.resolve(laid, &neighbours));
        find_waiting(ground, laid, &mut prepared, beside, blank).await?;
        recall(ground, laid, &mut prepared, &neighbours).await?;
        Ok(Self { prepared, neighbours: Arc::new(neighbours), blank, ..Self::default() })
    }
}

/// An unlinked record that starts nothing, asleep or in review, is a twin all the same: no create beside it.
async fn find_waiting(ground: &Ground, laid: &Laid, prepared: &mut [Prepared], placed: &Placed, blank: bool) -> Result<(), RunError> {
    if laid.mapping.matching.is_empty() || !laid.mapping.systems.iter().any(|system| !matches!(system.create, Create::Never)) {
        return Ok(());
    }
    if placed.waiting.is_empty() && (blank || ground.store.totals(laid.id).await?.waiting == 0) {
        return Ok(());
    }
    let mut keys = Vec::new();
    let mut owners = Vec::new();
    for (at, prepared) in prepared.iter_mut().enumerate() {
        let own = keys::all(laid, prepared);
        let beside = placed.waiting.iter().filter(|waiting| waiting.keys.iter().any(|key| own.contains(key)));
        prepared.waiting.extend(beside.map(|waiting| waiting.system));
        owners.extend(own.iter().map(|_| at));
        keys.extend(own);
    }
    let hits = if blank { Vec::new() } else { ground.store.hits(laid.id, &keys).await? };
    for (at, hits) in owners.into_iter().zip(hits) {
        for hit in hits {
            if let Hit::Waiting { system, .. } = hit {
                prepared[at].waiting.push(system);
            }
        }
    }
    for prepared in prepared {
        prepared.waiting.sort();
        prepared.waiting.dedup();
    }
    Ok(())
}

/// Entities that may be written bring along what was tried on them lately: writes have a pace, and attempts an end.
async fn recall(ground: &Ground, laid: &Laid, prepared: &mut [Prepared], neighbours: &Neighbours) -> Result<(), RunError> {
    let known = |prepared: &Prepared| prepared.before.is_some() && !look::is_quiet(ground, laid, prepared, neighbours);
    let mut busy: Vec<&mut Prepared> = prepared.iter_mut().filter(|prepared| known(prepared)).collect();
    if busy.is_empty() {
        return Ok(());
    }
    let ids: Vec<EntityId> = busy.iter().map(|prepared| prepared.entity.id).collect();
    let since = ground.clock.now() - pace::REMEMBERED;
    for (prepared, tried) in busy.iter_mut().zip(ground.store.tried(laid.id, &ids, since).await?) {
        prepared.tried = tried;
    }
    Ok(())
}

/// The slices of one run.
pub struct Source {
    adoption: Adoption,
    listings: Vec<Listing>,
    /// Touched records that this round looks at, and how many are left for the next.
    looked: u64,
    left: u64,
    /// The day on which it was opened.
    began: Date,
    kind: Kind,
}

enum Kind {
    Memory { slices: Vec<Slice>, next: usize },
    Staged(Box<FirstMatch>),
}

impl Source {
    /// Reads what is to be read and brings it into slices.
    pub async fn open(ground: &Ground, laid: &Laid, request: &Request, progress: &dyn Progress, ended: &mut Ended) -> Result<Self, RunError> {
        let (adoption, began) = (ground.store.adoption(laid.id).await?, ground.today());
        if adoption != Adoption::Done {
            let (first, mut gathered) = FirstMatch::read(ground, laid, request, progress).await?;
            report(laid, &mut gathered, ended);
            ledger::take_over(&mut gathered, &mut ended.end);
            let listings = gathered.listings;
            return Ok(Self { adoption, listings, looked: 0, left: 0, began, kind: Kind::Staged(Box::new(first)) });
        }
        if request.commits() {
            arrivals::hasten(ground, laid).await?;
        }
        let mut gathered = observe::gather(ground, laid, request, progress).await?;
        derive::anew(ground, laid, request, &mut gathered).await?;
        report(laid, &mut gathered, ended);
        let hints = hints(ground, laid, request, &mut gathered).await?;
        let looked = hints.len() as u64;
        let left = match hints.len() < RUN_RECORDS_MAX {
            true => 0,
            false => ground.store.touched_count(laid.id).await?.0.saturating_sub(looked),
        };
        let slices = slices_of(ground, laid, request, &mut gathered, hints).await?;
        ledger::take_over(&mut gathered, &mut ended.end);
        Ok(Self { adoption, listings: gathered.listings, looked, left, began, kind: Kind::Memory { slices, next: 0 } })
    }

    /// Entities of which something is taken back, past `after`, which moves on.
    pub async fn back(ground: &Ground, laid: &Laid, request: &Request, back: &Back, after: &mut Option<EntityId>, ended: &mut Ended) -> Result<Self, RunError> {
        let mut gathered = Gathered::default();
        let taken = back::gather(ground, laid, request, back, *after, &mut gathered).await?;
        *after = taken.last;
        report(laid, &mut gathered, ended);
        let kind = Kind::Memory { slices: taken.slices, next: 0 };
        Ok(Self { adoption: Adoption::Done, listings: Vec::new(), looked: taken.looked, left: taken.left, began: ground.today(), kind })
    }

    /// Whether there is nothing to look at and nothing to store.
    pub fn is_empty(&self) -> bool {
        matches!(&self.kind, Kind::Memory { slices, .. } if slices.is_empty())
    }

    /// How many touched records this round looks at.
    pub fn looked(&self) -> u64 {
        self.looked
    }

    /// Whether an entity may come in several slices.
    pub fn repeats(&self) -> bool {
        matches!(self.kind, Kind::Staged(_))
    }

    /// How many touched records are left for another round.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The next slice of this pass; `None` at its end, after which the next call begins anew.
    pub async fn next(&mut self, ground: &Ground, laid: &Laid) -> Result<Option<&Slice>, RunError> {
        match &mut self.kind {
            Kind::Memory { slices, next } => {
                if *next == slices.len() {
                    *next = 0;
                    return Ok(None);
                }
                *next += 1;
                Ok(Some(&slices[*next - 1]))
            }
            Kind::Staged(first) => first.next(ground, laid).await,
        }
    }

    /// Judges the whole run. While records are left for later rounds, what those looked at so far did is taken for what all will do: a mass change
    /// is held at its beginning, not when its last part comes over the limit.
    pub async fn guard(&self, ground: &Ground, laid: &Laid, counts: &RunCounts, looked_before: u64) -> Result<Guard, RunError> {
        let looked = looked_before + self.looked;
        let counts = &match self.left {
            0 => counts.clone(),
            left => counts.scaled((looked + left) as f64 / looked.max(1) as f64),
        };
        let (_, totals) = ground.store.counts(laid.id).await?;
        let stand = Stand {
            limits: &laid.mapping.limits,
            totals: &totals,
            first: self.adoption == Adoption::First,
            adopt: laid.mapping.adopt,
            listings: &self.listings,
        };
        Ok(guard(counts, &stand))
    }

    /// After the run: a first match that was applied whole moves its cursors and is adopted.
    pub async fn close(self, ground: &Ground, laid: &Laid, applied: bool) -> Result<(), RunError> {
        match self.kind {
            Kind::Staged(first) if applied => {
                first.adopt(ground, laid).await?;
                derive::keep(ground, laid, self.began).await
            }
            Kind::Staged(_) | Kind::Memory { .. } => Ok(()),
        }
    }
}

fn report(laid: &Laid, gathered: &mut Gathered, ended: &mut Ended) {
    ended.idle.append(&mut gathered.idle);
    ended.end.read += gathered.read;
    ended.end.unchanged += gathered.unchanged;
    let mut down: Vec<_> = gathered.down.iter().collect();
    down.sort_by_key(|(system, _)| **system);
    ended.down = down.into_iter().map(|(system, why)| (laid.mapping.system(*system).name.clone(), why.to_string())).collect();
}

/// Touched records as slices.
pub async fn slices_of(ground: &Ground, laid: &Laid, request: &Request, gathered: &mut Gathered, hints: Vec<Hint>) -> Result<Vec<Slice>, RunError> {
    if hints.is_empty() {
        return Ok(Vec::new());
    }
    let (linked, unlinked) = split(ground, laid, hints).await?;
    let mut prepared = prepare::linked(ground, laid, gathered, linked).await?;
    let desk = Desk::open(ground, laid).await?;
    let (loose, done) = loose(laid, &desk, gathered, unlinked).await?;
    let mut ids = new_ids(ground, request, loose.len()).await?;
    let mut placed = desk.place_all(loose, &mut ids).await?;
    placed.done.extend(done);
    merge_joined(&mut prepared, &mut placed);
    let mut joined = std::mem::take(&mut placed.entities);
    for slice in joined.chunks_mut(SLICE_RECORDS) {
        prepare::read_rest(ground, laid, gathered, slice).await?;
    }
    prepared.extend(joined);
    late::join(ground, laid, gathered, &mut prepared, &mut placed).await?;
    let mut slices = Vec::new();
    for chunk in observe::chunks(prepared, SLICE_RECORDS) {
        slices.push(Slice::of(ground, laid, chunk, &placed, false).await?);
    }
    match slices.first_mut() {
        Some(slice) => slice.placed = placed,
        None => slices.push(Slice { placed, ..Slice::default() }),
    }
    Ok(slices)
}

/// An entity that was touched through a link and joined by an unlinked record is one entity to look at.
fn merge_joined(prepared: &mut Vec<Prepared>, placed: &mut Placed) {
    let joined: HashMap<EntityId, usize> = placed.entities.iter().enumerate().map(|(at, p)| (p.entity.id, at)).collect();
    prepared.retain_mut(|touched| {
        let Some(at) = joined.get(&touched.entity.id) else {
            return true;
        };
        let both = &mut placed.entities[*at];
        both.hints.append(&mut touched.hints);
        both.fetched.append(&mut touched.fetched);
        for (at, sight) in touched.sights.drain(..).enumerate() {
            if both.sights[at] == Sight::Unread {
                both.sights[at] = sight;
            } else if matches!(sight, Sight::Live(_)) {
                both.displaced.push(SystemIx(at as u16));
            }
        }
        false
    });
}

/// Touched records, the store's and this run's own.
async fn hints(ground: &Ground, laid: &Laid, request: &Request, gathered: &mut Gathered) -> Result<Vec<Hint>, RunError> {
    let stored = ground.store.touched(laid.id, ground.clock.now(), RUN_RECORDS_MAX).await?;
    let mut all: BTreeMap<(SystemIx, RecordKey), Hint> = BTreeMap::new();
    if planted!("review-blocks-all") && ground.store.reviews(Some(laid.id), true).await?.iter().any(|review| review.answer.is_none()) {
        return Ok(Vec::new());
    }
    if !request.commits() {
        all.extend(gathered.touched.drain());
    }
    for record in stored {
        let at = (record.touch.system, record.touch.identity.clone());
        gathered.since.insert(at.clone(), record.first_seen);
        all.insert(at, (record.touch, Some(record.seq)));
    }
    Ok(all.into_values().collect())
}

type Linked = BTreeMap<EntityId, Vec<Hint>>;

async fn split(ground: &Ground, laid: &Laid, hints: Vec<Hint>) -> Result<(Linked, Vec<Hint>), RunError> {
    let mut linked = Linked::new();
    let mut unlinked = Vec::new();
    let mut by_system: BTreeMap<SystemIx, Vec<Hint>> = BTreeMap::new();
    hints.into_iter().for_each(|hint| by_system.entry(hint.0.system).or_default().push(hint));
    for (system, hints) in by_system {
        for chunk in observe::chunks(hints, SLICE_RECORDS) {
            let identities: Vec<RecordKey> = chunk.iter().map(|(touch, _)| touch.identity.clone()).collect();
            let entities = ground.store.linked(laid.id, system, &identities).await?;
            for (hint, entity) in chunk.into_iter().zip(entities) {
                match entity {
                    Some(entity) => linked.entry(entity).or_default().push(hint),
                    None => unlinked.push(hint),
                }
            }
        }
    }
    Ok((linked, unlinked))
}

/// Reads unlinked records that no page brought; what is gone before it was ever linked is done.
async fn loose(laid: &Laid, desk: &Desk<'_>, gathered: &mut Gathered, hints: Vec<Hint>) -> Result<(Vec<Loose>, Vec<Hint>), RunError> {
    let now = desk.ground.clock.now();
    let mut loose = Vec::new();
    let mut done = Vec::new();
    let mut ask: BTreeMap<SystemIx, Vec<Hint>> = BTreeMap::new();
    for hint in hints {
        let (system, identity) = (hint.0.system, hint.0.identity.clone());
        match gathered.fresh.remove(&(system, identity)) {
            Some(observation) if !desk.may_be_ours(system) && hint.0.why != Touched::Gone => {
                loose.push(Loose { group: 0, system, observation, read_at: now, keys: None, record: None, hint, predecessor_of: None });
            }
            seen => {
                // Read a second time, by key.
                gathered.books.of(system).unchanged += u64::from(seen.is_some());
                ask.entry(system).or_default().push(hint);
            }
        }
    }
    for (system, hints) in ask {
        if gathered.down.contains_key(&system) {
            continue;
        }
        let seat = laid.seat(system);
        let keys: Vec<RecordKey> = hints.iter().map(|(touch, _)| touch.key.clone()).collect();
        let got = match seat.system.get(seat.read(), &keys).await {
            Ok(got) => got,
            Err(error) => {
                gathered.down.insert(system, error);
                continue;
            }
        };
        let mut hints: HashMap<RecordKey, Hint> = hints.into_iter().map(|hint| (hint.0.key.clone(), hint)).collect();
        for got in got {
            let Some(hint) = hints.remove(&got.key) else {
                continue;
            };
            match got.record {
                Some(record) => {
                    let observation = laid.mapping.observe(system, &record, &seat.positions);
                    let record = desk.may_be_ours(system).then_some(record);
                    gathered.books.of(system).read += 1;
                    loose.push(Loose { group: 0, system, observation, read_at: now, keys: None, record, hint, predecessor_of: None });
                }
                None => done.push(hint),
            }
        }
    }
    Ok((loose, done))
}

/// Ids for entities that may start; a plan numbers them below zero and stores nothing.
pub async fn new_ids(ground: &Ground, request: &Request, count: usize) -> Result<Box<dyn Iterator<Item = EntityId> + Send>, RunError> {
    if !request.commits() {
        return Ok(Box::new((1..).map(|n: i64| EntityId(-n))));
    }
    Ok(Box::new(ground.store.reserve(count as u64).await?.map(EntityId)))
}
