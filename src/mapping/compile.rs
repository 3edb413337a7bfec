//! A mapping's spec compiled: every name resolved, every expression checked, all problems at once.

mod by;
mod cell;
mod checks;
mod draft;
mod examples;
mod expression;
mod fields;
mod formula;
mod policy;
mod rows;
mod systems;

use std::collections::BTreeSet;
use std::time::Duration;

use super::meaning::meaning;
use super::world::World;
use super::{Adopt, FieldIx, Limit, Limits, Mapping, MatchRule, Place, Schedule};
use crate::diag::{Diagnostic, Files, Span, has_error};
use crate::id::MappingName;
use crate::spec::mapping::{Adopt as AdoptSpec, MappingSpec, MatchRule as MatchSpec};
use crate::spec::slot::{Name, Schedule as ScheduleOf, Share, ShareOf};
use checks::Parts;
use draft::Draft;

pub use checks::together;

/// Compiles one mapping of the project. A mapping comes out if nothing found is an error.
pub fn compile(spec: &MappingSpec, world: &World<'_>) -> (Option<Mapping>, Vec<Diagnostic>) {
    let (mapping, found) = sketch(spec, world);
    (mapping.filter(|_| !has_error(&found)), found)
}

/// Compiles what can be compiled of a mapping, to be held against the others. It is not to be run where something found is an error; none comes
/// out where something is wrong with what says which records take part.
pub fn sketch(spec: &MappingSpec, world: &World<'_>) -> (Option<Mapping>, Vec<Diagnostic>) {
    let mut draft = Draft::new(spec, world);
    systems::names(&mut draft);
    fields::read(&mut draft);
    let scope = fields::scope(&draft);
    let cells = fields::cells(&mut draft, &scope);
    let programs = systems::programs(&mut draft, &scope);
    let policies = fields::policies(&mut draft, &scope);
    let slots = scope.slots.into_inner();
    let formulas: Vec<Option<Vec<FieldIx>>> = policies.iter().map(|decides| Some(decides.formula.as_ref()?.fields(&slots))).collect();
    let formulas = formula::in_order(&mut draft, &formulas);
    let matching = matching(&mut draft);
    examples::check(&mut draft);
    checks::all(&mut draft, &Parts { programs: &programs, cells: &cells, policies: &policies, slots: &slots, matching: &matching });
    let mut found = std::mem::take(&mut draft.found);
    let unsure = draft.systems.iter().zip(&programs).any(|(system, programs)| system.spec.filter.is_some() && programs.takes_part.is_none());
    if unsure || !spec.lost.is_empty() {
        return (None, found);
    }
    let country = country(&draft);
    let (systems, columns) = systems::finish(&draft, programs);
    let mut fields = fields::finish(&draft, cells, policies);
    let sources: Vec<String> = (0..fields.len()).map(|at| formula::whole_source(&fields, at, &slots, &formulas)).collect();
    for (field, source) in fields.iter_mut().zip(sources) {
        field.meaning = systems.iter().enumerate().map(|(at, system)| meaning(field, &source, at, system, &columns[at])).collect();
    }
    let mut mapping = Mapping {
        name: MappingName::new(spec.mapping.text()),
        was: spec.was.as_ref().map(|was| MappingName::new(was.text())),
        about: spec.about.as_ref().map(|about| about.text().to_owned()),
        schedule: schedule(spec),
        adopt: match spec.adopt.as_deref() {
            Some(AdoptSpec::Automatic) => Adopt::Automatic,
            Some(AdoptSpec::Ask) | None => Adopt::Ask,
        },
        limits: limits(spec),
        systems,
        fields,
        formulas,
        matching,
        country,
        refers_to: Vec::new(),
        slots,
        examples: examples::read(&draft),
    };
    let refers_to: BTreeSet<MappingName> = mapping.fields.iter().filter_map(|field| field.refers_to().cloned()).collect();
    mapping.refers_to = refers_to.into_iter().filter(|name| *name != mapping.name).collect();
    if !has_error(&found) {
        found.extend(checks::lossy(&draft, &mapping));
    }
    (Some(mapping), found)
}

/// Where a span is, for reasons that name file and line.
fn place(files: &Files, span: Span) -> Place {
    let (line, _) = files.position(span.file, span.start);
    Place { file: files.path(span.file).display().to_string(), line: line as u32, span: Some(span) }
}

fn schedule(spec: &MappingSpec) -> Schedule {
    match spec.schedule.as_ref().map(|schedule| schedule.schedule()) {
        None => Schedule::Every(Duration::from_secs(300)),
        Some(ScheduleOf::Every(every)) => Schedule::Every(every),
        Some(ScheduleOf::Cron(cron)) => Schedule::Cron(cron),
        Some(ScheduleOf::Off) => Schedule::Off,
    }
}

fn limits(spec: &MappingSpec) -> Limits {
    let limit = |share: Option<&Share>, default: f64| match share.map(Share::share) {
        None => Limit::Share(default),
        Some(ShareOf::Count(count)) => Limit::Number(count),
        Some(ShareOf::Percent(percent)) => {
            use rust_decimal::prelude::ToPrimitive;
            Limit::Share(percent.to_f64().expect("a share is between 0 and 100") / 100.0)
        }
    };
    let of = spec.limits.as_ref();
    Limits {
        creates: limit(of.and_then(|limits| limits.creates.as_ref()), 0.10),
        updates: limit(of.and_then(|limits| limits.updates.as_ref()), 0.20),
        deletes: limit(of.and_then(|limits| limits.deletes.as_ref()), 0.02),
        blanks: limit(of.and_then(|limits| limits.blanks.as_ref()), 0.02),
    }
}

fn matching(draft: &mut Draft<'_>) -> Vec<MatchRule> {
    let mut rules = Vec::with_capacity(draft.spec.matching.len());
    for rule in &draft.spec.matching {
        let (names, ask): (&[Name], bool) = match rule {
            MatchSpec::Link(names) => (names, false),
            MatchSpec::Ask(rule) => (&rule.ask, true),
        };
        let fields: Vec<FieldIx> = names.iter().filter_map(|name| matched(draft, name)).collect();
        if fields.len() == names.len() && !fields.is_empty() {
            rules.push(MatchRule { fields, ask });
        }
    }
    rules
}

fn matched(draft: &mut Draft<'_>, name: &Name) -> Option<FieldIx> {
    let at = draft.fields.iter().position(|field| field.name == name.text());
    if at.is_none() && !draft.lost(&["fields", name.text()]) {
        let problem = Diagnostic::error("unknown_name", format!("`{name}` in `match` is no field of this mapping", name = name.text())).at(name.span());
        draft.found.push(problem.nearest(name.text(), draft.spec.fields.keys()));
    }
    at.map(|at| FieldIx(at as u16))
}

/// The country all connections agree on, those that name none aside.
fn country(draft: &Draft<'_>) -> Option<crate::value::Str> {
    let mut countries = draft.systems.iter().filter_map(|system| system.connection.country.clone());
    let first = countries.next()?;
    countries.all(|country| country == first).then_some(first)
}

#[cfg(test)]
mod tests;
