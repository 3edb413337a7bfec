//! Computed fields that hang on themselves by way of another mapping.

use crate::diag::Diagnostic;
use crate::mapping::{EntitySlot, FieldIx, Mapping};

/// A field of one of the mappings.
type At = (usize, FieldIx);

/// Each ring once. One inside a single mapping, without a reference, was told when that was compiled.
pub(super) fn told(mappings: &[Mapping]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut done: Vec<At> = Vec::new();
    for (at, mapping) in mappings.iter().enumerate() {
        for field in &mapping.formulas {
            visit(mappings, (at, *field), &mut Vec::new(), &mut done, &mut found);
        }
    }
    found
}

fn visit(mappings: &[Mapping], here: At, way: &mut Vec<At>, done: &mut Vec<At>, found: &mut Vec<Diagnostic>) {
    if let Some(begin) = way.iter().position(|step| *step == here) {
        found.push(ring(mappings, &way[begin..], here));
        return;
    }
    if done.contains(&here) {
        return;
    }
    way.push(here);
    for next in reads(mappings, here) {
        visit(mappings, next, way, done, found);
    }
    way.pop();
    done.push(here);
}

/// The computed fields that a computed field draws on, through references too.
fn reads(mappings: &[Mapping], (at, field): At) -> Vec<At> {
    let mapping = &mappings[at];
    let Some(formula) = &mapping.field(field).formula else { return Vec::new() };
    let read = |slot: &EntitySlot| match slot {
        EntitySlot::Field(field) => Some((at, *field)),
        EntitySlot::Through(reference, name) => {
            let target = mapping.field(*reference).refers_to()?;
            let other = mappings.iter().position(|mapping| mapping.name == *target)?;
            Some((other, mappings[other].fields_ix().find(|field| mappings[other].field(*field).name.as_str() == name.as_str())?))
        }
        EntitySlot::Deleted(_) | EntitySlot::Outside(_) | EntitySlot::Today | EntitySlot::Constant(_) => None,
    };
    formula.slots(&mapping.slots).into_iter().filter_map(read).collect()
}

fn ring(mappings: &[Mapping], steps: &[At], first: At) -> Diagnostic {
    let name = |(at, field): &At| format!("{}.{}", mappings[*at].name, mappings[*at].field(*field).name);
    let names: Vec<String> = steps.iter().chain([&first]).map(name).collect();
    let mut problem = Diagnostic::error("hangs_on_itself", format!("A field hangs on itself: {}", names.join(" → ")));
    for (number, (at, field)) in steps.iter().enumerate() {
        if let Some(span) = mappings[*at].field(*field).place.span {
            problem = if number == 0 { problem.at(span) } else { problem.and_at(span, "through this one") };
        }
    }
    problem.help("break one step: map a value from a system, or write it out")
}
