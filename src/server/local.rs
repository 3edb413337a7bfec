//! The socket beside the store: commands that act are handed to the running daemon, one JSON object a line both ways.

mod client;
mod lines;
mod socket;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use client::{Call, CallError, call};
pub use socket::LocalSocket;

use crate::daemon::asked::Shown;
use crate::daemon::bring_back::Taking;
use crate::daemon::resolve::Said;
use crate::id::{RunId, SystemName};
use crate::run::Ended;
use crate::run::plan::PlannedOp;
use crate::store::RunEnd;
use crate::sync::RunCounts;

/// What a command asks of the daemon: the first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Run a mapping once; `plan` holds the ids of approved ops, and then no others are applied.
    Run {
        mapping: String,
        sweep: bool,
        plan: Option<Vec<String>>,
    },
    /// Take back what these runs of a mapping wrote; `plan` as for a run.
    Undo {
        mapping: String,
        runs: Vec<i64>,
        plan: Option<Vec<String>>,
    },
    /// Look at these records, which an audit could not explain.
    Repair {
        mapping: String,
        records: Vec<Doubted>,
    },
    /// A person looked at a store that was restored: go on.
    Accept,
    Resolve {
        review: i64,
        answer: Said,
    },
    /// A value that lost a conflict is to be the field's after all.
    BringBack {
        conflict: i64,
        taking: Taking,
    },
    /// Dead letters to be planned anew.
    Retry {
        dead_letters: Vec<i64>,
    },
    Status,
}

/// A record that an audit could not explain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubted {
    pub system: String,
    pub key: String,
    /// It is linked, and was not shown.
    pub gone: bool,
}

/// What the daemon answers, line by line; `Done`, `Resolved`, `Retried`, `Accepted`, `Touched`, `Status` and `Failed` are the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Step(Shown),
    Op(Box<PlannedOp>),
    /// The run waits for `{"agree": true}` or `{"agree": false}`.
    Held {
        why: Vec<String>,
    },
    Done(Done),
    Resolved {
        mapping: String,
    },
    Accepted,
    /// So many records are looked at.
    Touched(u64),
    Retried {
        dead_letters: Vec<i64>,
        mappings: Vec<String>,
        not_open: Vec<i64>,
    },
    Status(serde_json::Value),
    Failed {
        why: String,
    },
}

/// The answer to [`Reply::Held`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub agree: bool,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub run: Option<i64>,
    #[serde(flatten)]
    pub end: RunEnd,
    pub held: Vec<String>,
    /// It is held because the store was restored.
    pub restored: bool,
    pub moved: Vec<String>,
    /// Systems that could not be read, and why.
    pub down: Vec<(String, String)>,
    /// What was left alone, in sentences.
    pub remarks: Vec<String>,
}

impl From<&Ended> for Done {
    fn from(ended: &Ended) -> Self {
        Self {
            run: ended.run.map(|run| run.0),
            end: ended.end.clone(),
            held: ended.held.clone(),
            restored: ended.restored,
            moved: ended.moved.clone(),
            remarks: ended.remarks.clone(),
            down: ended.down.iter().map(|(system, why)| (system.to_string(), why.clone())).collect(),
        }
    }
}

impl Done {
    /// As a run's own form, so that a run here and a run there are told alike.
    pub fn into_ended(self, started_at: Timestamp) -> Ended {
        let down = self.down.iter().map(|(system, why)| (SystemName::new(system), why.clone())).collect();
        Ended {
            run: self.run.map(RunId),
            started_at,
            unbegun: None,
            end: self.end,
            counts: RunCounts::default(),
            held: self.held,
            restored: self.restored,
            moved: self.moved,
            idle: Vec::new(),
            spread: false,
            down,
            remarks: self.remarks,
        }
    }
}

/// Where the socket of a store lies.
pub fn socket_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".sock");
    PathBuf::from(name)
}
