//! From touched records to entities ready to be looked at: what is linked is loaded and read whole, what is not finds its entity.

use std::collections::{BTreeMap, HashMap};

use futures::future::join_all;
use jiff::Timestamp;

use super::RunError;
use super::ground::{Ground, Laid};
use super::late::Late;
use super::observe::Gathered;
use crate::bounds::SLICE_RECORDS;
use crate::id::{EntityId, RecordKey};
use crate::mapping::{Observation, Seen, SystemIx};
use crate::plant::planted;
use crate::store::{Loaded, Review, Touch, Touched};
use crate::sync::entity::{Entity, Link, LinkState, Shadow};
use crate::sync::neighbours::Neighbours;
use crate::sync::op::Entry;
use crate::sync::pace::Tried;
use crate::sync::review::ReviewInput;
use crate::sync::scene::{Sight, Silence};
use crate::sync::terms::{Access, Terms};
use crate::sync::undo::Undo;
use crate::system::SystemError;

/// A touched record and the store's number of the touch; `None` in a plan, where nothing was stored.
pub type Hint = (Touch, Option<i64>);

/// One entity with everything a look needs beside its neighbours.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// As stored; `None` for an entity that starts in this run.
    pub before: Option<Entity>,
    pub entity: Entity,
    pub sights: Vec<Sight>,
    pub read_at: Vec<Timestamp>,
    pub entries: Vec<Entry>,
    pub reviews: Vec<ReviewInput>,
    /// What a person wants taken back of it.
    pub undo: Option<Undo>,
    /// What was tried on it lately, newest first.
    pub tried: Vec<Tried>,
    /// When the oldest of its hints came.
    pub since: Option<Timestamp>,
    /// Systems in which an unlinked record that starts nothing has its match keys.
    pub waiting: Vec<SystemIx>,
    /// Entities that it turned out to be.
    pub late: Late,
    /// What this look answers.
    pub hints: Vec<Hint>,
    /// Systems whose record was read by key for this look.
    pub fetched: Vec<SystemIx>,
    /// Systems in which another record was read that stood in the place of the one seen.
    pub displaced: Vec<SystemIx>,
}

impl Prepared {
    /// A new entity around one record.
    pub fn starting(laid: &Laid, id: EntityId, now: Timestamp) -> Self {
        let systems = laid.mapping.systems.len();
        Self {
            before: None,
            entity: Entity::start(id, laid.mapping.fields.len(), systems),
            sights: vec![Sight::Unread; systems],
            read_at: vec![now; systems],
            entries: Vec::new(),
            reviews: Vec::new(),
            undo: None,
            tried: Vec::new(),
            since: None,
            waiting: Vec::new(),
            late: Late::default(),
            hints: Vec::new(),
            fetched: Vec::new(),
            displaced: Vec::new(),
        }
    }

    pub fn loaded(laid: &Laid, loaded: Loaded, now: Timestamp) -> Self {
        let systems = laid.mapping.systems.len();
        Self {
            entity: loaded.entity.clone(),
            before: Some(loaded.entity),
            sights: vec![Sight::Unread; systems],
            read_at: vec![now; systems],
            entries: loaded.entries,
            reviews: loaded.reviews.into_iter().map(question).collect(),
            undo: None,
            tried: Vec::new(),
            since: None,
            waiting: Vec::new(),
            late: Late::default(),
            hints: Vec::new(),
            fetched: Vec::new(),
            displaced: Vec::new(),
        }
    }

    /// Links a record by adoption: its shadows are unknown until the look; a record that stood here before becomes its predecessor.
    pub fn join(&mut self, laid: &Laid, system: SystemIx, observation: Observation, now: Timestamp) {
        let at = system.0 as usize;
        let mut link = Link::adopted(observation.key.clone(), observation.identity.clone(), unknown(laid, system));
        if let Some(old) = self.entity.links[at].take() {
            link.predecessors = old.predecessors;
            link.predecessors.push(old.key);
        }
        self.entity.links[at] = Some(link);
        self.see(system, Sight::Live(observation), now);
    }

    /// What a system shows.
    pub fn seen(&self, system: SystemIx) -> Option<&Observation> {
        match &self.sights[system.0 as usize] {
            Sight::Live(observation) => Some(observation),
            Sight::Unread | Sight::Silent(_) | Sight::Gone => None,
        }
    }

    /// Puts entities in the place of the record keys that references show.
    pub fn resolve(&mut self, laid: &Laid, neighbours: &Neighbours) {
        for system in laid.mapping.systems_ix() {
            let Sight::Live(observation) = &mut self.sights[system.0 as usize] else {
                continue;
            };
            resolve(laid, system, observation, neighbours);
        }
    }

    pub fn see(&mut self, system: SystemIx, sight: Sight, at: Timestamp) {
        if matches!(self.sights[system.0 as usize], Sight::Live(_)) {
            self.displaced.push(system);
        }
        self.sights[system.0 as usize] = sight;
        self.read_at[system.0 as usize] = at;
    }
}

/// Loads the linked entities of the hints, gives them their fresh reads, and reads the rest of their records by key.
pub async fn linked(ground: &Ground, laid: &Laid, gathered: &mut Gathered, hints: BTreeMap<EntityId, Vec<Hint>>) -> Result<Vec<Prepared>, RunError> {
    let now = ground.clock.now();
    let mut all = Vec::with_capacity(hints.len());
    let ids: Vec<EntityId> = hints.keys().copied().collect();
    for ids in ids.chunks(SLICE_RECORDS) {
        let mut slice: Vec<Prepared> = Vec::with_capacity(ids.len());
        for loaded in ground.store.load(laid.id, ids).await? {
            let mut prepared = Prepared::loaded(laid, loaded, now);
            prepared.hints = hints.get(&prepared.entity.id).cloned().unwrap_or_default();
            prepared.since = prepared.hints.iter().filter_map(|(touch, _)| gathered.since.get(&(touch.system, touch.identity.clone()))).min().copied();
            give_fresh(laid, gathered, &mut prepared, now);
            if planted!("absence-as-delete") {
                let absent: Vec<SystemIx> = prepared.hints.iter().filter(|(touch, _)| touch.why == Touched::Gone).map(|(touch, _)| touch.system).collect();
                absent.into_iter().for_each(|system| prepared.see(system, Sight::Gone, now));
            }
            slice.push(prepared);
        }
        read_rest(ground, laid, gathered, &mut slice).await?;
        all.extend(slice);
    }
    Ok(all)
}

/// A page of a feed is a fresh read of its records.
pub fn give_fresh(laid: &Laid, gathered: &mut Gathered, prepared: &mut Prepared, now: Timestamp) {
    for system in laid.mapping.systems_ix() {
        let Some(link) = prepared.entity.link(system) else {
            continue;
        };
        if let Some(observation) = gathered.fresh.remove(&(system, link.identity.clone())) {
            prepared.see(system, Sight::Live(observation), now);
        }
    }
}

/// Reads what no page brought: every live record of the slice, and gone ones that a hint names. All systems at once.
pub async fn read_rest(ground: &Ground, laid: &Laid, gathered: &Gathered, slice: &mut [Prepared]) -> Result<(), RunError> {
    let mut asked: Vec<(SystemIx, Vec<RecordKey>)> = Vec::new();
    for system in laid.mapping.systems_ix() {
        let keys: Vec<RecordKey> = slice.iter().filter_map(|prepared| to_read(prepared, system)).map(|link| link.key.clone()).collect();
        if !keys.is_empty() {
            asked.push((system, keys));
        }
    }
    let answers = join_all(asked.into_iter().map(|(system, keys)| async move {
        if gathered.down.contains_key(&system) {
            return (system, Err(Silence::Down));
        }
        let seat = laid.seat(system);
        let got = seat.system.get(seat.read(), &keys).await;
        (system, got.map_err(|error| silence(&error)))
    }))
    .await;
    let now = ground.clock.now();
    for (system, answer) in answers {
        let seat = laid.seat(system);
        let mut sights: HashMap<RecordKey, Sight> = HashMap::new();
        let missing = match answer {
            Ok(got) => {
                for got in got {
                    let sight = match got.record {
                        Some(record) => Sight::Live(laid.mapping.observe(system, &record, &seat.positions)),
                        None => Sight::Gone,
                    };
                    sights.insert(seat.system.identity(&seat.object, &got.key), sight);
                }
                Silence::Unread
            }
            Err(silence) => silence,
        };
        for prepared in slice.iter_mut() {
            let Some(identity) = to_read(prepared, system).map(|link| link.identity.clone()) else {
                continue;
            };
            let absent = if planted!("unread-as-gone") { Sight::Gone } else { Sight::Silent(missing) };
            let sight = sights.remove(&identity).unwrap_or(absent);
            if matches!(sight, Sight::Live(_)) {
                prepared.fetched.push(system);
            }
            prepared.see(system, sight, now);
        }
    }
    Ok(())
}

fn to_read(prepared: &Prepared, system: SystemIx) -> Option<&Link> {
    let link = prepared.entity.link(system)?;
    let unread = prepared.sights[system.0 as usize] == Sight::Unread;
    let named = |touch: &Touch| touch.system == system && touch.identity == link.identity;
    // A record that may be made anew is read first: still gone, or a restore.
    let wanted = match link.state {
        LinkState::Live | LinkState::Owed(_) | LinkState::GoneByUs { .. } => true,
        LinkState::GoneByUser { .. } => {
            link.kept || prepared.hints.iter().any(|(touch, _)| named(touch)) || prepared.entries.iter().any(|entry| entry.op.system == system)
        }
    };
    (unread && wanted).then_some(link)
}

/// Puts entities in the place of the record keys that an observation's references show.
pub fn resolve(laid: &Laid, system: SystemIx, observation: &mut Observation, neighbours: &Neighbours) {
    for field in laid.mapping.fields_ix() {
        let seen = &mut observation.fields[field.0 as usize];
        if let Some(value) = neighbours.meant(field, system, seen) {
            *seen = Seen::Value(value);
        }
    }
}

fn question(review: Review) -> ReviewInput {
    ReviewInput { id: review.id, about: review.about, answer: review.answer }
}

/// The shadows of a link that was never looked at.
fn unknown(laid: &Laid, system: SystemIx) -> Vec<Shadow> {
    let shadow = |field| match laid.mapping.access(field, system) {
        Access::None => Shadow::NoCell,
        Access::Both | Access::ReadOnly | Access::WriteOnly => Shadow::Unknown,
    };
    laid.mapping.fields_ix().map(shadow).collect()
}

fn silence(error: &SystemError) -> Silence {
    match error {
        SystemError::Forbidden { .. } => Silence::Forbidden,
        SystemError::Later { .. } | SystemError::Stopped { .. } | SystemError::Drift { .. } | SystemError::Garbled { .. } => Silence::Down,
    }
}
