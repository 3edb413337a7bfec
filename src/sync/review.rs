//! What waits for a person, and what a person said.

use jiff::Timestamp;

use super::entity::{FieldIx, SystemIx};
use super::pace::StuckWhy;
use crate::id::{EntityId, EntryId, RecordKey, ReviewId};
use crate::value::{Str, Value};

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum ReviewAbout {
    /// An unlinked record with several hits, or one that only may be proposed.
    /// `label`: what people call the record.
    Match { system: SystemIx, key: RecordKey, identity: RecordKey, label: String, hits: Vec<EntityId>, also: Vec<(SystemIx, RecordKey)> },
    /// A field under `ask`, or without the evidence wanted.
    Conflict { field: FieldIx, values: Vec<(Option<SystemIx>, Value)> },
    /// Something would be deleted or archived that was edited, restored or not seen. `shown`: the edits that an answer speaks of.
    Delete { system: SystemIx, deleter: Option<SystemIx>, why: String, shown: Vec<(SystemIx, FieldIx, Value)> },
    /// A write whose outcome cannot be found out.
    InDoubt { entry: EntryId, hits: Vec<RecordKey> },
    /// Engine writes to one record went over their cap, or a field flaps.
    /// `other`: who else wrote it last, where the vendor tells.
    PingPong { system: SystemIx, field: Option<FieldIx>, other: Option<Str> },
    /// Writes to one record do not get through.
    Stuck { system: SystemIx, why: StuckWhy },
    /// Two entities seem to be one; `why` they were not joined without asking.
    Join { other: EntityId, why: String },
    /// Nobody is asked: a person said by themselves that this dead letter is to be tried again.
    Refused { system: SystemIx, entry: EntryId, fields: Vec<FieldIx> },
}

impl ReviewAbout {
    /// The field that it is about.
    pub fn field(&self) -> Option<FieldIx> {
        match self {
            ReviewAbout::Conflict { field, .. } => Some(*field),
            ReviewAbout::PingPong { field, .. } => *field,
            ReviewAbout::Match { .. }
            | ReviewAbout::Delete { .. }
            | ReviewAbout::InDoubt { .. }
            | ReviewAbout::Stuck { .. }
            | ReviewAbout::Join { .. }
            | ReviewAbout::Refused { .. } => None,
        }
    }

    /// Whether the other question is this one, asked of the same records.
    pub fn asks_the_same(&self, other: &ReviewAbout) -> bool {
        match (self, other) {
            (ReviewAbout::Match { system, identity, hits, also, .. }, ReviewAbout::Match { system: at, identity: of, hits: others, also: beside, .. }) => {
                let all = |one: &[(SystemIx, RecordKey)], other: &[(SystemIx, RecordKey)]| one.iter().all(|record| other.contains(record));
                (system, identity, hits) == (at, of, others) && all(also, beside) && all(beside, also)
            }
            _ => self == other,
        }
    }

    /// Two records of one system, each asked about with the other beside it: the same question twice.
    pub fn is_mirrored_by(&self, other: &ReviewAbout) -> bool {
        match (self, other) {
            (ReviewAbout::Match { system, key, also, .. }, ReviewAbout::Match { system: at, key: twin, also: others, .. }) => {
                let names = |list: &[(SystemIx, RecordKey)], key: &RecordKey| list.iter().any(|(of, named)| of == system && named == key);
                system == at && names(also, twin) && names(others, key)
            }
            _ => false,
        }
    }
}

/// What a person said.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Link(EntityId),
    New,
    Leave,
    Value {
        value: Value,
        at: Timestamp,
    },
    /// Delete it there too.
    Delete,
    /// Keep it.
    Keep,
    /// Write it again.
    Again,
    /// What was in doubt is this record.
    Record(RecordKey),
}

/// A question to be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReview {
    pub entity: Option<EntityId>,
    pub about: ReviewAbout,
}

/// An open question about an entity as a look is given it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewInput {
    pub id: ReviewId,
    pub about: ReviewAbout,
    pub answer: Option<Answer>,
}
