//! `tests:` checked: every name in them is one of the mapping's.

use super::draft::Draft;
use super::place;
use crate::diag::Diagnostic;
use crate::mapping::Example;
use crate::spec::mapping::{Example as ExampleSpec, MappingSpec};
use crate::spec::slot::Name;

pub(super) fn check(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    for example in &spec.tests {
        let expected = || example.expectations();
        let fields = expected().flat_map(|expect| expect.agreed.iter().map(|(name, _)| name).chain(&expect.review));
        for name in example.given.iter().map(|(name, _)| name).chain(fields) {
            field(draft, name, spec);
        }
        let systems = expected().flat_map(|expect| expect.records.iter().map(|(name, _)| name).chain(&expect.absent));
        for name in example.edits().map(|(name, _)| name).chain(systems) {
            draft.system_named(name, "An example names");
        }
        moments(draft, example);
        for (name, _) in example.given.iter().filter(|(name, _)| spec.fields.get(name.text()).is_some_and(|field| field.formula.is_some())) {
            let problem = Diagnostic::error("computed_given", format!("`{}` is computed, and cannot be given", name.text())).at(name.span());
            draft.found.push(problem.help("give what its formula sees, and expect it: expect: { agreed: { … } }"));
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

/// An example ends with something expected, and its steps begin at times that can be read.
fn moments(draft: &mut Draft<'_>, example: &ExampleSpec) {
    for step in &example.steps {
        if let (None, Some(at)) = (step.begins(), &step.at) {
            let problem = Diagnostic::error("step_at", format!("`{}` is neither a time nor a wait", at.text())).at(at.span());
            draft.found.push(problem.help("write a time such as 2026-03-02 09:00, or how long after the step before, such as +24h"));
        }
    }
    if example.expectations().next().is_none() && !draft.spec.lost.touches(&["tests"]) {
        let span = example.about.as_ref().map(|about| about.span()).or_else(|| example.given.iter().map(|(name, _)| name.span()).next());
        let problem = Diagnostic::error("nothing_expected", "An example expects nothing").at(span.unwrap_or(draft.spec.mapping.span()));
        draft.found.push(problem.help("say what is so at its end, expect: { … }, or after a step"));
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
