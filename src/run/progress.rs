//! What a run is doing, as values: the terminal, the log and the metrics show the same steps.

use crate::mapping::SystemIx;

/// One thing that happened in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Read {
        system: SystemIx,
        records: usize,
    },
    Looked {
        entities: usize,
    },
    /// The whole plan is known; what follows is applying it.
    Planned {
        ops: u64,
    },
    Applied {
        system: SystemIx,
        ops: usize,
    },
    /// One op came to its end; both words are from closed sets.
    Settled {
        system: SystemIx,
        kind: &'static str,
        outcome: &'static str,
    },
}

/// Told every step, often; must not block.
pub trait Progress: Send + Sync {
    fn step(&self, step: Step);
}

/// Nobody watches.
pub struct Unwatched;

impl Progress for Unwatched {
    fn step(&self, _: Step) {}
}
