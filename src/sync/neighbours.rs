//! What the entities that this one refers to have to say: fetched beforehand, so that the core asks nobody.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::civil::Date;

use super::entity::{Entity, FieldIx, LinkState, SystemIx};
use crate::id::{EntityId, RecordKey};
use crate::mapping::{EntityView, Observation, Seen};
use crate::value::{Str, Value};

type Table<K, V> = HashMap<K, V, RandomState>;

/// References of one slice, resolved both ways.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    /// A record key that a field shows in a system, to the entity linked there.
    pub entities: Table<(FieldIx, SystemIx, RecordKey), EntityId>,
    /// The same for references held by a field of their target.
    pub by_value: Table<(FieldIx, SystemIx, Value), EntityId>,
    /// The referred entity's live record key as a system spells it.
    pub keys: Table<(FieldIx, SystemIx, EntityId), RecordKey>,
    /// The entity that stands in for one without counterpart, for fields whose `unknown:` names one.
    pub stand_ins: Table<FieldIx, EntityId>,
    /// What records show at the path on which a field's values hang (`by:`), by the entity that they are.
    pub told_by: Table<(EntityId, FieldIx, SystemIx), Str>,
    /// Agreed values through a reference: `partner.tier`.
    pub values: Table<(FieldIx, EntityId), Vec<(String, Value)>>,
}

impl Neighbours {
    /// The entity that a shown reference means.
    pub fn entity_of(&self, field: FieldIx, system: SystemIx, seen: &Seen) -> Option<EntityId> {
        match seen {
            Seen::Unresolved(key) => self.entities.get(&(field, system, key.clone())).copied(),
            Seen::UnresolvedBy(value) => self.by_value.get(&(field, system, value.clone())).copied(),
            Seen::NoCell | Seen::Unread | Seen::Unfit(_) | Seen::UnresolvedSet(_) | Seen::Value(_) => None,
        }
    }

    /// What a shown reference, or set of them, is in agreed terms; a set waits for its last element.
    pub fn meant(&self, field: FieldIx, system: SystemIx, seen: &Seen) -> Option<Value> {
        match seen {
            Seen::UnresolvedSet(keys) => {
                let entity = |key: &RecordKey| self.entities.get(&(field, system, key.clone())).copied().map(Value::Ref);
                keys.iter().map(entity).collect::<Option<Vec<_>>>().map(Value::set)
            }
            one => self.entity_of(field, system, one).map(Value::Ref),
        }
    }

    /// Remembers what a record of the entity shows at the paths of `by`.
    pub fn hear(&mut self, entity: EntityId, system: SystemIx, seen: &Observation) {
        self.told_by.extend(seen.by.iter().flat_map(|told| told.iter()).map(|(field, told)| ((entity, *field, system), told.clone())));
    }

    pub fn value_of(&self, field: FieldIx, entity: EntityId, name: &str) -> Option<&Value> {
        self.values.get(&(field, entity))?.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// An entity with its neighbours, as expressions see it.
pub struct View<'a> {
    pub entity: &'a Entity,
    pub neighbours: &'a Neighbours,
    pub today: Date,
    /// Systems whose delete does not count in this view: asked about, or left out to find a wall's cause.
    pub forgiven: &'a [SystemIx],
}

impl View<'_> {
    fn any(&self, system: Option<SystemIx>, holds: impl Fn(SystemIx) -> bool) -> bool {
        match system {
            Some(system) => holds(system),
            None => (0..self.entity.links.len() as u16).map(SystemIx).any(holds),
        }
    }
}

impl EntityView for View<'_> {
    fn agreed(&self, field: FieldIx) -> Value {
        self.entity.agreed(field).clone()
    }

    fn through(&self, reference: FieldIx, field: &str) -> Value {
        match self.entity.agreed(reference) {
            Value::Ref(entity) => self.neighbours.value_of(reference, *entity, field).cloned().unwrap_or_default(),
            _ => Value::Blank,
        }
    }

    fn deleted(&self, system: Option<SystemIx>) -> bool {
        self.any(system, |at| {
            !self.forgiven.contains(&at) && self.entity.link(at).is_some_and(|link| matches!(link.state, LinkState::GoneByUser { .. }) && !link.kept)
        })
    }

    fn outside(&self, system: Option<SystemIx>) -> bool {
        self.any(system, |at| self.entity.live(at).is_some_and(|link| link.asleep))
    }

    fn today(&self) -> Date {
        self.today
    }

    fn key_of(&self, reference: &Value, field: FieldIx, system: SystemIx) -> Option<RecordKey> {
        match reference {
            Value::Ref(entity) => self.neighbours.keys.get(&(field, system, *entity)).cloned(),
            _ => None,
        }
    }

    fn field_of(&self, reference: &Value, field: FieldIx, through: &str) -> Option<Value> {
        match reference {
            Value::Ref(entity) => self.neighbours.value_of(field, *entity, through).cloned(),
            _ => None,
        }
    }

    fn told_by(&self, field: FieldIx, system: SystemIx) -> Option<Str> {
        self.neighbours.told_by.get(&(self.entity.id, field, system)).cloned()
    }

    fn stand_in(&self, field: FieldIx, _by: &Value) -> Option<Value> {
        self.neighbours.stand_ins.get(&field).copied().map(Value::Ref)
    }
}
