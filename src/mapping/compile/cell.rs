//! Cells compiled: where a field lives in one system, in which form, and what the system makes of it.

use super::draft::{Draft, kind_of};
use super::expression::program;
use crate::diag::{Diagnostic, suggest};
use crate::expr::Want;
use crate::id::{FieldName, MappingName};
use crate::mapping::SystemIx;
use crate::mapping::field::{CellProgram, Part, PartName, Written};
use crate::mapping::scope::{EntityScope, RecordScope, column};
use crate::mapping::world::{FieldFacts, Shows};
use crate::spec::mapping::{Cell as CellSpec, Parts, Pathed, ReadWrite};
use crate::spec::slot::PathSlot;
use crate::value::record::Form;
use crate::value::{Kind, Path};

/// The form in which a field of this kind is asked for where the connector says nothing.
fn form_of(kind: &Kind, choice: bool) -> Form {
    match kind {
        Kind::Set(of) => Form::List(Box::new(form_of(of, choice))),
        _ if choice => Form::Enum,
        Kind::Integer => Form::Integer,
        Kind::Decimal | Kind::Percent => Form::Decimal,
        Kind::Money => Form::Money,
        Kind::Boolean => Form::Boolean,
        Kind::Date => Form::Date,
        Kind::Instant => Form::Instant,
        Kind::Ref(_) => Form::Ref,
        Kind::Address => Form::Document,
        Kind::Text | Kind::Email | Kind::Phone | Kind::Url | Kind::Domain | Kind::Country | Kind::Company | Kind::Name => Form::Text,
    }
}

/// What is known of a path, with the column that reads it.
pub(super) struct Place {
    pub path: Path,
    form: Form,
    pub column: u16,
    facts: Option<FieldFacts>,
}

impl Place {
    fn shows(&self) -> Shows {
        self.facts.as_ref().map(|facts| facts.shows.clone()).unwrap_or_default()
    }
}

pub(super) fn placed(draft: &mut Draft<'_>, system: SystemIx, slot: &PathSlot, natural: Form) -> Option<Place> {
    let of = &draft.systems[system.0 as usize];
    let path = match Path::parse(slot.text()) {
        Ok(path) => path,
        Err(problem) => {
            draft.found.push(Diagnostic::error("path", problem.message).at(slot.locate(problem.at..problem.at + 1)));
            return None;
        }
    };
    let facts = of.facts.fields.get(slot.text()).cloned();
    if facts.is_none() && of.facts.complete {
        let problem = Diagnostic::error("unknown_path", format!("{} {} has no `{}`", of.name, of.object, slot.text())).at(slot.span());
        draft.found.push(problem.nearest(slot.text(), of.facts.fields.keys().map(String::as_str)));
        return None;
    }
    let form = match &facts {
        Some(FieldFacts { form, .. }) if *form != Form::Natural => form.clone(),
        _ => natural,
    };
    let column = column(&mut of.columns.borrow_mut(), &path, Some(form.clone()));
    Some(Place { path, form, column, facts })
}

/// A cell of one or more paths; `None` where the field has none, or computes it.
pub(super) fn plain(draft: &mut Draft<'_>, at: usize, system: SystemIx) -> Option<CellProgram> {
    let field = draft.fields[at].spec;
    match field.cells.get(draft.systems[system.0 as usize].name)? {
        CellSpec::Path(path) => path_cell(draft, at, system, path, None),
        CellSpec::Pathed(pathed) => match &pathed.key {
            None => path_cell(draft, at, system, &pathed.path, pathed.by.as_ref()),
            Some(_) => keyed(draft, at, system, pathed),
        },
        CellSpec::Parts(parts) => parted(draft, at, system, parts),
        CellSpec::ReadWrite(_) => None,
    }
}

fn path_cell(draft: &mut Draft<'_>, at: usize, system: SystemIx, slot: &PathSlot, by: Option<&PathSlot>) -> Option<CellProgram> {
    let field = &draft.fields[at];
    let (kind, choice) = (field.kind.clone(), field.rows.is_some());
    let place = placed(draft, system, slot, form_of(&kind, choice))?;
    fits(draft, at, system, &place, slot, &kind, choice);
    let shows = place.shows();
    let access = place.facts.as_ref().map(|facts| facts.access).unwrap_or_default();
    let currency = place.facts.as_ref().and_then(|facts| facts.currency).or(draft.systems[system.0 as usize].connection.currency);
    let by = match by {
        Some(by) => Some(super::by::read(draft, at, system, by)?),
        None => None,
    };
    Some(CellProgram::Path { column: place.column, path: place.path, form: place.form, shows, access, currency, by })
}

/// Reports a path that holds another kind of thing.
fn fits(draft: &mut Draft<'_>, at: usize, system: SystemIx, place: &Place, slot: &PathSlot, kind: &Kind, choice: bool) {
    let of = &draft.systems[system.0 as usize];
    let name = draft.fields[at].name;
    if place.form == Form::Instant && *kind == Kind::Date && of.connection.time_zone.get().is_err() {
        let problem =
            Diagnostic::error("no_zone", format!("{}.{} is an instant, `{name}` a date, and {} has no time zone", of.name, slot.text(), of.connection_name))
                .at(slot.span());
        let help = format!("give the connection its zone: {}: {{ time_zone: Europe/Berlin }}", of.connection_name);
        draft.found.push(problem.help(help));
    } else if !compatible(&place.form, kind, choice) {
        let what = if choice { "a choice".to_owned() } else { format!("of type {kind}") };
        let problem =
            Diagnostic::error("other_kind", format!("{}.{} holds {}, and `{name}` is {what}", of.name, slot.text(), noun(&place.form))).at(slot.span());
        draft.by_type(at, problem.help("change the field's `type`, or convert it: { read: …, write: { … } }"));
    }
    unknown_picks(draft, at, system, place);
}

fn compatible(form: &Form, kind: &Kind, choice: bool) -> bool {
    match (form, kind) {
        (Form::Natural, _) => true,
        (Form::List(inner), Kind::Set(kind)) => compatible(inner, kind, choice),
        (Form::List(_), _) => false,
        // One value where several may be: a set of one. Some vendors list several in a text that the connector splits.
        (form, Kind::Set(kind)) => compatible(form, kind, choice),
        (Form::Text | Form::Enum | Form::Integer | Form::Ref | Form::Boolean, _) if choice => true,
        (Form::Text | Form::Enum | Form::Ref, kind) => kind.is_textual() || matches!(kind, Kind::Ref(_) | Kind::Name),
        (Form::Integer, kind) => kind.is_textual() || matches!(kind, Kind::Integer | Kind::Decimal | Kind::Percent | Kind::Money | Kind::Ref(_)),
        (Form::Decimal, kind) => matches!(kind, Kind::Decimal | Kind::Percent | Kind::Money | Kind::Integer),
        (Form::Money, kind) => matches!(kind, Kind::Money),
        (Form::Boolean, kind) => *kind == Kind::Boolean,
        (Form::Date, kind) => matches!(kind, Kind::Date),
        (Form::Instant, kind) => matches!(kind, Kind::Instant | Kind::Date),
        (Form::Document, kind) => matches!(kind, Kind::Name | Kind::Address | Kind::Money),
    }
}

fn noun(form: &Form) -> &'static str {
    match form {
        Form::Natural => "any value",
        Form::Text => "a text",
        Form::Integer => "an integer",
        Form::Decimal => "a decimal",
        Form::Money => "money",
        Form::Boolean => "a boolean",
        Form::Date => "a date",
        Form::Instant => "an instant",
        Form::Enum => "one of a list",
        Form::Ref => "a record key",
        Form::Document => "a structure",
        Form::List(_) => "a list",
    }
}

/// Spellings that the vendor's own list does not have.
fn unknown_picks(draft: &mut Draft<'_>, at: usize, system: SystemIx, place: &Place) {
    let (Some(rows), Some(values)) = (&draft.fields[at].rows, place.facts.as_ref().and_then(|facts| facts.values.as_ref())) else { return };
    let of = &draft.systems[system.0 as usize];
    let mut found = Vec::new();
    for row in rows {
        for spelling in row.spellings[system.0 as usize].iter().flat_map(|spellings| spellings.all()) {
            if !values.contains(spelling) {
                let problem = Diagnostic::error(
                    "unknown_pick",
                    format!("{} has no value `{spelling}` in {}, which row `{}` of `{}` names", of.name, place.path, row.name, draft.fields[at].name),
                );
                found.push(problem.at(draft.fields[at].at).nearest(spelling, values.iter().map(|value| value.as_str())));
            }
        }
    }
    if draft.fields[at].untyped {
        draft.found.extend(found);
        return;
    }
    let named =
        |value: &str| rows.iter().any(|row| row.spellings[system.0 as usize].iter().flat_map(|spellings| spellings.all()).any(|spelling| spelling == value));
    for value in values.iter().filter(|value| !named(value)) {
        let problem = Diagnostic::warning(
            "pick_without_row",
            format!("`{value}` of {} {} is read as no row of `{}`: records that hold it are reported, and wait", of.name, place.path, draft.fields[at].name),
        );
        found.push(problem.at(draft.fields[at].at).help("give it a row"));
    }
    draft.found.extend(found);
}

fn keyed(draft: &mut Draft<'_>, at: usize, system: SystemIx, pathed: &Pathed) -> Option<CellProgram> {
    let key = pathed.key.as_ref()?;
    if let Some(by) = &pathed.by {
        draft
            .found
            .push(Diagnostic::error("by_without_choice", "`by` says which values of a choice apply, and this is a reference").at(by.span()).help("drop `by`"));
    }
    let mapping = match &draft.fields[at].kind {
        Kind::Ref(mapping) => mapping.clone(),
        other => {
            let set = matches!(other, Kind::Set(of) if matches!(**of, Kind::Ref(_)));
            let problem = Diagnostic::error(
                "key_without_reference",
                format!("`key` says by what a reference is held, and `{}` is of type {other}", draft.fields[at].name),
            )
            .at(key.span());
            let help = if set { "a set of references is held by record key; drop `key`" } else { "drop `key`, or write `type: ref(MAPPING)`" };
            draft.by_type(at, problem.help(help));
            return None;
        }
    };
    let kind = held_kind(draft, &mapping, key)?;
    let place = placed(draft, system, &pathed.path, form_of(&kind, false))?;
    let access = place.facts.as_ref().map(|facts| facts.access).unwrap_or_default();
    Some(CellProgram::KeyedRef { column: place.column, path: place.path, form: place.form, mapping, field: FieldName::new(key.text()), kind, access })
}

fn held_kind(draft: &mut Draft<'_>, mapping: &MappingName, key: &crate::spec::slot::Name) -> Option<Kind> {
    // A mapping that is not there was reported with the field's type.
    let spec = draft.mapping(mapping.as_str())?;
    if spec.lost.has(&["fields", key.text()]) {
        return None;
    }
    let Some(field) = spec.fields.get(key.text()) else {
        let problem = Diagnostic::error("unknown_name", format!("`{}` is no field of `{mapping}`", key.text())).at(key.span());
        draft.found.push(problem.nearest(key.text(), spec.fields.keys()));
        return None;
    };
    Some(kind_of(field))
}

fn parted(draft: &mut Draft<'_>, at: usize, system: SystemIx, parts: &Parts) -> Option<CellProgram> {
    let kind = draft.fields[at].kind.clone();
    let known = PartName::of(&kind);
    let mut compiled = Vec::new();
    for (name, slot) in parts.given() {
        let Some(part) = known.iter().copied().find(|part| part.as_str() == name) else {
            let problem = Diagnostic::error("part_of_type", format!("`{name}` is no part of type {kind}")).at(slot.span());
            let names: Vec<&str> = known.iter().map(|part| part.as_str()).collect();
            let help = match suggest::listed(names) {
                Some(list) => format!("its parts are {list}"),
                None => "only money, name and address have parts; set the field's `type`".to_owned(),
            };
            draft.by_type(at, problem.help(help));
            continue;
        };
        let natural = if part == PartName::Amount { Form::Decimal } else { Form::Text };
        if let Some(place) = placed(draft, system, slot, natural) {
            let shows = place.shows();
            let access = place.facts.as_ref().map(|facts| facts.access).unwrap_or_default();
            compiled.push(Part { part, column: place.column, path: place.path, form: place.form, shows, access });
        }
    }
    (compiled.len() == parts.given().len() && !compiled.is_empty()).then_some(CellProgram::Parts(compiled))
}

/// A cell of expressions, if the field has one here.
pub(super) fn computed(draft: &mut Draft<'_>, at: usize, system: SystemIx, scope: &EntityScope<'_>) -> Option<CellProgram> {
    let field = draft.fields[at].spec;
    let name = draft.systems[system.0 as usize].name;
    let CellSpec::ReadWrite(ReadWrite { read, write }) = field.cells.get(name)? else { return None };
    if read.is_none() && write.is_none() {
        if draft.spec.lost.touches(&["fields", draft.fields[at].name, name]) {
            return None;
        }
        let problem =
            Diagnostic::error("empty_cell", format!("The {name} cell of `{}` says neither `read` nor `write`", draft.fields[at].name)).at(draft.fields[at].at);
        draft.found.push(problem.help("name a path, or give `read`, `write` or both"));
        return None;
    }
    let Draft { systems, found, .. } = draft;
    let of = &systems[system.0 as usize];
    let records = RecordScope { facts: &of.facts, columns: &of.columns };
    // What `read` gives is converted when it is there; a shape that never fits is told by `Kind::convert` at the first record.
    let read = match read {
        Some(text) => Some(program(text, &records, Want::any(), found)?),
        None => None,
    };
    let mut written = Vec::new();
    for (path, text) in write.iter().flat_map(|write| write.iter()) {
        let parsed = match Path::parse(path.text()) {
            Ok(path) => path,
            Err(problem) => {
                found.push(Diagnostic::error("path", problem.message).at(path.locate(problem.at..problem.at + 1)));
                continue;
            }
        };
        let form = of.facts.fields.get(path.text()).map_or(Form::Natural, |facts| facts.form.clone());
        let column = of.columns.borrow().iter().position(|column| column.path == parsed).map(|at| at as u16);
        if let Some(program) = program(text, scope, Want::any(), found) {
            written.push(Written { path: parsed, form, column, program });
        }
    }
    Some(CellProgram::Computed { read, write: write.as_ref().map(|_| written) })
}
