//! Runs as they are kept: why they started, how they ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::MappingId;
use crate::id::{MappingName, RunId};

/// Why a run started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    Schedule,
    Delivery,
    Person,
    Start,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    pub state: RunState,
    pub read: u64,
    pub unchanged: u64,
    pub created: u64,
    pub updated: u64,
    pub archived: u64,
    pub deleted: u64,
    pub linked: u64,
    pub conflicts: u64,
    pub reviews: u64,
    pub dead_letters: u64,
    pub in_doubt: u64,
    pub waiting: u64,
    pub message: Option<String>,
    /// One for each system; none of a run that showed only a plan.
    pub ledger: Vec<Ledger>,
}

/// What became of the records of one system that a run read: each is in one class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub system: String,
    pub read: u64,
    /// Shows what was known, or was read a second time.
    pub unchanged: u64,
    pub written: u64,
    /// What it shows was taken in, and nothing was to be written to it.
    pub agreed: u64,
    /// Takes no part: outside `where`, beyond `only`, starts nothing.
    pub filtered: u64,
    /// Waits: for a person, for its system, for the next run.
    pub held: u64,
    pub dead_lettered: u64,
}

impl Ledger {
    /// The classes, each with its word.
    pub fn classes(&self) -> [(&'static str, u64); 6] {
        [
            ("unchanged", self.unchanged),
            ("written", self.written),
            ("agreed", self.agreed),
            ("filtered", self.filtered),
            ("held", self.held),
            ("dead_lettered", self.dead_lettered),
        ]
    }

    /// Records that are in no class; always 0 but for a bug.
    pub fn gap(&self) -> i64 {
        let classes: u64 = self.classes().iter().map(|(_, count)| count).sum();
        self.read.cast_signed() - classes.cast_signed()
    }

    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.unchanged += other.unchanged;
        self.written += other.written;
        self.agreed += other.agreed;
        self.filtered += other.filtered;
        self.held += other.held;
        self.dead_lettered += other.dead_lettered;
    }
}

/// How far a run got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    #[default]
    Running,
    Done,
    /// Waits for a person to agree to its plan.
    Held,
    Failed,
    /// Stopped by a signal; the rest waits as touched.
    Stopped,
}

impl RunState {
    /// The word for it, the same on the screen, in metrics and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Done => "done",
            RunState::Held => "held",
            RunState::Failed => "failed",
            RunState::Stopped => "stopped",
        }
    }
}

/// A run of a mapping under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub mapping: MappingId,
    pub wake: Wake,
    pub started_at: Timestamp,
}

/// A run as kept.
#[derive(Clone, Debug)]
pub struct RunRecord {
    pub id: RunId,
    pub mapping: MappingName,
    pub wake: Wake,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub end: RunEnd,
}
