//! Entity, link, shadow: what is known of one thing across all its systems. Plain data; the decision is elsewhere.

use jiff::Timestamp;

use crate::id::{EntityId, LinkId, RecordKey};
pub use crate::mapping::{FieldIx, SystemIx};
use crate::value::{Str, Value};

/// The same thing across all systems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub id: EntityId,
    /// The agreed value of each field, in the mapping's order.
    pub hub: Vec<Agreed>,
    /// One place per system, in the mapping's order.
    pub links: Vec<Option<Link>>,
    /// No live link is left; nothing is created for it any more.
    pub closed: bool,
}

/// What a field of an entity is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Agreed {
    #[default]
    Unset,
    Set(Fact),
}

impl Agreed {
    pub fn value(&self) -> &Value {
        match self {
            Agreed::Unset => &Value::Blank,
            Agreed::Set(fact) => &fact.value,
        }
    }
}

/// An agreed value with its provenance, kept for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub value: Value,
    pub origin: Origin,
    pub changed: Interval,
}

/// Who an agreed value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    System(SystemIx),
    Person,
    Rule,
    Formula,
}

/// A change happened after `after` (if known) and not after `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub after: Option<Timestamp>,
    pub until: Timestamp,
}

/// That a record is an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `None` until first stored.
    pub id: Option<LinkId>,
    pub key: RecordKey,
    pub identity: RecordKey,
    /// Keys of records that stood here before.
    pub predecessors: Vec<RecordKey>,
    pub state: LinkState,
    pub version: Option<Str>,
    /// The record's modified time as last seen.
    pub changed_at: Option<Timestamp>,
    /// When we last sent a write to it.
    pub written_at: Option<Timestamp>,
    /// No change of a field can be older than this: the last trusted read, less the vendor's read lag.
    pub unchanged_at: Option<Timestamp>,
    /// Outside its system's `where`: silent until it fits again.
    pub asleep: bool,
    /// Was inside the wall once; only such a link leaves.
    pub inside: bool,
    /// Beyond its wall at the last look: comes back as a restored record does.
    pub beyond: bool,
    /// A person said to keep it: no wall for this link until it next holds. On a link gone by a user: its delete is forgiven and counts no more.
    pub kept: bool,
    /// One per field, in the mapping's order; fields without a cell here are `NoCell`.
    pub shadows: Vec<Shadow>,
}

/// Whether the record is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    Live,
    /// Live, and owed a delete or archive.
    Owed(Cause),
    GoneByUser {
        at: Timestamp,
    },
    GoneByUs {
        cause: Cause,
        at: Timestamp,
    },
}

impl LinkState {
    pub fn is_live(&self) -> bool {
        matches!(self, LinkState::Live | LinkState::Owed(_))
    }
}

/// Why a record is to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The record in this system was deleted, and `only` names it.
    Deleted(SystemIx),
    /// `only` no longer holds.
    Wall,
    /// The run that made it is taken back: it is not made again by itself.
    Undone,
}

/// What we last knew a system to hold of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shadow {
    /// The system has no cell for the field.
    NoCell,
    /// Never observed: not the same as blank.
    #[default]
    Unknown,
    Known(Known),
}

/// A shadow with its two values, because vendors trim, round and fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the system last reported, in agreed terms.
    pub seen: Value,
    pub stands_for: Standing,
    /// A read or an answer showed it; not only assumed after a write.
    pub confirmed: bool,
    /// The agreed value that this system refused for good.
    pub refused: Option<Value>,
    /// Where it differs from the link's: earlier for a field that was silent in the last read, later for one we wrote since.
    pub unchanged_at: Option<Timestamp>,
}

/// Which agreed value a report stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// None: it lost, or was never agreed.
    Nothing,
    For(Value),
}

impl Known {
    /// Seen and agreed: what the store keeps no row for.
    pub fn settled(value: Value) -> Self {
        Self { stands_for: Standing::For(value.clone()), seen: value, confirmed: true, refused: None, unchanged_at: None }
    }
}

impl Link {
    /// A link without any shadow: its values are adopted by the next look.
    pub fn adopted(key: RecordKey, identity: RecordKey, shadows: Vec<Shadow>) -> Self {
        Self {
            id: None,
            key,
            identity,
            predecessors: Vec::new(),
            state: LinkState::Live,
            version: None,
            changed_at: None,
            written_at: None,
            unchanged_at: None,
            asleep: false,
            inside: false,
            beyond: false,
            kept: false,
            shadows,
        }
    }
}

impl Entity {
    /// An entity that nothing is known of yet.
    pub fn start(id: EntityId, fields: usize, systems: usize) -> Self {
        Self { id, hub: vec![Agreed::Unset; fields], links: vec![None; systems], closed: false }
    }

    pub fn link(&self, system: SystemIx) -> Option<&Link> {
        self.links[system.0 as usize].as_ref()
    }

    pub fn live(&self, system: SystemIx) -> Option<&Link> {
        self.link(system).filter(|link| link.state.is_live())
    }

    pub fn link_mut(&mut self, system: SystemIx) -> Option<&mut Link> {
        self.links[system.0 as usize].as_mut()
    }

    /// What is agreed, if anything ever was.
    pub fn fact(&self, field: FieldIx) -> Option<&Fact> {
        match &self.hub[field.0 as usize] {
            Agreed::Unset => None,
            Agreed::Set(fact) => Some(fact),
        }
    }

    pub fn agreed(&self, field: FieldIx) -> &Value {
        self.hub[field.0 as usize].value()
    }
}
