//! What is wrong although every line by itself is right: walls, owners, paths and records that contradict each other.

mod between;
mod deciders;
mod systems;

use super::draft::Draft;
use super::fields::Decides;
use super::systems::Programs;
use crate::diag::Diagnostic;
use crate::mapping::field::CellProgram;
use crate::mapping::{EntitySlot, MatchRule};
use crate::spec::mapping::Policy;
use crate::value::Path;

pub use between::together;
pub(super) use deciders::lossy;

/// What was compiled, as the checks look at it.
pub(super) struct Parts<'a> {
    pub programs: &'a [Programs],
    /// By field, then by system.
    pub cells: &'a [Vec<Option<CellProgram>>],
    pub policies: &'a [Decides],
    pub slots: &'a [EntitySlot],
    pub matching: &'a [MatchRule],
}

impl Parts<'_> {
    fn cell(&self, field: usize, system: usize) -> Option<&CellProgram> {
        self.cells[field][system].as_ref()
    }

    /// The paths a field writes in a system, whether at birth or later.
    fn writes(&self, field: usize, system: usize) -> Vec<&Path> {
        match self.cell(field, system) {
            Some(cell) if !cell.writes_new() => Vec::new(),
            Some(CellProgram::Path { path, .. } | CellProgram::KeyedRef { path, .. }) => vec![path],
            Some(CellProgram::Parts(parts)) => parts.iter().map(|part| &part.path).collect(),
            Some(CellProgram::Computed { write, .. }) => write.iter().flatten().map(|written| &written.path).collect(),
            None => Vec::new(),
        }
    }
}

pub(super) fn all(draft: &mut Draft<'_>, parts: &Parts<'_>) {
    mapping_wins(draft);
    systems::check(draft, parts);
    deciders::check(draft, parts);
    one_path_twice(draft, parts);
    matching(draft, parts);
}

/// The mapping's own `wins` names systems of the mapping.
fn mapping_wins(draft: &mut Draft<'_>) {
    let Some(wins) = &draft.spec.wins else { return };
    let names = match wins.policy() {
        Policy::Latest(names) => names.iter().collect(),
        Policy::Rank(names) => names,
        Policy::Lines(lines) => lines.into_iter().map(|(name, _)| name).collect(),
        Policy::Highest | Policy::Lowest | Policy::First | Policy::Ask => return,
    };
    for name in names {
        draft.system_named(name, "`wins` names");
    }
}

fn one_path_twice(draft: &mut Draft<'_>, parts: &Parts<'_>) {
    for system in 0..draft.systems.len() {
        let mut writers: Vec<(&Path, usize)> = Vec::new();
        for field in 0..draft.fields.len() {
            for path in parts.writes(field, system) {
                match writers.iter().find(|(known, _)| *known == path) {
                    Some((_, other)) => {
                        let (field, other) = (&draft.fields[field], &draft.fields[*other]);
                        let what = format!("`{}` and `{}` both write {}.{path}", other.name, field.name, draft.systems[system].name);
                        draft.found.push(
                            Diagnostic::error("path_twice", what)
                                .at(field.at)
                                .and_at(other.at, "the other field")
                                .help("drop one of the cells, or make it read only: { read: … }"),
                        );
                    }
                    None => writers.push((path, field)),
                }
            }
        }
    }
}

/// A rule that at most one system can have a key for never finds anything.
fn matching(draft: &mut Draft<'_>, parts: &Parts<'_>) {
    for (at, rule) in parts.matching.iter().enumerate() {
        let readable = |system: &usize| rule.fields.iter().all(|field| parts.cell(field.0 as usize, *system).is_some_and(CellProgram::reads));
        let systems = (0..draft.systems.len()).filter(readable).count();
        let lost =
            draft.spec.lost.touches(&["systems"]) || rule.fields.iter().any(|field| draft.spec.lost.touches(&["fields", draft.fields[field.0 as usize].name]));
        if systems < 2 && draft.systems.len() > 1 && !lost {
            let names: Vec<&str> = rule.fields.iter().map(|field| draft.fields[field.0 as usize].name).collect();
            let what = format!(
                "Rule {} of `match`, [{}], never finds an entity: {} of its systems reads all its fields",
                at + 1,
                names.join(", "),
                if systems == 0 { "none" } else { "only one" }
            );
            let span = draft.fields[rule.fields[0].0 as usize].at;
            draft.found.push(Diagnostic::warning("match_useless", what).at(span).help("match by fields that two systems hold"));
        }
    }
}
