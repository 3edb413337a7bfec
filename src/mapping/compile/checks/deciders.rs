//! Who decides a field, and whether what they show can be read, written and read back.

use super::{Parts, may_decide};
use crate::diag::Diagnostic;
use crate::mapping::compile::draft::Draft;
use crate::mapping::field::CellProgram;
use crate::mapping::{SystemIx, Wins};
use crate::value::Kind;
use crate::value::record::Form;

pub(super) fn check(draft: &mut Draft<'_>, parts: &Parts<'_>) {
    for field in 0..draft.fields.len() {
        if draft.spec.lost.touches(&["fields", draft.fields[field].name]) || draft.spec.lost.has(&["wins"]) {
            continue;
        }
        never_read(draft, parts, field);
        for system in 0..draft.systems.len() {
            never_decides(draft, parts, field, system);
            lossy(draft, parts, field, system);
        }
    }
}

/// A field whose deciders are only ever written.
fn never_read(draft: &mut Draft<'_>, parts: &Parts<'_>, field: usize) {
    let named = match &parts.policies[field].0 {
        Wins::Owner(owner) => std::slice::from_ref(owner),
        Wins::Ranks(systems) | Wins::Latest(Some(systems)) => systems,
        Wins::Latest(None) | Wins::Highest | Wins::Lowest | Wins::First | Wins::Ask => return,
    };
    if named.iter().any(|system| parts.cell(field, system.0 as usize).is_some_and(CellProgram::reads)) {
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
    if cell.writes_new() || may_decide(&parts.policies[field].0, SystemIx(system as u16)) {
        return;
    }
    let (of, name) = (&draft.fields[field], draft.systems[system].name);
    let at = of.spec.cells.entry(name).map_or(of.at, |(key, _)| key.span());
    let problem =
        Diagnostic::warning("never_decides", format!("The {name} cell of `{}` does nothing: it is read only, and `wins` does not let {name} decide", of.name))
            .at(at);
    draft.found.push(problem.help(format!("name {name} in `wins`, or drop the cell")));
}

/// A cell that gives back less than it was given, in a system that may decide: its own echo would be shorter.
fn lossy(draft: &mut Draft<'_>, parts: &Parts<'_>, field: usize, system: usize) {
    let Some(cell) = parts.cell(field, system) else { return };
    let (of, name) = (&draft.fields[field], draft.systems[system].name);
    if !cell.writes_new() || !cell.reads() || !may_decide(&parts.policies[field].0, SystemIx(system as u16)) {
        return;
    }
    let example = match (cell, &of.kind) {
        (CellProgram::Path { form, .. }, Kind::Name) if *form != Form::Document => "last \"van der Berg\" comes back as \"Berg\"",
        (CellProgram::Parts(parts), Kind::Name) if parts.len() == 1 => "the other half of the name comes back blank",
        (CellProgram::Parts(parts), Kind::Address) if parts.len() < 5 => "the parts without a path come back blank",
        (CellProgram::Path { form: Form::Date, .. }, Kind::Instant) => "09:30 comes back as midnight",
        _ => return,
    };
    let at = of.spec.cells.entry(name).map_or(of.at, |(key, _)| key.span());
    let problem = Diagnostic::warning("lossy_cell", format!("Writing to {name} and reading back changes `{}`: {example}", of.name)).at(at);
    draft.found.push(problem.help(format!("leave {name} out of `wins`")));
}
