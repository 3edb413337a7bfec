//! Ops and what the journal keeps of them.

use jiff::Timestamp;

use super::entity::{Cause, FieldIx, SystemIx};
use super::reason::Reason;
use crate::id::{EntityId, EntryId, RecordKey, RunId};
use crate::value::{Path, Str, Value};

/// One write of one record, planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    pub entity: EntityId,
    pub system: SystemIx,
    pub kind: OpKind,
    /// The record written; `None` for a create.
    pub key: Option<RecordKey>,
    /// The version of the read that the plan rests on.
    pub version: Option<Str>,
    pub fields: Vec<FieldWrite>,
    /// Fields left out because the record they refer to is not there yet.
    pub deferred: Vec<FieldIx>,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpKind {
    Create,
    Update,
    Archive(Cause),
    Delete(Cause),
    /// A record that we archived is made live again.
    Restore,
}

impl OpKind {
    /// Its word in plans, journals, logs and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            OpKind::Create => "create",
            OpKind::Update => "update",
            OpKind::Archive(_) => "archive",
            OpKind::Delete(_) => "delete",
            OpKind::Restore => "restore",
        }
    }
}

/// One field of an op.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldWrite {
    pub field: FieldIx,
    /// What the system showed when this was planned; `None` for a create or a field never read.
    pub pre: Option<Value>,
    /// form(system, agreed value): what the system should show afterwards.
    pub want: Value,
    /// The agreed value it stands for.
    pub stands_for: Value,
    pub reason: Reason,
}

/// A journal entry: an intent to write, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: EntryId,
    pub run: RunId,
    pub op: Op,
    /// How a create is found again when in doubt (correctness, section 6).
    pub class: EntryClass,
    pub state: EntryState,
    pub attempt: u32,
    pub first_sent_at: Option<Timestamp>,
    /// Until then the request may still be under way at the vendor.
    pub deadline: Option<Timestamp>,
}

/// What makes this entry safe to settle, fixed when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryClass {
    Token {
        until_secs: i64,
    },
    Upsert {
        path: Path,
        value: Value,
    },
    Marker {
        path: Path,
        value: Value,
    },
    Find {
        path: Path,
        value: Value,
    },
    None,
    /// U1: the vendor checks the version.
    Guarded,
    /// U2, U3: looked at just before.
    LookedAt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryState {
    Ready,
    Sent,
    InDoubt,
    /// Planned anew, but the old request may still land until its time.
    Ghost,
    Done,
    Superseded,
    Refused,
    Review,
}

impl EntryState {
    /// Still says something about what the system may show.
    pub fn is_open(self) -> bool {
        matches!(self, EntryState::Ready | EntryState::Sent | EntryState::InDoubt | EntryState::Ghost | EntryState::Review)
    }
}
