//! What one look decided of a field, and what lost.

use jiff::Timestamp;

use super::entity::{FieldIx, Interval, Origin, SystemIx};
use super::reason::Reason;
use crate::id::{EntityId, RunId};
use crate::value::{Str, Value};

/// A conflict and how it was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    pub entity: EntityId,
    pub field: FieldIx,
    pub run: RunId,
    pub at: Timestamp,
    /// Every candidate that lost, the old agreed value included.
    pub losers: Vec<Loser>,
    pub winner: Value,
    pub winner_system: Option<SystemIx>,
    /// When the winner was changed, at the latest.
    pub winner_until: Option<Timestamp>,
    /// Who typed it, where the vendor tells.
    pub winner_actor: Option<Str>,
    /// The policy and grade, as [`super::reason`] words them.
    pub policy: String,
    pub grade: Option<String>,
}

/// A value that lost, kept so that a person can bring it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Loser {
    /// `None`: the value agreed before.
    pub system: Option<SystemIx>,
    pub value: Value,
    pub shadow: Option<Value>,
    pub until: Option<Timestamp>,
    /// Who typed it, where the vendor tells.
    pub actor: Option<Str>,
}

/// A field's decision, kept in the journal for `explain`.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    pub field: FieldIx,
    pub value: Value,
    pub reason: Reason,
    /// What was agreed before; `None`: nothing yet.
    pub was: Option<Value>,
    /// Everybody who took part, whoever was taken first.
    pub spoke: Vec<Spoke>,
}

/// A candidate of a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoke {
    pub from: Origin,
    /// It took part as the value that was agreed before.
    pub as_agreed: bool,
    pub value: Value,
    /// What its system showed before.
    pub before: Option<Value>,
    pub changed: Interval,
    /// Who typed it, where the vendor tells.
    pub actor: Option<Str>,
    pub fate: Fate,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Taken,
    /// It says the same, as finely as its system can.
    Agrees,
    Lost,
    /// It may not decide.
    PutBack,
}

impl Decided {
    /// An edit was put back: what is agreed was decided earlier.
    pub fn puts_back(&self) -> bool {
        matches!(self.reason, Reason::PutBack { .. } | Reason::Required { .. })
    }
}
