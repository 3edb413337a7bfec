//! What stands between a plan and its writes: limits, and feeds that suddenly are empty.

use super::entity::{FieldIx, SystemIx};
use super::scene::Look;
use super::terms::Terms;
use crate::mapping::{Adopt, Limit, Limits};
use crate::plant::{planted, sometimes};

/// Writes that always pass, however few links there are.
const ALWAYS_PASS: u64 = 10;
/// A listing that lost more than this share since the last one is a fault until a person says otherwise.
const SHRUNK_PERCENT: u64 = 20;

/// The sum of all looks of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    pub systems: Vec<SystemCounts>,
    /// Per field, the most values that one system loses to a blank: one list per system.
    pub blanks: Vec<Vec<u64>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SystemCounts {
    pub creates: u64,
    pub updates: u64,
    pub archives: u64,
    pub deletes: u64,
}

/// What a full read found, beside what the last one found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    pub system: SystemIx,
    pub before: u64,
    pub now: u64,
    /// It ended before its end.
    pub cut_short: bool,
}

/// Whether a plan may be carried out.
#[derive(Clone, Debug, PartialEq)]
pub enum Guard {
    Pass,
    Hold(Vec<HoldReason>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum HoldReason {
    /// The first run, and nobody has seen its plan.
    FirstRun,
    Over {
        system: SystemIx,
        what: Limited,
        count: u64,
        allowed: u64,
    },
    /// Deletes while a listing shrank too much or ended early.
    Listing {
        listing: Listing,
        deletes: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    Creates,
    Updates,
    Deletes,
    Blanks(FieldIx),
}

/// What the guard is told beside the counts.
#[derive(Clone, Copy, Debug)]
pub struct Stand<'a> {
    pub limits: &'a Limits,
    /// Live links per system before the run.
    pub totals: &'a [u64],
    /// No run of the mapping was ever committed.
    pub first: bool,
    pub adopt: Adopt,
    pub listings: &'a [Listing],
}

impl RunCounts {
    pub fn new(systems: usize, fields: usize) -> Self {
        Self { systems: vec![SystemCounts::default(); systems], blanks: vec![vec![0; fields]; systems] }
    }

    pub fn add(&mut self, look: &Look) {
        let counts = &look.counts;
        if planted!("limits-per-record") {
            *self = Self::new(self.systems.len(), self.blanks.first().map_or(0, Vec::len));
        }
        counts.creates.iter().for_each(|at| self.systems[at.0 as usize].creates += 1);
        counts.updates.iter().for_each(|at| self.systems[at.0 as usize].updates += 1);
        counts.archives.iter().for_each(|at| self.systems[at.0 as usize].archives += 1);
        counts.deletes.iter().for_each(|at| self.systems[at.0 as usize].deletes += 1);
        counts.blanks.iter().for_each(|(at, field)| self.blanks[at.0 as usize][field.0 as usize] += 1);
    }

    /// What the counts come to if the rest of a run is like what was looked at.
    pub fn scaled(&self, by: f64) -> Self {
        let grown = |count: u64| (count as f64 * by).ceil() as u64;
        let system = |counts: &SystemCounts| SystemCounts {
            creates: grown(counts.creates),
            updates: grown(counts.updates),
            archives: grown(counts.archives),
            deletes: grown(counts.deletes),
        };
        let blanks = self.blanks.iter().map(|fields| fields.iter().copied().map(grown).collect()).collect();
        Self { systems: self.systems.iter().map(system).collect(), blanks }
    }

    /// Nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.systems.iter().all(|system| *system == SystemCounts::default())
    }
}

/// Passes or holds a whole run. A person who agrees to the plan overrides all of it.
pub fn guard(counts: &RunCounts, stand: &Stand) -> Guard {
    let mut reasons = Vec::new();
    if stand.first && stand.adopt == Adopt::Ask && !counts.is_empty() {
        sometimes!("a first run is held");
        reasons.push(HoldReason::FirstRun);
    }
    for (at, system) in counts.systems.iter().enumerate() {
        let total = stand.totals.get(at).copied().unwrap_or(0);
        let system_ix = SystemIx(at as u16);
        let mut over = |what, limit, count| {
            let allowed = allowed(limit, total);
            if count > allowed {
                match what {
                    Limited::Creates => sometimes!("creates are over their limit"),
                    Limited::Updates => sometimes!("updates are over their limit"),
                    Limited::Deletes => sometimes!("deletes are over their limit"),
                    Limited::Blanks(_) => sometimes!("blanks are over their limit"),
                }
                reasons.push(HoldReason::Over { system: system_ix, what, count, allowed });
            }
        };
        if !stand.first {
            over(Limited::Creates, stand.limits.creates, system.creates);
            over(Limited::Updates, stand.limits.updates, system.updates);
        }
        let deletes = system.deletes + system.archives;
        over(Limited::Deletes, stand.limits.deletes, deletes);
        for (field, count) in counts.blanks[at].iter().enumerate() {
            over(Limited::Blanks(FieldIx(field as u16)), stand.limits.blanks, *count);
        }
    }
    let deletes: u64 = counts.systems.iter().map(|system| system.deletes + system.archives).sum();
    if deletes > 0 {
        let broken = stand.listings.iter().filter(|listing| listing.is_broken());
        reasons.extend(broken.inspect(|_| sometimes!("deletes meet a listing that shrank")).map(|listing| HoldReason::Listing { listing: *listing, deletes }));
    }
    if reasons.is_empty() { Guard::Pass } else { Guard::Hold(reasons) }
}

impl Listing {
    fn is_broken(&self) -> bool {
        self.cut_short || (self.before > 0 && self.now * 100 < self.before * (100 - SHRUNK_PERCENT))
    }
}

fn allowed(limit: Limit, total: u64) -> u64 {
    match limit {
        Limit::Share(share) => ((total as f64 * share).floor() as u64).max(ALWAYS_PASS),
        Limit::Number(number) => number,
    }
}

impl HoldReason {
    pub fn sentence(&self, terms: &dyn Terms) -> String {
        match self {
            HoldReason::FirstRun => "this is the first run of the mapping and its plan was not approved yet".to_owned(),
            HoldReason::Over { system, what, count, allowed } => {
                let name = terms.system_name(*system);
                let what = match what {
                    Limited::Creates => "creates".to_owned(),
                    Limited::Updates => "updates".to_owned(),
                    Limited::Deletes => "deletes and archives".to_owned(),
                    Limited::Blanks(field) => format!("values of `{}` replaced by a blank", terms.field_name(*field)),
                };
                format!("{count} {what} in {name}, where `limits` lets {allowed} pass")
            }
            HoldReason::Listing { listing, deletes } => {
                let name = terms.system_name(listing.system);
                let how = if listing.cut_short { "ended before its end" } else { "shrank by more than 20 %" };
                format!("{deletes} deletes while the listing of {name} {how}: {} records before, {} now", listing.before, listing.now)
            }
        }
    }
}
