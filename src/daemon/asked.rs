//! A run that somebody asked for and watches: what it does as totals, what it plans as a bounded number of ops, and the question whether it may go on.

use std::any::Any;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use crate::run::plan::{PlanSink, PlannedOp};
use crate::run::progress::{Progress, Step};
use crate::run::{Approve, Back, Ended, Request, RunError};
use crate::store::StoreError;

/// Ops that are shown to somebody who asked for a run. A person reads fewer; the whole plan is what `plan --out` is for.
pub const OPS_SHOWN_MAX: usize = 1_000;
/// Room beside the ops for the questions of one run.
const TOLD_MAX: usize = OPS_SHOWN_MAX + 16;

/// What a run came to, for whoever asked.
pub type Outcome = Result<Ended, Arc<Failure>>;

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the run met a bug in Syncline: {what}; please report it with the log of this run")]
    Bug { what: String },
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Failure {
    pub(super) fn store(error: StoreError) -> Arc<Self> {
        Arc::new(Self::Run(RunError::Store(error)))
    }

    pub(super) fn bug(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self::Bug { what: text.unwrap_or("a panic without a message").to_owned() }
    }

    /// The whole story on one line: each error says its own part only.
    pub fn chain(&self) -> String {
        let mut told = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(source) = next {
            told.push_str(": ");
            told.push_str(&source.to_string());
            next = source.source();
        }
        told
    }
}

/// How far a run is, in totals, so that a slow watcher misses nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Records read, per system.
    pub read: Vec<u64>,
    pub looked: u64,
    /// Ops of the whole plan, once it is known.
    pub planned: Option<u64>,
    /// Ops sent, per system.
    pub applied: Vec<u64>,
    /// Ops beyond [`OPS_SHOWN_MAX`].
    pub ops_left_out: u64,
    /// Questions the run would open.
    pub questions: u64,
}

/// What is said to whoever asked for a run.
#[derive(Debug)]
pub enum Told {
    Op(Box<PlannedOp>),
    /// It is held; without an answer it stays so.
    Held {
        why: Vec<String>,
        agree: oneshot::Sender<bool>,
    },
}

/// The asker's ends of a run that was asked for.
#[derive(Debug)]
pub struct Watched {
    pub shown: watch::Receiver<Shown>,
    pub told: mpsc::Receiver<Told>,
    pub outcome: oneshot::Receiver<Outcome>,
}

/// A run that was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub request: Request,
    /// Runs to be taken back instead.
    pub back: Option<Back>,
    pub watcher: Watcher,
    pub outcome: oneshot::Sender<Outcome>,
}

/// The run's ends.
#[derive(Debug)]
pub(super) struct Watcher {
    pub shown: watch::Sender<Shown>,
    told: mpsc::Sender<Told>,
}

impl Asked {
    pub fn new(request: Request, back: Option<Back>, systems: usize) -> (Self, Watched) {
        let start = Shown { read: vec![0; systems], applied: vec![0; systems], ..Shown::default() };
        let (shown, seen) = watch::channel(start);
        let (told, heard) = mpsc::channel(TOLD_MAX);
        let (outcome, comes) = oneshot::channel();
        (Self { request, back, watcher: Watcher { shown, told }, outcome }, Watched { shown: seen, told: heard, outcome: comes })
    }
}

impl Watcher {
    pub fn plan(&self) -> ShownPlan<'_> {
        ShownPlan { watcher: self, told: 0 }
    }

    pub fn approve(&self) -> AskWatcher {
        AskWatcher(self.told.clone())
    }
}

impl Progress for Watcher {
    fn step(&self, step: Step) {
        self.shown.send_modify(|shown| match step {
            Step::Read { system, records } => shown.read[system.0 as usize] += records as u64,
            Step::Looked { entities } => shown.looked += entities as u64,
            Step::Planned { ops } => shown.planned = Some(ops),
            Step::Applied { system, ops } => shown.applied[system.0 as usize] += ops as u64,
            Step::Settled { .. } => {}
        });
    }
}

/// Shows the first ops and counts the rest.
pub(super) struct ShownPlan<'a> {
    watcher: &'a Watcher,
    told: usize,
}

impl PlanSink for ShownPlan<'_> {
    fn op(&mut self, op: PlannedOp) -> io::Result<()> {
        if self.told < OPS_SHOWN_MAX && self.watcher.told.try_send(Told::Op(Box::new(op))).is_ok() {
            self.told += 1;
        } else {
            self.watcher.shown.send_modify(|shown| shown.ops_left_out += 1);
        }
        Ok(())
    }

    fn questions(&mut self, count: usize) {
        self.watcher.shown.send_modify(|shown| shown.questions += count as u64);
    }
}

/// Asks whoever watches; somebody who went away does not agree.
pub(super) struct AskWatcher(mpsc::Sender<Told>);

#[async_trait::async_trait]
impl Approve for AskWatcher {
    async fn agree(&mut self, why: &[String]) -> bool {
        let (agree, answer) = oneshot::channel();
        if self.0.send(Told::Held { why: why.to_vec(), agree }).await.is_err() {
            return false;
        }
        answer.await.unwrap_or(false)
    }
}
