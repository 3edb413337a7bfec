//! Unlinked records of a run: each one finds its entity, starts one, waits, or becomes a question.

mod asked;
mod beside;

use std::collections::HashMap;

use jiff::Timestamp;

use beside::{Begun, Twins, twins};

use super::RunError;
use super::ground::{Ground, Laid};
use super::ledger::{self, Books};
use super::prepare::{self, Hint, Prepared};
use super::{keys, neighbours};
use crate::id::{EntityId, RecordKey};
use crate::mapping::matching::MatchKey;
use crate::mapping::{Observation, Seen, SystemIx};
use crate::store::{Answer, Hit, Review, Waiting};
use crate::sync::entity::{Agreed, Entity, Fact, Interval, Origin};
use crate::sync::neighbours::{Neighbours, View};
use crate::sync::op::Entry;
use crate::sync::place::{EntityHit, Placement, RuleHits, Unlinked, WaitingWhy, place};
use crate::sync::review::NewReview;
use crate::sync::scene::Sight;
use crate::sync::terms::Terms;
use crate::value::record::{Cell, Record};
use crate::value::{Path, Value};

/// A record without a link, with what is needed to place it.
pub struct Loose {
    /// Records of different groups do not see each other (a first match has grouped them already).
    pub group: u32,
    pub system: SystemIx,
    pub observation: Observation,
    pub read_at: Timestamp,
    /// Its match keys, where they are known already.
    pub keys: Option<Vec<MatchKey>>,
    /// Kept only while a create of ours may be behind it.
    pub record: Option<Record>,
    pub hint: Hint,
    /// The entity in which it stood before another record took its place.
    pub predecessor_of: Option<EntityId>,
}

/// What placing came to, beside the entities that are to be looked at.
#[derive(Default)]
pub struct Placed {
    pub entities: Vec<Prepared>,
    pub waiting: Vec<Waiting>,
    pub found: Vec<(SystemIx, RecordKey)>,
    pub reviews: Vec<NewReview>,
    pub closed: Vec<crate::id::ReviewId>,
    /// Hints that are answered without a look.
    pub done: Vec<Hint>,
    /// What became of the records that lead to no entity.
    pub books: Books,
}

impl Placed {
    /// A question met twice in one round is asked once.
    pub fn ask(&mut self, review: NewReview) {
        if !self.reviews.contains(&review) {
            self.reviews.push(review);
        }
    }
}

/// Everything placing looks up once per run.
pub struct Desk<'a> {
    pub ground: &'a Ground,
    pub laid: &'a Laid,
    pub reviews: Vec<Review>,
    /// Open creates, per system.
    pub creates: Vec<Vec<Entry>>,
    /// Entities of this very run are not hits: both passes must see the same.
    ignore: Option<std::ops::Range<i64>>,
    /// The store knows nothing of the mapping yet: there is nothing to look up, and the store may put off its look-up tables.
    blank: bool,
}

impl<'a> Desk<'a> {
    pub async fn open(ground: &'a Ground, laid: &'a Laid) -> Result<Self, RunError> {
        let mut creates = Vec::with_capacity(laid.seats.len());
        for system in laid.mapping.systems_ix() {
            creates.push(ground.store.open_creates(laid.id, system).await?);
        }
        let mut reviews = ground.store.reviews(Some(laid.id), true).await?;
        // An entity that a person named may have been joined to another since.
        for review in &mut reviews {
            if let Some(Answer::Link(entity)) = &mut review.answer {
                *entity = ground.store.resolve_alias(*entity).await?;
            }
        }
        Ok(Self { ground, laid, reviews, creates, ignore: None, blank: false })
    }

    /// Takes entities with these ids for not there: the first pass of a first match did not see them either.
    pub fn ignoring(mut self, ids: std::ops::Range<i64>) -> Self {
        self.ignore = Some(ids);
        self
    }

    /// Says that the store knew nothing of the mapping when the run began.
    pub fn blank(mut self, blank: bool) -> Self {
        self.blank = blank;
        self
    }

    /// Whether an open create of ours is behind the record.
    pub fn claims(&self, system: SystemIx, observation: &Observation, record: &Record) -> bool {
        if !self.may_be_ours(system) {
            return false;
        }
        let placement = place(&Unlinked {
            terms: &*self.laid.mapping,
            system,
            observation,
            label: &String::new,
            creates: &self.creates[system.0 as usize],
            holds: &|path, value| self.cell_holds(system, record, path, value),
            hits: &[],
            predecessor_of: None,
            asked: None,
            said_to_be: None,
            inside_alone: true,
        });
        matches!(placement, Placement::Claimed(_))
    }

    /// Whether a create of ours may be behind an unlinked record of this system.
    pub fn may_be_ours(&self, system: SystemIx) -> bool {
        !self.creates[system.0 as usize].is_empty()
    }

    /// Places the records, in the order of the mapping's systems, so that the first system starts what the others join.
    pub async fn place_all(&self, mut loose: Vec<Loose>, new_ids: &mut (dyn Iterator<Item = EntityId> + Send)) -> Result<Placed, RunError> {
        loose.sort_by(|a, b| (a.system, &a.observation.identity).cmp(&(b.system, &b.observation.identity)));
        self.resolve(&mut loose).await?;
        let keys: Vec<Vec<MatchKey>> = loose.iter_mut().map(|loose| loose.keys.take().unwrap_or_else(|| keys::shown(self.laid, &loose.observation))).collect();
        let known = self.known(&loose, &keys).await?;
        let twins = twins(&loose, &keys);
        let mut placed = Placed::default();
        let mut begun = Begun::default();
        for (loose, keys) in loose.into_iter().zip(keys) {
            let hits = self.hits(&loose, &keys, &known, &twins, &begun, &placed);
            let placement = place(&Unlinked {
                terms: &*self.laid.mapping,
                system: loose.system,
                observation: &loose.observation,
                label: &|| loose.observation.label(&self.laid.mapping),
                creates: &self.creates[loose.system.0 as usize],
                holds: &|path, value| self.holds(&loose, path, value),
                hits: &hits,
                predecessor_of: loose.predecessor_of,
                asked: self.review(&loose).map(|review| (&review.about, review.answer.as_ref())),
                said_to_be: self.said_to_be(&loose),
                inside_alone: self.inside_alone(&loose),
            });
            self.carry_out(placement, loose, keys, &known, &mut begun, &mut placed, new_ids);
        }
        Ok(placed)
    }

    fn holds(&self, loose: &Loose, path: &Path, value: &Value) -> bool {
        loose.record.as_ref().is_some_and(|record| self.cell_holds(loose.system, record, path, value))
    }

    fn cell_holds(&self, system: SystemIx, record: &Record, path: &Path, value: &Value) -> bool {
        let columns = &self.laid.seat(system).columns;
        let at = columns.iter().position(|column| column.path == *path);
        at.is_some_and(|at| matches!(&record.cells[at], Cell::Value(held) if held.to_string() == value.to_string()))
    }

    /// `only`, judged on the record's own values.
    fn inside_alone(&self, loose: &Loose) -> bool {
        let terms: &dyn Terms = &*self.laid.mapping;
        if !terms.walled(loose.system) {
            return true;
        }
        let alone = Prepared::starting(self.laid, EntityId(0), self.ground.clock.now());
        let mut entity = alone.entity;
        assume(&mut entity, &loose.observation, loose.system, self.ground.clock.now());
        let neighbours = Neighbours::default();
        let now = self.ground.clock.now();
        // A wall may ask for what is computed from them.
        for field in terms.formulas() {
            let view = View { entity: &entity, neighbours: &neighbours, today: self.ground.today(), forgiven: &[] };
            if let Some(Ok(value)) = terms.computed(*field, &view) {
                let changed = Interval { after: None, until: now };
                entity.hub[field.0 as usize] = Agreed::Set(Fact { value, origin: Origin::Formula, changed });
            }
        }
        let view = View { entity: &entity, neighbours: &neighbours, today: self.ground.today(), forgiven: &[] };
        terms.inside_wall(loose.system, &view)
    }

    /// References in match keys are entities, not record keys.
    pub async fn resolve(&self, loose: &mut [Loose]) -> Result<(), RunError> {
        if !self.laid.mapping.has_references() {
            return Ok(());
        }
        let now = self.ground.clock.now();
        let slice: Vec<Prepared> = loose
            .iter()
            .map(|loose| {
                let mut prepared = Prepared::starting(self.laid, EntityId(0), now);
                prepared.see(loose.system, Sight::Live(loose.observation.clone()), now);
                prepared
            })
            .collect();
        let neighbours = neighbours::fetch(self.ground, self.laid, &slice).await?;
        for loose in loose {
            prepare::resolve(self.laid, loose.system, &mut loose.observation, &neighbours);
        }
        Ok(())
    }

    /// What the store knows under the keys, with the entities hit.
    async fn known(&self, loose: &[Loose], keys: &[Vec<MatchKey>]) -> Result<Known, RunError> {
        if self.blank {
            return Ok(Known { hits: HashMap::new(), entities: HashMap::new(), neighbours: Neighbours::default() });
        }
        let all: Vec<MatchKey> = keys.iter().flatten().cloned().collect();
        let hits = self.ground.store.hits(self.laid.id, &all).await?;
        let mut ids: Vec<EntityId> = hits
            .iter()
            .flatten()
            .filter_map(|hit| match hit {
                Hit::Entity(entity) => Some(*entity),
                Hit::Waiting { .. } => None,
            })
            .filter(|entity| !self.ignore.as_ref().is_some_and(|ids| ids.contains(&entity.0)))
            .collect();
        ids.extend(loose.iter().filter_map(|loose| match self.review(loose)?.answer {
            Some(Answer::Link(entity)) => Some(entity),
            _ => None,
        }));
        ids.extend(loose.iter().filter_map(|loose| self.said_to_be(loose)));
        ids.sort();
        ids.dedup();
        let now = self.ground.clock.now();
        let loaded = self.ground.store.load(self.laid.id, &ids).await?;
        let entities: Vec<Prepared> = loaded.into_iter().map(|loaded| Prepared::loaded(self.laid, loaded, now)).collect();
        let neighbours = neighbours::fetch(self.ground, self.laid, &entities).await?;
        Ok(Known {
            hits: all.into_iter().zip(hits).collect(),
            entities: entities.into_iter().map(|prepared| (prepared.entity.id, prepared)).collect(),
            neighbours,
        })
    }

    fn hits(&self, loose: &Loose, keys: &[MatchKey], known: &Known, twins: &Twins, begun: &Begun, placed: &Placed) -> Vec<RuleHits> {
        let terms: &dyn Terms = &*self.laid.mapping;
        let mut rules: Vec<RuleHits> = terms.match_rules().iter().map(|rule| RuleHits { ask: rule.ask, ..RuleHits::default() }).collect();
        for key in keys {
            let rule = &mut rules[key.rule as usize];
            for hit in known.hits.get(key).into_iter().flatten() {
                match hit {
                    Hit::Entity(id) => rule.entities.extend(known.entities.get(id).map(|p| self.entity_hit(p, loose.system, &known.neighbours))),
                    Hit::Waiting { system, identity, .. } if (*system, identity) == (loose.system, &loose.observation.identity) => {}
                    // A twin that came earlier.
                    Hit::Waiting { system, key, .. } if *system == loose.system => rule.twins.push(key.clone()),
                    Hit::Waiting { system, key, .. } => rule.waiting.push((*system, key.clone())),
                }
            }
            let started = begun.by_key.get(&(loose.group, key.clone())).into_iter().flatten();
            rule.entities.extend(started.map(|at| self.entity_hit(&placed.entities[*at], loose.system, &known.neighbours)));
            let same = twins.get(&(loose.group, loose.system, key.clone())).into_iter().flatten();
            rule.twins.extend(same.filter(|(identity, _)| *identity != loose.observation.identity).map(|(_, key)| key.clone()));
            rule.twins.sort();
            rule.twins.dedup();
            rule.entities.sort_by_key(|hit| hit.entity);
            rule.entities.dedup_by_key(|hit| hit.entity);
        }
        rules
    }

    fn entity_hit(&self, prepared: &Prepared, system: SystemIx, neighbours: &Neighbours) -> EntityHit {
        let terms: &dyn Terms = &*self.laid.mapping;
        let view = View { entity: &prepared.entity, neighbours, today: self.ground.today(), forgiven: &[] };
        EntityHit {
            entity: prepared.entity.id,
            taken: prepared.entity.live(system).is_some(),
            inside: prepared.before.is_none() || !terms.walled(system) || terms.inside_wall(system, &view),
        }
    }

    fn carry_out(
        &self,
        placement: Placement,
        loose: Loose,
        keys: Vec<MatchKey>,
        known: &Known,
        begun: &mut Begun,
        placed: &mut Placed,
        new_ids: &mut (dyn Iterator<Item = EntityId> + Send),
    ) {
        let at = (loose.system, loose.observation.identity.clone());
        let now = self.ground.clock.now();
        let asked = self.review(&loose);
        match placement {
            Placement::Start => {
                let id = new_ids.next().expect("one id is reserved for each loose record");
                let mut prepared = Prepared::starting(self.laid, id, now);
                prepared.hints.push(loose.hint);
                prepared.join(self.laid, loose.system, loose.observation, loose.read_at);
                begun.add(loose.group, placed.entities.len(), id, keys);
                placed.entities.push(prepared);
                placed.found.push(at);
            }
            Placement::Join(id) => {
                let slot = begun.by_id.get(&id).copied().unwrap_or_else(|| {
                    let prepared = known.entities.get(&id).cloned().unwrap_or_else(|| Prepared::starting(self.laid, id, now));
                    placed.entities.push(prepared);
                    begun.by_id.insert(id, placed.entities.len() - 1);
                    placed.entities.len() - 1
                });
                let prepared = &mut placed.entities[slot];
                prepared.hints.push(loose.hint);
                prepared.join(self.laid, loose.system, loose.observation, loose.read_at);
                begun.add(loose.group, slot, id, keys);
                placed.found.push(at);
            }
            Placement::Review(about) => {
                // The question changed: whatever was said to the old one is no answer to this.
                let other = asked.filter(|review| !review.about.asks_the_same(&about));
                placed.closed.extend(other.map(|review| review.id));
                if (asked.is_none() || other.is_some()) && !self.asks_about_twin(&about, placed) {
                    placed.reviews.push(NewReview { entity: None, about });
                }
                placed.books.of(loose.system).held += 1;
                placed.waiting.push(waiting(&loose, keys, WaitingWhy::Review));
                placed.done.push(loose.hint);
                return;
            }
            Placement::Wait(why) => {
                ledger::apart(why, placed.books.of(loose.system));
                placed.waiting.push(waiting(&loose, keys, why));
                placed.done.push(loose.hint);
                if why == WaitingWhy::LeftAlone {
                    return;
                }
            }
            // Recovery owns it: the hint stays until the create is settled.
            Placement::Claimed(_) => {
                placed.books.of(loose.system).held += 1;
                return;
            }
            Placement::LeaveAlone => {
                placed.books.of(loose.system).filtered += 1;
                placed.done.push(loose.hint);
            }
        }
        placed.closed.extend(asked.filter(|review| review.answer.is_some()).map(|review| review.id));
    }
}

struct Known {
    hits: HashMap<MatchKey, Vec<Hit>>,
    entities: HashMap<EntityId, Prepared>,
    neighbours: Neighbours,
}

/// Takes a record's own values for agreed.
fn assume(entity: &mut Entity, observation: &Observation, system: SystemIx, now: Timestamp) {
    for (agreed, seen) in entity.hub.iter_mut().zip(&observation.fields) {
        if let Seen::Value(value) = seen {
            let changed = Interval { after: None, until: now };
            *agreed = Agreed::Set(Fact { value: value.clone(), origin: Origin::System(system), changed });
        }
    }
}

fn waiting(loose: &Loose, keys: Vec<MatchKey>, why: WaitingWhy) -> Waiting {
    Waiting { system: loose.system, key: loose.observation.key.clone(), identity: loose.observation.identity.clone(), keys, why }
}
