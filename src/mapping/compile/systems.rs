//! The systems of a mapping: first their names and what is known of them, later their programs.

use std::sync::Arc;

use super::draft::{Draft, DraftSystem, connection_of};
use super::expression::{new_text, program};
use super::place;
use crate::diag::Diagnostic;
use crate::expr::{Program, Want};
use crate::id::{ConnectionName, ObjectName, SystemName};
use crate::mapping::scope::{EntityScope, RecordScope};
use crate::mapping::system::NewValue;
use crate::mapping::{Create, Leaves, System};
use crate::spec::mapping::{Creation, Field as FieldSpec, Leaves as LeavesSpec, Starts, System as SystemSpec, Wins};
use crate::spec::slot::Name;
use crate::value::Path;
use crate::value::record::{Columns, Form};

/// Reads `systems:`, each with what the project knows of its connection and object.
pub(super) fn names(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    if spec.systems.is_empty() && !spec.lost.touches(&["systems"]) {
        let problem = Diagnostic::error("no_systems", format!("`{}` has no systems", spec.mapping.text())).at(spec.mapping.span());
        draft.found.push(problem.help("name the systems its records live in: systems: { crm: { object: Account } }"));
    }
    for (name, system) in spec.systems.iter() {
        reserved(draft, name);
        let connection_name = ConnectionName::new(connection_of(name.text(), system));
        let connection = draft.world.objects.connection(&connection_name);
        if connection.is_none() {
            unknown_connection(draft, name, system);
        }
        let object = ObjectName::new(system.object.text());
        let facts = if connection.is_some() { draft.world.objects.object(&connection_name, &object) } else { Default::default() };
        if facts.offered == Some(false) {
            let problem = Diagnostic::error("unknown_object", format!("{connection_name} has no object `{object}`")).at(system.object.span());
            draft.found.push(problem.nearest(object.as_str(), facts.names.iter().map(String::as_str)));
        }
        let connection = connection.unwrap_or_default();
        draft.systems.push(DraftSystem {
            name: name.text(),
            at: name.span(),
            spec: system,
            connection_name,
            object,
            connection,
            facts,
            columns: Default::default(),
        });
    }
    former_names(draft);
}

fn reserved(draft: &mut Draft<'_>, name: &Name) {
    if FieldSpec::KEYS.contains(&name.text()) || Wins::WORDS.contains(&name.text()) {
        let problem = Diagnostic::error("reserved_name", format!("A system cannot be called `{}`: the word has a meaning of its own in fields", name.text()));
        draft.found.push(problem.at(name.span()).help("rename the system, and name its connection with `connection:`"));
    }
}

fn unknown_connection(draft: &mut Draft<'_>, name: &Name, system: &SystemSpec) {
    let written = system.connection.as_ref().unwrap_or(name);
    let known = draft.world.objects.connections();
    let problem = Diagnostic::error("unknown_connection", format!("The project has no connection `{}`", written.text())).at(written.span());
    draft.found.push(if known.is_empty() {
        problem.help(format!("add it to syncline.yaml: connections: {{ {}: {{ connector: … }} }}", written.text()))
    } else {
        problem.nearest(written.text(), known.iter().map(ConnectionName::as_str))
    });
}

/// A former name that is also a present one would give two systems (or fields) one state.
fn former_names(draft: &mut Draft<'_>) {
    let systems =
        draft.spec.systems.iter().filter_map(|(name, system)| Some((name, system.was.as_ref()?, draft.spec.systems.contains(system.was.as_ref()?.text()))));
    let fields = draft.spec.fields.iter().filter_map(|(name, field)| Some((name, field.was.as_ref()?, draft.spec.fields.contains(field.was.as_ref()?.text()))));
    for (name, was, there) in systems.chain(fields) {
        if there {
            let problem = Diagnostic::error("was_is_there", format!("`{}` was `{}`, but that name is in use", name.text(), was.text())).at(was.span());
            draft.found.push(problem.help("drop `was`, or the old entry"));
        }
    }
}

/// The compiled expressions of one system; an expression with a problem counts as absent (the mapping does not come out then).
pub(super) struct Programs {
    pub takes_part: Option<Program>,
    pub locked: Option<Program>,
    pub create: Create,
    pub new: Vec<NewValue>,
    pub only: Option<Program>,
}

pub(super) fn programs(draft: &mut Draft<'_>, scope: &EntityScope<'_>) -> Vec<Programs> {
    let Draft { systems, found, world, .. } = draft;
    let mut all = Vec::with_capacity(systems.len());
    for system in systems {
        let records = RecordScope { facts: &system.facts, columns: &system.columns };
        let spec = system.spec;
        let takes_part = spec.filter.as_ref().and_then(|text| program(text, &records, Want::boolean(), found));
        let locked = spec.locked.as_ref().and_then(|text| program(text, &records, Want::boolean(), found));
        let create = match spec.creation() {
            Creation::Never => Create::Never,
            Creation::Always => Create::Always,
            Creation::When(text) => program(text, scope, Want::boolean(), found).map_or(Create::Never, |program| Create::When(Box::new(program))),
        };
        let only = spec.only.as_ref().and_then(|text| program(text, scope, Want::boolean(), found));
        let mut new = Vec::with_capacity(spec.new.len());
        for (path, tree) in spec.new.iter() {
            let Some(text) = new_text(tree, scope, world, found) else { continue };
            match Path::parse(path.text()) {
                Ok(parsed) => {
                    let form = system.facts.fields.get(path.text()).map_or(Form::Natural, |facts| facts.form.clone());
                    new.push(NewValue { path: parsed, form, text });
                }
                Err(problem) => found.push(Diagnostic::error("path", problem.message).at(path.locate(problem.at..problem.at + 1))),
            }
        }
        all.push(Programs { takes_part, locked, create, new, only });
    }
    all
}

/// The compiled systems, and each one's columns for the meaning of its fields.
pub(super) fn finish(draft: &Draft<'_>, programs: Vec<Programs>) -> (Vec<System>, Vec<Columns>) {
    let systems: Vec<System> = draft.systems.iter().zip(programs).map(|(system, programs)| finished(draft, system, programs)).collect();
    let columns = systems.iter().map(|system| system.columns.clone()).collect();
    (systems, columns)
}

fn finished(draft: &Draft<'_>, system: &DraftSystem<'_>, programs: Programs) -> System {
    System {
        name: SystemName::new(system.name),
        was: system.spec.was.as_ref().map(|was| SystemName::new(was.text())),
        connection: system.connection_name.clone(),
        object: system.object.clone(),
        columns: Arc::from(system.columns.borrow().as_slice()),
        zone: system.connection.time_zone.clone(),
        currency: system.connection.currency,
        takes_part: programs.takes_part,
        locked: programs.locked,
        create: programs.create,
        new: programs.new,
        only: programs.only,
        leaves: match system.spec.leaves() {
            LeavesSpec::Stop => Leaves::Stop,
            LeavesSpec::Archive => Leaves::Archive,
            LeavesSpec::Delete => Leaves::Delete,
            LeavesSpec::Ask => Leaves::Ask,
        },
        starts: system.spec.starts() == Starts::Always,
        unguarded: system.spec.unguarded,
        place: place(draft.world.files, system.at),
    }
}
