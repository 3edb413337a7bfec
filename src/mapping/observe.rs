//! A record read into agreed terms.

mod cell;

pub(super) use cell::{agreed, plain};

use jiff::Timestamp;

use super::field::CellProgram;
use super::scope::RecordEnv;
use super::{FieldIx, Mapping, SystemIx};
use crate::expr::{Fault, Program};
use crate::id::{EntityId, RecordKey};
use crate::value::record::{Gate, Record};
use crate::value::{Str, Value};

/// What a record shows of each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    NoCell,
    /// Not told to us: it never counts.
    Unread,
    /// A reference whose target is not linked here yet: neither blank nor an edit.
    Unresolved(RecordKey),
    /// A reference by a field of its target, to be resolved.
    UnresolvedBy(Value),
    /// A set of references, by their record keys.
    UnresolvedSet(Vec<RecordKey>),
    /// There, but no row, or not of the field's type: reported, never counts.
    Unfit(Str),
    Value(Value),
}

impl Seen {
    /// Puts entities in the place of record keys; what is not known stays as it is, and a set waits for its last element.
    pub fn resolve(&mut self, mut entity_of: impl FnMut(&RecordKey) -> Option<EntityId>) {
        match self {
            Seen::Unresolved(key) => {
                if let Some(entity) = entity_of(key) {
                    *self = Seen::Value(Value::Ref(entity));
                }
            }
            Seen::UnresolvedSet(keys) => {
                if let Some(entities) = keys.iter().map(&mut entity_of).collect::<Option<Vec<_>>>() {
                    *self = Seen::Value(Value::set(entities.into_iter().map(Value::Ref)));
                }
            }
            Seen::NoCell | Seen::Unread | Seen::UnresolvedBy(_) | Seen::Unfit(_) | Seen::Value(_) => {}
        }
    }
}

/// One record as the mapping understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub key: RecordKey,
    pub identity: RecordKey,
    pub version: Option<Str>,
    pub time: Option<Timestamp>,
    /// Who changed it last, where the vendor tells.
    pub actor: Option<Str>,
    /// One per field of the mapping.
    pub fields: Vec<Seen>,
    /// For fields whose values hang on another path (`by:`), what stands there; most mappings have none.
    pub by: Option<Box<ToldBy>>,
    /// `where` holds. `None`: a path in it was unread, which counts as false.
    pub takes_part: Option<bool>,
    /// `locked` holds, beside the connector's gates.
    pub locked: bool,
    pub gate: Gate,
    pub archived: bool,
    /// `where` or `locked` could not be judged although all was read: what went wrong. It then counts as not taking part, or as locked.
    pub trouble: Option<Str>,
}

/// What a record shows at the paths of `by`, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldBy(Vec<(FieldIx, Str)>);

impl ToldBy {
    /// `None` where there is none.
    pub fn of(told: Vec<(FieldIx, Str)>) -> Option<Box<Self>> {
        (!told.is_empty()).then(|| Box::new(Self(told)))
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(FieldIx, Str)> {
        self.0.iter()
    }
}

impl Observation {
    /// What people call the record, by what it shows.
    pub fn label(&self, mapping: &Mapping) -> String {
        mapping.label(|field| match &self.fields[field.0 as usize] {
            Seen::Value(value) => value.to_string(),
            Seen::NoCell | Seen::Unread | Seen::Unresolved(_) | Seen::UnresolvedBy(_) | Seen::UnresolvedSet(_) | Seen::Unfit(_) => String::new(),
        })
    }
}

impl Mapping {
    /// Reads a record into agreed terms. `places` says where each of the system's columns stands in the record's cells.
    pub fn observe(&self, system: SystemIx, record: &Record, places: &[u16]) -> Observation {
        let of = self.system(system);
        let mut trouble = None;
        let takes_part = match &of.takes_part {
            None => Some(true),
            Some(program) => judge(program, "where", record, places, &mut trouble),
        };
        // What cannot be judged may be an approved document: it is not written.
        let locked = of.locked.as_ref().is_some_and(|program| judge(program, "locked", record, places, &mut trouble).unwrap_or(true));
        let fields: Vec<Seen> = self.fields.iter().map(|field| cell::read(field, system, of, record, places)).collect();
        Observation {
            key: record.key.clone(),
            identity: record.identity.clone(),
            version: record.version.clone(),
            time: record.time,
            actor: record.actor.clone(),
            fields,
            by: ToldBy::of(self.fields_ix().filter_map(|field| Some((field, told_by(self, field, system, record, places)?))).collect()),
            takes_part,
            locked,
            gate: record.gate.clone(),
            archived: record.archived,
            trouble,
        }
    }
}

fn told_by(mapping: &Mapping, field: FieldIx, system: SystemIx, record: &Record, places: &[u16]) -> Option<Str> {
    match &mapping.field(field).cells[system.0 as usize] {
        Some(CellProgram::Path { by: Some(by), .. }) => cell::by(by, record, places),
        _ => None,
    }
}

fn judge(program: &Program, key: &str, record: &Record, places: &[u16], trouble: &mut Option<Str>) -> Option<bool> {
    match program.condition(&RecordEnv { record, places }) {
        Ok(holds) => Some(holds),
        Err(Fault::Unread) => None,
        Err(fault) => {
            *trouble = Some(Str::from(format!("`{key}` cannot be judged: {fault}")));
            None
        }
    }
}
