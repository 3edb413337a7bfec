//! Computed fields that hang on themselves by way of another mapping.

use crate::diag::Diagnostic;
use crate::mapping::{EntitySlot, FieldIx, Mapping};

/// A field of one of the mappings.
type At = (usize, FieldIx);

/// A step to a field, and whether it goes through a reference.
#[derive(Clone, Copy)]
struct Step {
    to: At,
    through: bool,
}

/// Each ring once. One inside a single mapping, without a reference, was told when that was compiled.
pub(super) fn told(mappings: &[Mapping]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut done: Vec<At> = Vec::new();
    for (at, mapping) in mappings.iter().enumerate() {
        for field in &mapping.formulas {
            visit(mappings, Step { to: (at, *field), through: false }, &mut Vec::new(), &mut done, &mut found);
        }
    }
    found
}

fn visit(mappings: &[Mapping], step: Step, way: &mut Vec<Step>, done: &mut Vec<At>, found: &mut Vec<Diagnostic>) {
    if let Some(begin) = way.iter().position(|known| known.to == step.to) {
        let steps: Vec<At> = way[begin..].iter().map(|step| step.to).collect();
        if step.through || way[begin + 1..].iter().any(|step| step.through) {
            found.push(ring(mappings, &steps, step.to));
        }
        return;
    }
    if done.contains(&step.to) {
        return;
    }
    way.push(step);
    for next in reads(mappings, step.to) {
        visit(mappings, next, way, done, found);
    }
    way.pop();
    done.push(step.to);
}

/// The computed fields that a computed field draws on, through references too.
fn reads(mappings: &[Mapping], (at, field): At) -> Vec<Step> {
    let mapping = &mappings[at];
    let Some(formula) = &mapping.field(field).formula else { return Vec::new() };
    let read = |slot: &EntitySlot| match slot {
        EntitySlot::Field(field) => Some(Step { to: (at, *field), through: false }),
        EntitySlot::Through(reference, name) => {
            let target = mapping.field(*reference).refers_to()?;
            let other = mappings.iter().position(|mapping| mapping.name == *target)?;
            let field = mappings[other].fields_ix().find(|field| mappings[other].field(*field).name.as_str() == name.as_str())?;
            Some(Step { to: (other, field), through: true })
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
