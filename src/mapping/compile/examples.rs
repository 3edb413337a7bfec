//! `tests:` checked: every name in them is one of the mapping's.

use super::draft::Draft;
use super::place;
use crate::diag::Diagnostic;
use crate::mapping::Example;
use crate::spec::mapping::MappingSpec;
use crate::spec::slot::Name;

pub(super) fn check(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    for example in &spec.tests {
        let fields = example.given.iter().map(|(name, _)| name).chain(example.expect.agreed.iter().map(|(name, _)| name)).chain(&example.expect.review);
        for name in fields {
            field(draft, name, spec);
        }
        let systems = example.edit.iter().map(|(name, _)| name).chain(example.expect.records.iter().map(|(name, _)| name)).chain(&example.expect.absent);
        for name in systems {
            draft.system_named(name, "An example names");
        }
        for (name, others) in example.others.iter() {
            let Some(mapping) = draft.mapping(name.text()) else {
                draft.unknown_mapping(name, name.text(), format!("`others` names `{}`, which is no mapping", name.text()));
                continue;
            };
            for (name, _) in others.iter().flat_map(|other| other.values.iter()) {
                field(draft, name, mapping);
            }
        }
    }
}

/// The examples, each with the place of the first thing written in it.
pub(super) fn read(draft: &Draft<'_>) -> Vec<Example> {
    let examples = draft.spec.tests.iter().map(|spec| {
        let keys = spec.given.iter().map(|(name, _)| name).chain(spec.edit.iter().map(|(name, _)| name));
        let span = spec.about.as_ref().map(|about| about.span()).or_else(|| keys.map(Name::span).next());
        Example { spec: spec.clone(), place: span.map(|span| place(draft.world.files, span)) }
    });
    examples.collect()
}

fn field(draft: &mut Draft<'_>, name: &Name, mapping: &MappingSpec) {
    if !mapping.fields.contains(name.text()) && !mapping.lost.has(&["fields", name.text()]) {
        let problem = Diagnostic::error("unknown_name", format!("An example names `{}`, which is no field", name.text())).at(name.span());
        draft.found.push(problem.nearest(name.text(), mapping.fields.keys()));
    }
}
