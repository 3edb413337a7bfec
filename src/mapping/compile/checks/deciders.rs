//! Who decides a field, and whether what they show can be read, written and read back.

use super::Parts;
use crate::diag::Diagnostic;
use crate::mapping::compile::draft::Draft;
use crate::mapping::field::CellProgram;
use crate::mapping::{Mapping, SystemIx};

pub(super) fn check(draft: &mut Draft<'_>, parts: &Parts<'_>) {
    for field in 0..draft.fields.len() {
        if draft.spec.lost.touches(&["fields", draft.fields[field].name]) || draft.spec.lost.has(&["wins"]) {
            continue;
        }
        never_read(draft, parts, field);
        for system in 0..draft.systems.len() {
            never_decides(draft, parts, field, system);
        }
    }
}

/// A field whose deciders are only ever written.
fn never_read(draft: &mut Draft<'_>, parts: &Parts<'_>, field: usize) {
    let named = parts.policies[field].wins.named();
    if named.is_empty() || named.iter().any(|system| parts.cell(field, system.0 as usize).is_some_and(CellProgram::reads)) {
        return;
    }
    let (of, owner) = (&draft.fields[field], draft.systems[named[0].0 as usize].name);
    // A cell with a problem of its own is missing here, and was reported.
    if named.iter().any(|system| parts.cell(field, system.0 as usize).is_none()) {
        return;
    }
    let problem = Diagnostic::error("owner_never_read", format!("{owner} decides `{}` and is never read: its cell has `write` alone", of.name)).at(of.at);
    draft.found.push(problem.help("give the cell `read` too, or let another system decide"));
}

/// A cell that is neither written nor listened to.
fn never_decides(draft: &mut Draft<'_>, parts: &Parts<'_>, field: usize, system: usize) {
    let Some(cell) = parts.cell(field, system) else { return };
    if cell.writes_new() || may_decide(parts, field, system) {
        return;
    }
    let (of, name) = (&draft.fields[field], draft.systems[system].name);
    let at = of.spec.cells.entry(name).map_or(of.at, |(key, _)| key.span());
    let (why, help) = match of.spec.formula {
        Some(_) => ("the field is computed".to_owned(), "drop the cell".to_owned()),
        None => (format!("`wins` does not let {name} decide"), format!("name {name} in `wins`, or drop the cell")),
    };
    let what = format!("The {name} cell of `{}` does nothing: it is read only, and {why}", of.name);
    draft.found.push(Diagnostic::warning("never_decides", what).at(at).help(help));
}

/// Cells that give back less than they were given, in systems that may decide: their own echo would be shorter. Each with a value that shows it.
pub(in crate::mapping::compile) fn lossy(draft: &Draft<'_>, mapping: &Mapping) -> Vec<Diagnostic> {
    let told = mapping.counterexamples().into_iter().map(|example| {
        let (of, name) = (&draft.fields[example.field.0 as usize], draft.systems[example.system.0 as usize].name);
        let at = of.spec.cells.entry(name).map_or(of.at, |(key, _)| key.span());
        let what = format!("Writing to {name} and reading back changes `{}`: {}", of.name, example.words());
        Diagnostic::warning("lossy_cell", what).at(at).help(format!("leave {name} out of `wins`"))
    });
    told.collect()
}

/// Whether an edit there ever decides the field; one of what is computed never does.
fn may_decide(parts: &Parts<'_>, field: usize, system: usize) -> bool {
    parts.policies[field].formula.is_none() && parts.policies[field].wins.may_decide(SystemIx(system as u16))
}
