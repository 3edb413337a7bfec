//! What a look-alike does wrong on purpose. Chance comes from the sandbox's seed, so a run can be repeated.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::turn;

/// The kinds, by the names the control surface uses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The write happens, then the answer is lost.
    AnswerLost,
    DropWebhooks,
    DuplicateWebhooks,
    EmptyListing,
    EndlessPages,
    ExpiredTokens,
    HtmlInsteadOfJson,
    /// Records of lists come without what names them.
    KeylessRecords,
    /// Half on the way there, half on the way back.
    LatencyMs,
    RateLimited,
    ReorderWebhooks,
    ServerError,
    StaleReadsMs,
}

/// When a fault strikes and what it does then.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// Chance per request (or per delivery), 0 to 1.
    pub probability: f64,
    /// Strikes this many times for sure, before chance is asked.
    pub next: u32,
    /// How long, for `latency_ms` and `stale_reads_ms`.
    pub ms: u64,
    /// For `server_error` (500 when 0) and for `answer_lost` (the connection is cut when 0, else for example 504).
    pub status: u16,
    /// `server_error` answers an HTML page.
    pub html: bool,
    /// Only requests whose path holds this text.
    pub path: Option<String>,
    /// Only requests of this method.
    pub method: Option<String>,
}

/// A fault as the control surface takes it: written out, or for the two kinds of time just the milliseconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Ms(u64),
    Whole(Fault),
}

/// The faults that are switched on.
pub struct Faults {
    on: Mutex<BTreeMap<FaultKind, Fault>>,
    chance: Mutex<StdRng>,
}

impl Faults {
    pub fn new(seed: u64) -> Self {
        Self { on: Mutex::default(), chance: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    pub fn all(&self) -> BTreeMap<FaultKind, Fault> {
        self.on.lock().expect("no holder of this lock can panic").clone()
    }

    /// Replaces all faults; a kind that is not named is off.
    pub fn replace(&self, json: &[u8]) -> Result<(), serde_json::Error> {
        let written: BTreeMap<FaultKind, Written> = serde_json::from_slice(json)?;
        let faults = written.into_iter().map(|(kind, fault)| match fault {
            Written::Ms(ms) => (kind, Fault { probability: 1.0, ms, ..Fault::default() }),
            Written::Whole(fault) => (kind, fault),
        });
        *self.on.lock().expect("no holder of this lock can panic") = faults.collect();
        Ok(())
    }

    /// Whether the fault strikes here and now; uses up one of `next`.
    pub fn strikes(&self, kind: FaultKind) -> Option<Fault> {
        let mut on = self.on.lock().expect("no holder of this lock can panic");
        let fault = on.get_mut(&kind)?;
        if !turn::fits(fault.path.as_deref(), fault.method.as_deref()) {
            return None;
        }
        if fault.next > 0 {
            fault.next -= 1;
            return Some(fault.clone());
        }
        let mut chance = self.chance.lock().expect("no holder of this lock can panic");
        (fault.probability > 0.0 && chance.random::<f64>() < fault.probability).then(|| fault.clone())
    }
}
