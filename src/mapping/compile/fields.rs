//! The fields of a mapping: kinds, rows and references first, cells when every name is known.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::draft::{Draft, DraftField, connection_of, kind_of};
use super::{cell, formula, place, policy, rows};
use crate::diag::{Diagnostic, suggest};
use crate::expr::{Program, Shape};
use crate::id::{FieldName, MappingName, ObjectName};
use crate::mapping::field::{CellProgram, Unknown};
use crate::mapping::scope::{EntityScope, FieldName as ScopeField, Through, shape_of_kind};
use crate::mapping::values::{Row, Rows};
use crate::mapping::{Field, Formula, SystemIx, Target, Wins};
use crate::spec::mapping::{Cell as CellSpec, Evidence, Field as FieldSpec, MappingSpec, Values};
use crate::spec::slot::Name;
use crate::value::{Kind, Str};

/// Reads `fields:` as far as it goes without expressions.
pub(super) fn read(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    if spec.fields.is_empty() && !spec.lost.touches(&["fields"]) {
        let problem = Diagnostic::error("no_fields", format!("`{}` has no fields", spec.mapping.text())).at(spec.mapping.span());
        draft.found.push(problem.help("write a row for each field: fields: { name: { crm: Name, prm: name } }"));
    }
    for (name, field) in spec.fields.iter() {
        let kind = kind(draft, name, field);
        keys(draft, name, field);
        let rows = rows::read(draft, name, field);
        let targets = targets(draft, &kind, field);
        let untyped = untyped(spec, name.text(), field);
        draft.fields.push(DraftField { name: name.text(), at: name.span(), spec: field, kind, untyped, rows, targets });
    }
}

/// Whether its kind is not what was meant: `type` or `values` is wrong, or written as a key that is near them.
fn untyped(spec: &MappingSpec, name: &str, field: &FieldSpec) -> bool {
    let misspelt = |key: &str| !spec.systems.contains(key) && suggest::nearest(key, ["type", "values"]).is_some();
    let lost = |key: &str| spec.lost.touches(&["fields", name, key]);
    lost("type") || lost("values") || field.kind.as_ref().is_some_and(|written| written.text().parse::<Kind>().is_err()) || field.cells.keys().any(misspelt)
}

fn kind(draft: &mut Draft<'_>, name: &Name, field: &FieldSpec) -> Kind {
    let kind = match field.kind.as_ref().map(|written| (written, written.text().parse::<Kind>())) {
        None => Kind::Text,
        Some((_, Ok(kind))) => kind,
        Some((written, Err(problem))) => {
            let found = Diagnostic::error("unknown_type", format!("`{}` is no type", written.text())).at(written.span());
            let near = suggest::nearest(written.text(), Kind::names().chain(["ref", "set"]));
            draft.found.push(found.help(near.map_or_else(|| problem.to_string(), |near| format!("did you mean `{near}`?"))));
            Kind::Text
        }
    };
    let textual = match &kind {
        Kind::Set(of) => of.is_textual(),
        kind => kind.is_textual(),
    };
    if field.values.is_some() && !textual {
        let problem = Diagnostic::error(
            "rows_of_type",
            format!("`{}` has `values` and is of type {kind}: the agreed value of a choice is its row's name, a text", name.text()),
        );
        draft.found.push(problem.at(name.span()).help("drop `type`, or write `type: set(text)` for several"));
    }
    kind
}

/// A field's keys that are neither words of the format nor systems.
fn keys(draft: &mut Draft<'_>, name: &Name, field: &FieldSpec) {
    for (key, _) in field.cells.iter() {
        if draft.system_ix(key.text()).is_some() || draft.lost(&["systems", key.text()]) {
            continue;
        }
        let problem = Diagnostic::error("unknown_key", format!("Unknown key `{}` in field `{}`", key.text(), name.text())).at(key.span());
        let help = match suggest::nearest(key.text(), FieldSpec::KEYS.into_iter().chain(draft.spec.systems.keys())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the systems of this mapping are {}", suggest::listed(draft.spec.systems.keys()).unwrap_or_else(|| "none".to_owned())),
        };
        draft.found.push(problem.help(help));
    }
}

/// Where a reference's keys are found, for each system in which it is held by record key.
fn targets(draft: &mut Draft<'_>, kind: &Kind, field: &FieldSpec) -> Vec<Option<Target>> {
    let mut targets = vec![None; draft.systems.len()];
    let name = match kind {
        Kind::Ref(name) => name,
        Kind::Set(of) => match &**of {
            Kind::Ref(name) => name,
            _ => return targets,
        },
        _ => return targets,
    };
    let Some(spec) = draft.mapping(name.as_str()) else {
        let written = field.kind.as_ref().unwrap_or(&draft.spec.mapping);
        draft.unknown_mapping(written, name.as_str(), format!("`ref({name})` names no mapping"));
        return targets;
    };
    let mut lost = Vec::new();
    for (at, system) in draft.systems.iter().enumerate() {
        let Some((key, cell)) = field.cells.entry(system.name) else { continue };
        if matches!(cell, CellSpec::Pathed(pathed) if pathed.key.is_some()) {
            continue;
        }
        targets[at] = target(name, spec, system.connection_name.as_str());
        if targets[at].is_none() && !spec.lost.touches(&["systems"]) && !draft.lost(&["systems", system.name]) {
            lost.push((key.span(), system.name));
        }
    }
    for (span, system) in lost {
        let problem = Diagnostic::error("reference_without_system", format!("`{name}` has no system on {system}: the ref cannot be followed there")).at(span);
        draft.found.push(problem.help(format!("add {system} to `{name}`, or say which of its fields stands here: {{ path: PATH, key: FIELD }}")));
    }
    targets
}

fn target(mapping: &MappingName, spec: &MappingSpec, connection: &str) -> Option<Target> {
    let at = spec.systems.iter().position(|(name, system)| connection_of(name.text(), system) == connection)?;
    let (_, system) = spec.systems.iter().nth(at)?;
    Some(Target { mapping: mapping.clone(), system: SystemIx(at as u16), object: ObjectName::new(system.object.text()) })
}

/// The names that expressions over an entity of this mapping see.
pub(super) fn scope<'a>(draft: &Draft<'a>) -> EntityScope<'a> {
    let fields = draft.fields.iter().map(|field| {
        let rows = field.rows.as_ref().map(|rows| rows.iter().map(|row| row.name.clone()).collect::<Arc<[Str]>>());
        let through = match &field.kind {
            Kind::Ref(target) => draft.mapping(target.as_str()).map(|spec| Through { fields: shapes(spec), lost: &spec.lost }),
            _ => None,
        };
        let shape = if field.untyped { Shape::Any } else { shape_of_kind(&field.kind, rows) };
        ScopeField { name: field.name, shape, through }
    });
    EntityScope {
        fields: fields.collect(),
        systems: draft.systems.iter().map(|system| system.name).collect(),
        variables: draft.world.variables,
        lost: &draft.spec.lost,
        project_lost: draft.world.lost,
        paths: paths(draft),
        slots: RefCell::default(),
    }
}

/// The shapes of another mapping's fields.
fn shapes(spec: &MappingSpec) -> BTreeMap<&str, Shape> {
    let shape = |field: &FieldSpec| {
        let rows = match &field.values {
            Some(Values::Rows(rows)) => Some(rows.keys().map(Str::from).collect::<Arc<[Str]>>()),
            Some(Values::Shared(_)) | None => None,
        };
        shape_of_kind(&kind_of(field), rows)
    };
    let shape = |name: &str, field: &FieldSpec| if untyped(spec, name, field) { Shape::Any } else { shape(field) };
    spec.fields.iter().map(|(name, field)| (name.text(), shape(name.text(), field))).collect()
}

/// Vendor paths, so that a path in the place of a field gets a good answer.
fn paths<'a>(draft: &Draft<'a>) -> Vec<(String, &'a str, Option<&'a str>)> {
    let mut paths = Vec::new();
    for field in &draft.fields {
        for (system, cell) in field.spec.cells.iter() {
            let mut held = |path: &str| paths.push((path.to_owned(), system.text(), Some(field.name)));
            match cell {
                CellSpec::Path(path) => held(path.text()),
                CellSpec::Pathed(pathed) => held(pathed.path.text()),
                CellSpec::Parts(parts) => parts.given().into_iter().for_each(|(_, path)| held(path.text())),
                CellSpec::ReadWrite(_) => {}
            }
        }
    }
    for system in &draft.systems {
        paths.extend(system.facts.fields.keys().map(|path| (path.clone(), system.name, None)));
    }
    paths
}

/// The cells of all fields: paths first, so that expressions over records see them in the form their cells give them.
pub(super) fn cells(draft: &mut Draft<'_>, scope: &EntityScope<'_>) -> Vec<Vec<Option<CellProgram>>> {
    let mut cells: Vec<Vec<Option<CellProgram>>> = Vec::with_capacity(draft.fields.len());
    for at in 0..draft.fields.len() {
        cells.push((0..draft.systems.len()).map(|system| cell::plain(draft, at, SystemIx(system as u16))).collect());
    }
    for (at, row) in cells.iter_mut().enumerate() {
        for (system, slot) in row.iter_mut().enumerate() {
            if let Some(computed) = cell::computed(draft, at, SystemIx(system as u16), scope) {
                *slot = Some(computed);
            }
        }
    }
    cells
}

/// Who decides a field, and what stands in for what has no counterpart.
pub(super) struct Decides {
    pub wins: Wins,
    /// Of the lines of `wins`.
    pub conditions: Vec<Program>,
    pub unknown: Unknown,
    pub formula: Option<Formula>,
}

/// Policies, formulas and stand-ins, which name systems and rows. Called once, before the checks that lean on them.
pub(super) fn policies(draft: &mut Draft<'_>, scope: &EntityScope<'_>) -> Vec<Decides> {
    if let Some(wins) = &draft.spec.wins {
        policy::default_lines(draft, wins, scope);
    }
    let formulas = formula::read(draft, scope);
    let decides = formulas.into_iter().enumerate().map(|(at, formula)| {
        let (wins, conditions) = policy::wins(draft, at, scope);
        Decides { wins, conditions, unknown: policy::unknown(draft, at), formula }
    });
    decides.collect()
}

pub(super) fn finish(draft: &Draft<'_>, cells: Vec<Vec<Option<CellProgram>>>, policies: Vec<Decides>) -> Vec<Field> {
    let fields = draft.fields.iter().zip(cells).zip(policies);
    fields.map(|((field, cells), decides)| finished(draft, field, cells, decides)).collect()
}

fn finished(draft: &Draft<'_>, field: &DraftField<'_>, cells: Vec<Option<CellProgram>>, decides: Decides) -> Field {
    let rows = field.rows.as_ref().map(|rows| {
        let rows = rows.iter().map(|row| Row { name: row.name.clone(), was: row.was.clone(), spellings: row.spellings.clone() });
        Rows::new(rows.collect(), draft.systems.len())
    });
    Field {
        name: FieldName::new(field.name),
        was: field.spec.was.as_ref().map(|was| FieldName::new(was.text())),
        kind: field.kind.clone(),
        required: field.spec.required,
        rows,
        unknown: decides.unknown,
        wins: decides.wins,
        conditions: decides.conditions,
        formula: decides.formula,
        certain: field.spec.evidence.is_some_and(|evidence| evidence.value == Evidence::Certain),
        cells,
        targets: field.targets.clone(),
        meaning: Vec::new(),
        place: place(draft.world.files, field.at),
    }
}
