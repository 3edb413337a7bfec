//! How every mapping and connection stands now: lanes write it, `/readyz`, `/metrics` and `status` read it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;

use crate::id::{ConnectionName, MappingName, SystemName};
use crate::mapping::Mapping;
use crate::run::breaker::Pause;
use crate::run::{Ended, Ground};
use crate::store::{RunState, StoreError};

/// A snapshot of a daemon.
#[derive(Clone, Debug)]
pub struct DaemonState {
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// In the order in which they run.
    pub mappings: Vec<MappingState>,
    pub connections: BTreeMap<ConnectionName, ConnectionState>,
    /// Objects that take no writes now.
    pub pauses: Vec<Pause>,
    /// Why the store cannot be used any more; the daemon is ending.
    pub store_failed: Option<String>,
    pub stopping: bool,
}

/// How one mapping stands.
#[derive(Clone, Debug)]
pub struct MappingState {
    pub name: MappingName,
    pub running: bool,
    pub last_run: Option<LastRun>,
    pub last_success_at: Option<Timestamp>,
    pub next_wake_at: Option<Timestamp>,
    pub failing: Option<Failing>,
    /// Why its last run waits for a person; empty if it does not.
    pub held: Vec<String>,
    /// Per system, when its feed was last read to its end.
    pub polled_at: Vec<(SystemName, Option<Timestamp>)>,
}

#[derive(Clone, Copy, Debug)]
pub struct LastRun {
    pub ended_at: Timestamp,
    pub state: RunState,
}

/// Runs of a mapping that fail one after another.
#[derive(Clone, Debug)]
pub struct Failing {
    pub since: Timestamp,
    pub attempts: u32,
    pub why: String,
}

/// Whether a connection answers.
#[derive(Clone, Debug, Default)]
pub struct ConnectionState {
    /// Since when it does not, and why.
    pub down: Option<(Timestamp, String)>,
    pub last_answer_at: Option<Timestamp>,
}

/// The state that lanes share.
#[derive(Debug)]
pub struct Board(Mutex<DaemonState>);

impl Board {
    /// The state at a start: what the store tells of earlier runs counts, so that a restart does not make a mapping unready.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(ground: &Ground) -> Result<Self, StoreError> {
        let now = ground.clock.now();
        let mut mappings = Vec::with_capacity(ground.mappings.len());
        for laid in &ground.mappings {
            let last = ground.store.runs(Some(laid.id), 1).await?.pop();
            let ended = last.as_ref().and_then(|run| run.ended_at.map(|at| (at, run.end.state)));
            let done = ended.filter(|(_, state)| *state == RunState::Done).map(|(at, _)| at);
            mappings.push(MappingState {
                name: laid.mapping.name.clone(),
                running: false,
                last_run: ended.map(|(ended_at, state)| LastRun { ended_at, state }),
                last_success_at: done,
                next_wake_at: None,
                failing: None,
                held: Vec::new(),
                polled_at: laid.mapping.systems.iter().map(|system| (system.name.clone(), done)).collect(),
            });
        }
        let connections = ground.systems.keys().map(|name| (name.clone(), ConnectionState::default())).collect();
        Ok(Self(Mutex::new(DaemonState { started_at: now, now, mappings, connections, pauses: Vec::new(), store_failed: None, stopping: false })))
    }

    fn state(&self) -> MutexGuard<'_, DaemonState> {
        self.0.lock().expect("no holder of this lock can panic")
    }

    /// How things stand; `pauses` are the ground's, which knows what its runs met.
    pub fn snapshot(&self, now: Timestamp, pauses: Vec<Pause>) -> DaemonState {
        DaemonState { now, pauses, ..self.state().clone() }
    }

    pub fn stopping(&self) {
        self.state().stopping = true;
    }

    pub fn store_failed(&self, why: String) {
        self.state().store_failed.get_or_insert(why);
    }

    pub fn next_wake(&self, at: usize, next: Option<Timestamp>) {
        self.state().mappings[at].next_wake_at = next;
    }

    pub fn running(&self, at: usize) {
        self.state().mappings[at].running = true;
    }

    /// A run came to its end. `polled`: it read the feeds.
    pub fn ended(&self, at: usize, mapping: &Mapping, ended: &Ended, polled: bool, now: Timestamp) {
        let mut state = self.state();
        let of = &mut state.mappings[at];
        of.running = false;
        of.failing = None;
        of.last_run = Some(LastRun { ended_at: now, state: ended.end.state });
        of.held.clone_from(&ended.held);
        if ended.end.state != RunState::Held {
            of.held.clear();
        }
        if ended.end.state == RunState::Done {
            of.last_success_at = Some(now);
        }
        let whole = polled && matches!(ended.end.state, RunState::Done | RunState::Held);
        for (place, system) in mapping.systems.iter().enumerate() {
            let down = ended.down.iter().find(|(name, _)| *name == system.name);
            if down.is_none() && whole {
                state.mappings[at].polled_at[place].1 = Some(now);
            }
            let connection = state.connections.entry(system.connection.clone()).or_default();
            match down {
                Some((_, why)) => {
                    let since = connection.down.as_ref().map_or(now, |(since, _)| *since);
                    connection.down = Some((since, why.clone()));
                }
                None if whole => *connection = ConnectionState { down: None, last_answer_at: Some(now) },
                None => {}
            }
        }
    }

    /// A run could not go on. Returns how many in a row could not.
    pub fn failed(&self, at: usize, why: String, now: Timestamp) -> u32 {
        let mut state = self.state();
        let of = &mut state.mappings[at];
        of.running = false;
        of.last_run = Some(LastRun { ended_at: now, state: RunState::Failed });
        let (since, attempts) = of.failing.as_ref().map_or((now, 1), |failing| (failing.since, failing.attempts.saturating_add(1)));
        of.failing = Some(Failing { since, attempts, why });
        attempts
    }
}
