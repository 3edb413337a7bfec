//! What happened since the start, as numbers: runs, ops, requests, deliveries. The server renders it for `/metrics`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;

use crate::connector::meter::Meter;
use crate::id::{ConnectionName, MappingName, SystemName};
use crate::mapping::Mapping;
use crate::report::agreement::{Class, MappingAgreement};
use crate::run::Ended;
use crate::run::progress::Step;
use crate::store::RunState;

/// Upper bounds of the request histogram, in seconds: from a neighbour on the same machine to a vendor's longest wait.
pub const REQUEST_SECONDS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Request times of one connection and outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// One per bound of [`REQUEST_SECONDS`], each without the ones below it.
    pub buckets: [u64; REQUEST_SECONDS.len()],
    pub count: u64,
    pub sum: f64,
}

/// Everything counted; labels come from closed sets and from names of the project, never from records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    pub runs: BTreeMap<(MappingName, &'static str), u64>,
    pub read: BTreeMap<(MappingName, SystemName), u64>,
    /// Ops that runs decided on, per system and kind.
    pub planned: BTreeMap<(MappingName, SystemName, &'static str), u64>,
    /// Ops that were sent, by kind and by what became of them.
    pub ops: BTreeMap<(MappingName, SystemName, &'static str, &'static str), u64>,
    pub conflicts: BTreeMap<MappingName, u64>,
    pub requests: BTreeMap<(ConnectionName, &'static str), Times>,
    pub budgets: BTreeMap<(ConnectionName, String), f64>,
    pub deliveries: BTreeMap<(ConnectionName, &'static str), u64>,
    pub audits: BTreeMap<(MappingName, &'static str), u64>,
    /// The last comparison of each mapping.
    pub audited: BTreeMap<MappingName, Audited>,
}

/// How far a mapping's systems agreed when they were last compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Audited {
    pub at: Timestamp,
    pub compared: u64,
    pub agree: u64,
    pub differences: BTreeMap<Class, u64>,
}

/// The counts of a process, shared by all who count.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

impl Tally {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().expect("no holder of this lock can panic")
    }

    pub fn snapshot(&self) -> Counts {
        self.counts().clone()
    }

    /// One delivery was answered; `outcome` is one of a closed set.
    pub fn delivery(&self, connection: &ConnectionName, outcome: &'static str) {
        *self.counts().deliveries.entry((connection.clone(), outcome)).or_default() += 1;
    }

    /// One step of a run.
    pub fn step(&self, mapping: &Mapping, step: Step) {
        match step {
            Step::Read { system, records } => {
                let system = mapping.system(system).name.clone();
                *self.counts().read.entry((mapping.name.clone(), system)).or_default() += records as u64;
            }
            Step::Settled { system, kind, outcome } => {
                let system = mapping.system(system).name.clone();
                *self.counts().ops.entry((mapping.name.clone(), system, kind, outcome)).or_default() += 1;
            }
            Step::Looked { .. } | Step::Planned { .. } | Step::Applied { .. } => {}
        }
    }

    /// A run that came to its end.
    pub fn ended(&self, mapping: &Mapping, ended: &Ended) {
        let mut counts = self.counts();
        *counts.runs.entry((mapping.name.clone(), ended.end.state.word())).or_default() += 1;
        *counts.conflicts.entry(mapping.name.clone()).or_default() += ended.end.conflicts;
        for (system, planned) in mapping.systems.iter().zip(&ended.counts.systems) {
            let kinds = [("create", planned.creates), ("update", planned.updates), ("archive", planned.archives), ("delete", planned.deletes)];
            for (kind, count) in kinds {
                *counts.planned.entry((mapping.name.clone(), system.name.clone(), kind)).or_default() += count;
            }
        }
    }

    /// A comparison of a mapping that came to its end.
    pub fn audited(&self, told: &MappingAgreement, at: Timestamp) {
        let (compared, agree) = told.compared();
        let mut counts = self.counts();
        *counts.audits.entry((told.mapping.clone(), "done")).or_default() += 1;
        counts.audited.insert(told.mapping.clone(), Audited { at, compared, agree, differences: told.classes() });
    }

    /// A comparison that could not be made.
    pub fn audit_failed(&self, mapping: &MappingName) {
        *self.counts().audits.entry((mapping.clone(), "failed")).or_default() += 1;
    }

    /// A run that could not go on.
    pub fn failed(&self, mapping: &Mapping) {
        *self.counts().runs.entry((mapping.name.clone(), RunState::Failed.word())).or_default() += 1;
    }
}

impl Meter for Tally {
    fn request(&self, connection: &ConnectionName, outcome: &'static str, seconds: f64) {
        let mut counts = self.counts();
        let times = counts.requests.entry((connection.clone(), outcome)).or_default();
        times.count += 1;
        times.sum += seconds;
        if let Some(at) = REQUEST_SECONDS.iter().position(|bound| seconds <= *bound) {
            times.buckets[at] += 1;
        }
    }

    fn budget(&self, connection: &ConnectionName, pool: &str, left: f64) {
        self.counts().budgets.insert((connection.clone(), pool.to_owned()), left);
    }
}
