//! What is kept of how things came to be: the journal of an entity, the conflict log, dead letters.

use jiff::Timestamp;

use super::{Conflict, DeadLetter, Decided, Loaded, MappingId};
use crate::id::{ConflictId, DeadLetterId, EntityId, RunId};
use crate::sync::op::Entry;

/// All that is kept of one entity, of one moment.
#[derive(Clone, Debug)]
pub struct History {
    pub loaded: Loaded,
    /// Entities that turned out to be this one.
    pub aliases: Vec<EntityId>,
    /// The last decision of each field, and the last edits that were put back.
    pub decided: Vec<(RunId, Timestamp, Decided)>,
    /// The newest first.
    pub entries: Vec<Journalled>,
    /// The newest first.
    pub conflicts: Vec<Logged>,
    /// Closed ones too, the newest first.
    pub dead_letters: Vec<Letter>,
    /// There is more in the journal or the logs than was asked for.
    pub cut_short: bool,
}

/// A journal entry and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Journalled {
    pub entry: Entry,
    pub settled_at: Option<Timestamp>,
    /// The journal's word for the vendor's answer.
    pub answer: Option<String>,
}

/// A conflict of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    pub id: ConflictId,
    pub mapping: MappingId,
    pub conflict: Conflict,
}

/// A dead letter as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub id: DeadLetterId,
    pub letter: DeadLetter,
    pub closed: bool,
}

/// Which rows of a log; the newest come first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page {
    pub entity: Option<EntityId>,
    /// Only older ones than this row.
    pub before: Option<i64>,
    pub limit: usize,
}
