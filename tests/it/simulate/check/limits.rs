//! I12: what a run commits is counted beside the engine's own guard. Nothing is over `limits` unless a person agreed.

use std::collections::{BTreeMap, BTreeSet};

use syncline::id::RunId;
use syncline::mapping::{Adopt, FieldIx, Limit, SystemIx};
use syncline::sync::op::{Entry, OpKind};

use super::super::world::World;

/// Writes that always pass, as the documentation promises.
const ALWAYS_PASS: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Creates,
    Updates,
    Deletes,
    Blanks(FieldIx),
}

/// The runs under way.
#[derive(Default)]
pub struct Counted {
    /// Mappings about whose run a person was asked and agreed.
    pub agreed: BTreeSet<usize>,
    counts: BTreeMap<(usize, RunId, SystemIx, What), u64>,
}

fn whats(entry: &Entry) -> Vec<What> {
    let lost = |write: &&syncline::sync::op::FieldWrite| write.want.is_blank() && write.pre.as_ref().is_some_and(|pre| !pre.is_blank());
    match entry.op.kind {
        OpKind::Create => vec![What::Creates],
        OpKind::Restore => vec![What::Updates],
        OpKind::Update => std::iter::once(What::Updates).chain(entry.op.fields.iter().filter(lost).map(|write| What::Blanks(write.field))).collect(),
        OpKind::Archive(_) | OpKind::Delete(_) => vec![What::Deletes],
    }
}

impl World {
    /// Counts what a look is about to commit.
    pub fn check_limits(&mut self, place: usize, run: RunId, entries: &[Entry]) {
        let mapping = self.mappings[place].clone();
        let first = !self.adopted.contains(&place);
        for entry in entries {
            let system = entry.op.system;
            for what in whats(entry) {
                let count = self.run.counted.counts.entry((place, run, system, what)).or_default();
                *count += 1;
                let count = *count;
                let limit = match what {
                    What::Creates | What::Updates if first => continue,
                    What::Creates => mapping.limits.creates,
                    What::Updates => mapping.limits.updates,
                    What::Deletes => mapping.limits.deletes,
                    What::Blanks(_) => mapping.limits.blanks,
                };
                let live = self.ledger.past.iter().filter(|((of, _), past)| *of == place && past.links.get(&system).is_some_and(|(.., there)| *there)).count();
                let allowed = match limit {
                    Limit::Share(share) => ((live as f64 * share).floor() as u64).max(ALWAYS_PASS),
                    Limit::Number(number) => number,
                };
                let unseen = first && mapping.adopt == Adopt::Ask;
                if (count > allowed || unseen) && !self.run.counted.agreed.contains(&place) {
                    let name = mapping.system(system).name.clone();
                    self.broken(format!("I12: {count} {what:?} in {name}, where {allowed} pass and nobody agreed"));
                }
            }
        }
    }
}
