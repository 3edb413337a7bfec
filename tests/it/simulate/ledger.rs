//! What the store has committed, as far as the checks need it: kept beside the store, by whoever watches its answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use syncline::id::{EntityId, EntryId, RecordKey};
use syncline::mapping::{FieldIx, SystemIx};
use syncline::store::{Begun, Conflict, Decided, Merged, NewReview, ReviewAbout, Settled};
use syncline::sync::entity::{Agreed, Entity, Known, Link, LinkState, Shadow};
use syncline::sync::op::{Entry, EntryState, Op, OpKind};
use syncline::value::{Value, fingerprint};

/// A journal entry as committed.
#[derive(Clone, Debug)]
pub struct Kept {
    pub mapping: usize,
    pub entry: Entry,
    pub state: EntryState,
    /// When it was committed.
    pub at_us: i64,
}

impl Kept {
    pub fn op(&self) -> &Op {
        &self.entry.op
    }
}

/// What an entity was so far.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Every value that was ever agreed, per field.
    pub agreed: Vec<Vec<Value>>,
    /// What lost, per field.
    pub lost: BTreeMap<FieldIx, Vec<Value>>,
    /// The record linked in each system, since when, and whether it is there as far as we know.
    pub links: BTreeMap<SystemIx, (RecordKey, i64, bool)>,
    /// A person was asked about a delete.
    pub asked: bool,
    /// As last committed.
    pub last: Option<Entity>,
    /// Every record that ever stood in it.
    pub records: Vec<(SystemIx, RecordKey)>,
}

#[derive(Default)]
pub struct Ledger {
    pub entries: BTreeMap<EntryId, Kept>,
    pub past: BTreeMap<(usize, EntityId), Past>,
    pub aliases: BTreeMap<EntityId, EntityId>,
    /// Records that creates of ours made.
    pub made: BTreeMap<(usize, EntityId, SystemIx), Vec<RecordKey>>,
    /// A person said to make it anew although one may be there.
    pub pardoned: Vec<EntityId>,
    pub cursors: BTreeMap<(String, String, String), u64>,
}

/// What a commit is about to change, taken before it is handed on.
pub struct Change {
    pub entity: EntityId,
    pub joined: Vec<EntityId>,
    /// Of an outcome: what it was judged on. Only what differs from that is stored.
    pub before: Option<Entity>,
    pub after: Entity,
    pub conflicts: Vec<Conflict>,
    pub reviews: Vec<NewReview>,
    pub entries: Vec<Entry>,
    pub states: Vec<(EntryId, EntryState)>,
    pub decided: Vec<Decided>,
}

impl Change {
    pub fn merged(merged: &Merged) -> Self {
        Self {
            entity: merged.after.id,
            joined: merged.joined.clone(),
            before: None,
            after: merged.after.clone(),
            conflicts: merged.conflicts.clone(),
            reviews: merged.reviews.clone(),
            entries: merged.entries.clone(),
            states: merged.entry_states.clone(),
            decided: merged.decided.clone(),
        }
    }

    pub fn settled(settled: &Settled) -> Self {
        Self {
            entity: settled.after.id,
            joined: Vec::new(),
            before: settled.before.clone(),
            after: settled.after.clone(),
            conflicts: settled.conflicts.clone(),
            reviews: settled.reviews.clone(),
            entries: Vec::new(),
            states: vec![(settled.entry, settled.state)],
            decided: Vec::new(),
        }
    }
}

/// A blank met without a shadow never beats a value, and is no edit that could be lost.
fn adopt_blanks(lost: &mut BTreeMap<FieldIx, Vec<Value>>, before: Option<&Link>, link: &Link) {
    for (at, shadow) in link.shadows.iter().enumerate() {
        let never = before.filter(|before| before.key == link.key).is_none_or(|before| before.shadows[at] == Shadow::Unknown);
        if let Shadow::Known(Known { seen: Value::Blank, .. }) = shadow
            && never
        {
            lost.entry(FieldIx(at as u16)).or_default().push(Value::Blank);
        }
    }
}

/// An entity of a first match that began as it was listed.
pub struct Start {
    pub entity: EntityId,
    pub links: Vec<(SystemIx, Link)>,
    agreed: Vec<(FieldIx, Value)>,
}

impl Start {
    pub fn of(begun: &Begun) -> Self {
        let value = |range: &std::ops::Range<usize>| fingerprint::decode(&begun.bytes[range.clone()]).expect("the engine wrote it").0;
        let agreed = begun.agreed.iter().flat_map(|(.., fields)| fields.iter().map(|(field, range)| (*field, value(range))));
        Self { entity: begun.id, links: begun.links.clone(), agreed: agreed.collect() }
    }
}

impl Ledger {
    pub fn begin(&mut self, mapping: usize, fields: usize, start: Start, now_us: i64) {
        let past = self.past.entry((mapping, start.entity)).or_default();
        past.agreed.resize(fields, Vec::new());
        for (field, value) in start.agreed {
            past.agreed[field.0 as usize].push(value);
        }
        for (system, link) in start.links {
            past.links.insert(system, (link.key.clone(), now_us, true));
            past.records.push((system, link.key));
        }
    }

    pub fn canon(&self, mut entity: EntityId) -> EntityId {
        while let Some(next) = self.aliases.get(&entity) {
            entity = *next;
        }
        entity
    }

    pub fn past(&self, mapping: usize, entity: EntityId) -> Option<&Past> {
        self.past.get(&(mapping, self.canon(entity)))
    }

    /// The commit came back: this is how it is now.
    pub fn commit(&mut self, mapping: usize, mut change: Change, now_us: i64) {
        if let (Some(before), Some(last)) = (&change.before, self.past(mapping, change.entity).and_then(|past| past.last.clone())) {
            let links = change.after.links.iter_mut().zip(&before.links).zip(last.links);
            links.filter(|((after, before), _)| *after == *before).for_each(|((after, _), last)| *after = last);
            if change.after.hub == before.hub {
                change.after.hub = last.hub;
            }
        }
        for gone in &change.joined {
            self.join(mapping, *gone, change.entity);
        }
        let past = self.past.entry((mapping, change.entity)).or_default();
        past.agreed.resize(change.after.hub.len(), Vec::new());
        for (values, agreed) in past.agreed.iter_mut().zip(&change.after.hub) {
            if let Agreed::Set(fact) = agreed
                && values.last() != Some(&fact.value)
            {
                values.push(fact.value.clone());
            }
        }
        for (at, link) in change.after.links.iter().enumerate() {
            let Some(link) = link else { continue };
            let system = SystemIx(at as u16);
            let there = matches!(link.state, LinkState::Live | LinkState::Owed(_));
            adopt_blanks(&mut past.lost, past.last.as_ref().and_then(|last| last.link(system)), link);
            let since = past.links.get(&system).filter(|(key, ..)| *key == link.key).map_or(now_us, |(_, since, _)| *since);
            past.links.insert(system, (link.key.clone(), since, there));
            if !past.records.contains(&(system, link.key.clone())) {
                past.records.push((system, link.key.clone()));
            }
        }
        past.last = Some(change.after);
        for conflict in change.conflicts {
            let lost = conflict.losers.into_iter().map(|loser| loser.value);
            past.lost.entry(conflict.field).or_default().extend(lost);
        }
        for review in change.reviews {
            // What a person is shown is kept, too.
            match review.about {
                ReviewAbout::Conflict { field, values } => past.lost.entry(field).or_default().extend(values.into_iter().map(|(_, value)| value)),
                ReviewAbout::Delete { shown, .. } => {
                    past.asked = true;
                    shown.into_iter().for_each(|(_, field, value)| past.lost.entry(field).or_default().push(value));
                }
                _ => {}
            }
        }
        for entry in change.entries {
            let state = entry.state;
            self.entries.insert(entry.id, Kept { mapping, entry, state, at_us: now_us });
        }
        for (id, state) in change.states {
            self.set(id, state);
        }
    }

    fn join(&mut self, mapping: usize, gone: EntityId, into: EntityId) {
        self.aliases.insert(gone, into);
        let Some(old) = self.past.remove(&(mapping, gone)) else { return };
        let past = self.past.entry((mapping, into)).or_default();
        past.agreed.resize(old.agreed.len(), Vec::new());
        for (values, more) in past.agreed.iter_mut().zip(old.agreed) {
            values.splice(0..0, more);
        }
        for (field, values) in old.lost {
            past.lost.entry(field).or_default().extend(values);
        }
        past.records.extend(old.records);
    }

    pub fn set(&mut self, id: EntryId, state: EntryState) {
        if let Some(kept) = self.entries.get_mut(&id) {
            kept.state = state;
        }
    }

    pub fn sent(&mut self, ids: &[EntryId], deadline: Timestamp) {
        for id in ids {
            self.set(*id, EntryState::Sent);
            if let Some(kept) = self.entries.get_mut(id) {
                kept.entry.deadline = Some(deadline);
            }
        }
    }

    /// An open create of the same record, beside this one.
    pub fn rival(&self, mapping: usize, entry: &Entry) -> Option<EntryId> {
        let same = |kept: &&Kept| {
            kept.mapping == mapping && kept.op().kind == OpKind::Create && kept.op().system == entry.op.system && kept.op().entity == entry.op.entity
        };
        let open = |kept: &&Kept| matches!(kept.state, EntryState::Sent | EntryState::InDoubt) && kept.entry.id != entry.id;
        self.entries.values().filter(same).find(open).map(|kept| kept.entry.id)
    }
}
