//! Which entity an unlinked record is: none, one, or a question.

use super::entity::{FieldIx, SystemIx};
use super::op::{Entry, EntryClass, EntryState, OpKind};
use super::review::{Answer, ReviewAbout};
use super::terms::Terms;
use crate::id::{EntityId, EntryId, RecordKey};
use crate::mapping::{Observation, Seen};
use crate::plant::{planted, sometimes};
use crate::value::{Path, Value};

/// Why an unlinked record is kept by its match keys alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingWhy {
    StartsNever,
    Outside,
    BeyondWall,
    Review,
    /// A person said: leave it alone.
    LeftAlone,
}

/// What becomes of an unlinked record.
#[derive(Clone, Debug, PartialEq)]
pub enum Placement {
    /// An open create made it: its recovery owns it.
    Claimed(EntryId),
    /// It is this entity; its values are adopted by the next look.
    Join(EntityId),
    /// An entity starts with it.
    Start,
    Review(ReviewAbout),
    Wait(WaitingWhy),
    /// Archived, and nothing to anybody.
    LeaveAlone,
}

/// An unlinked record with everything that was looked up for it.
pub struct Unlinked<'a> {
    pub terms: &'a dyn Terms,
    pub system: SystemIx,
    pub observation: &'a Observation,
    /// What people call it, for the one who is asked about it.
    pub label: &'a dyn Fn() -> String,
    /// Open create entries of this system, of all entities.
    pub creates: &'a [Entry],
    /// Whether the record holds a value at a path: markers and external ids need no field.
    pub holds: &'a dyn Fn(&Path, &Value) -> bool,
    /// What its match keys hit, rule by rule, in the order of `match`.
    pub hits: &'a [RuleHits],
    /// The entity in which this record stood before another took its place.
    pub predecessor_of: Option<EntityId>,
    /// What a person was asked about this very record, and said.
    pub asked: Option<(&'a ReviewAbout, Option<&'a Answer>)>,
    /// A person said that a create in doubt of this entity made it.
    pub said_to_be: Option<EntityId>,
    /// `only`, judged on the record's own values; true without a wall.
    pub inside_alone: bool,
}

/// What one match rule hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleHits {
    pub ask: bool,
    pub entities: Vec<EntityHit>,
    /// Other unlinked records of the same system with the same key.
    pub twins: Vec<RecordKey>,
    /// Unlinked records that wait in other systems: shown in a review.
    pub waiting: Vec<(SystemIx, RecordKey)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityHit {
    pub entity: EntityId,
    /// It has a live record in this system already.
    pub taken: bool,
    /// This system may hold it.
    pub inside: bool,
}

/// Places one unlinked record. Open creates are asked first: a record of ours must never lead to a copy elsewhere.
pub fn place(unlinked: &Unlinked) -> Placement {
    let observation = unlinked.observation;
    if unlinked.creates.iter().any(|entry| may_have_landed(entry.state)) {
        sometimes!("an unlinked record is met while a create is open");
    }
    if let Some(entity) = unlinked.said_to_be {
        return Placement::Join(entity);
    }
    if let Some(entry) = claim(unlinked).filter(|_| !planted!("own-create-not-claimed")) {
        sometimes!("our own create comes back to us");
        return Placement::Claimed(entry);
    }
    if observation.archived {
        sometimes!("an archived record is nothing to anybody");
        return Placement::LeaveAlone;
    }
    let left = match unlinked.asked {
        Some((_, Some(Answer::Link(entity)))) => return Placement::Join(*entity),
        Some((_, Some(Answer::New))) => return Placement::Start,
        Some((about, Some(Answer::Leave))) => Some(about),
        Some((_, Some(Answer::Value { .. } | Answer::Again | Answer::Delete | Answer::Keep | Answer::Record(_)) | None)) | None => None,
    };
    match unasked(unlinked) {
        // Left alone for as long as the same would be asked.
        Placement::Review(about) if left.is_some_and(|left| left.asks_the_same(&about)) => {
            sometimes!("what a person left alone is left alone still");
            Placement::Wait(WaitingWhy::LeftAlone)
        }
        placement => placement,
    }
}

fn unasked(unlinked: &Unlinked) -> Placement {
    let observation = unlinked.observation;
    if let Some(entity) = unlinked.predecessor_of {
        sometimes!("a record returns in whose place another stands");
        return Placement::Review(unlinked.about(vec![entity], Vec::new()));
    }
    if observation.takes_part != Some(true) {
        return Placement::Wait(WaitingWhy::Outside);
    }
    match unlinked.hits.iter().find(|hits| !hits.entities.is_empty() || !hits.twins.is_empty()) {
        Some(hits) => unlinked.among(hits),
        None if !unlinked.terms.starts(unlinked.system) => Placement::Wait(WaitingWhy::StartsNever),
        None if !unlinked.inside_alone => {
            sometimes!("a record would start beyond its wall");
            Placement::Wait(WaitingWhy::BeyondWall)
        }
        None => Placement::Start,
    }
}

impl Unlinked<'_> {
    fn among(&self, hits: &RuleHits) -> Placement {
        let entities: Vec<EntityId> = hits.entities.iter().map(|hit| hit.entity).collect();
        match hits.entities[..] {
            [hit, ..] if planted!("first-hit-taken") => Placement::Join(hit.entity),
            [hit] if !hit.taken && hits.twins.is_empty() && !hits.ask => {
                if hit.inside {
                    Placement::Join(hit.entity)
                } else {
                    sometimes!("a record waits beyond the wall of what it is");
                    Placement::Wait(WaitingWhy::BeyondWall)
                }
            }
            _ => {
                sometimes!("a person is asked which thing a record is");
                Placement::Review(self.about(entities, hits.also(self.system)))
            }
        }
    }

    fn about(&self, hits: Vec<EntityId>, also: Vec<(SystemIx, RecordKey)>) -> ReviewAbout {
        let (key, identity) = (self.observation.key.clone(), self.observation.identity.clone());
        ReviewAbout::Match { system: self.system, key, identity, label: (self.label)(), hits, also }
    }

    fn shows(&self, field: FieldIx, value: &Value) -> bool {
        match &self.observation.fields[field.0 as usize] {
            Seen::Value(seen) => self.terms.same(field, seen, value),
            // What cannot be compared speaks neither for nor against.
            Seen::NoCell | Seen::Unread | Seen::Unresolved(_) | Seen::UnresolvedBy(_) | Seen::UnresolvedSet(_) | Seen::Unfit(_) => true,
        }
    }
}

impl RuleHits {
    fn also(&self, system: SystemIx) -> Vec<(SystemIx, RecordKey)> {
        let twins = self.twins.iter().map(|key| (system, key.clone()));
        twins.chain(self.waiting.iter().cloned()).collect()
    }
}

/// By marker, by external id, by natural key, in this order.
fn claim(unlinked: &Unlinked) -> Option<EntryId> {
    let open = || unlinked.creates.iter().filter(|entry| entry.op.kind == OpKind::Create && may_have_landed(entry.state));
    let by_path = |wanted: fn(&EntryClass) -> Option<(&Path, &Value)>| {
        open().find(|entry| wanted(&entry.class).is_some_and(|(path, value)| (unlinked.holds)(path, value)))
    };
    let marker = by_path(|class| match class {
        EntryClass::Marker { path, value } => Some((path, value)),
        _ => None,
    });
    let external = || {
        by_path(|class| match class {
            EntryClass::Upsert { path, value } => Some((path, value)),
            _ => None,
        })
    };
    let natural = || open().find(|entry| is_like(unlinked, entry));
    marker.or_else(external).or_else(natural).map(|entry| entry.id)
}

fn may_have_landed(state: EntryState) -> bool {
    matches!(state, EntryState::Sent | EntryState::InDoubt | EntryState::Ghost)
}

/// The record agrees with what was sent in the fields of a match rule; without such a rule in all fields.
fn is_like(unlinked: &Unlinked, entry: &Entry) -> bool {
    if matches!(entry.class, EntryClass::Marker { .. } | EntryClass::Upsert { .. }) {
        return false;
    }
    let sent = |field: FieldIx| entry.op.fields.iter().find(|write| write.field == field);
    let rules = unlinked.terms.match_rules();
    let mut told = rules.iter().filter(|rule| rule.fields.iter().all(|field| sent(*field).is_some())).peekable();
    if told.peek().is_some() {
        return told.any(|rule| rule.fields.iter().filter_map(|field| sent(*field)).all(|write| unlinked.shows(write.field, &write.want)));
    }
    entry.op.fields.iter().all(|write| unlinked.shows(write.field, &write.want))
}
