//! Runs as they are kept: why they started, how they ended.

use jiff::Timestamp;

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
#[derive(Clone, Debug, Default, PartialEq)]
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
}

/// How far a run got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
