//! Whether a value that is written to a system comes back as it was: tried on values of each type that are easily hurt.
//!
//! A system that may decide a field must not shorten it by its own echo. What the connector declares (a length, a scale, a precision, what a blank becomes) is
//! known to every merge and no loss; what only the shape of a cell takes away is.

mod values;

use jiff::civil::{Date, date};

use super::field::{CellProgram, Part};
use super::form::cut;
use super::spell::{Spelling, shown_parts};
use super::values::Spellings;
use super::world::Shows;
use super::{EntitySlot, EntityView, FieldIx, Mapping, Seen, SystemIx};
use crate::id::RecordKey;
use crate::value::record::{Cell, Form, Gate, Record, WriteCell};
use crate::value::{Str, Value};

/// A value that does not survive being written to a system and read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    pub field: FieldIx,
    pub system: SystemIx,
    pub written: Value,
    /// `None`: what comes back cannot be read as a value of the field.
    pub back: Option<Value>,
}

impl Mapping {
    /// The first value of each deciding cell that does not come back.
    pub fn counterexamples(&self) -> Vec<Counterexample> {
        let cells = self.fields_ix().flat_map(|field| self.systems_ix().map(move |system| (field, system)));
        cells.filter_map(|(field, system)| self.counterexample(field, system)).collect()
    }

    fn counterexample(&self, field: FieldIx, system: SystemIx) -> Option<Counterexample> {
        let of = self.field(field);
        let cell = of.cells[system.0 as usize].as_ref()?;
        let decides = of.formula.is_none() && of.wins.may_decide(system);
        if !decides || !cell.reads() || !cell.writes_new() || of.refers_to().is_some() || !self.stands_alone(field, cell) {
            return None;
        }
        let generated = values::of(of, self.system(system).currency);
        let kinds = self.told_by(field, system);
        let tried = generated.iter().flat_map(|value| kinds.iter().map(move |by| (value, by)));
        tried.filter(|(value, _)| self.occurs(field, system, value)).find_map(|(value, by)| {
            let view = Alone { field, value, by: by.as_ref() };
            let form = self.form(field, system, value, &view)?;
            // Rows say themselves what a system has no value for.
            let declared = if of.rows.is_some() { form.clone() } else { declared(cell, value) };
            let back = self.back(system, form, &view)?;
            let kept = matches!(&back, Seen::Value(back) if self.same(field, back, &declared));
            let back = if let Seen::Value(back) = back { Some(back) } else { None };
            (!kept).then(|| Counterexample { field, system, written: value.clone(), back })
        })
    }

    /// Whether what a cell of expressions gives hangs on this field alone, and what it reads on what it writes.
    fn stands_alone(&self, field: FieldIx, cell: &CellProgram) -> bool {
        let CellProgram::Computed { read: Some(read), write: Some(written) } = cell else { return true };
        let own = |slot: &u32| matches!(&self.slots[*slot as usize], EntitySlot::Field(seen) if *seen == field);
        let fixed = |slot: &u32| matches!(&self.slots[*slot as usize], EntitySlot::Constant(_));
        let alone = written.iter().all(|written| written.program.slots().iter().all(|slot| own(slot) || fixed(slot)));
        alone && read.slots().iter().all(|slot| written.iter().any(|written| written.column.map(u32::from) == Some(*slot)))
    }

    /// Whether the value can be agreed at all: another system shows it whole.
    fn occurs(&self, field: FieldIx, system: SystemIx, value: &Value) -> bool {
        let others = self.systems_ix().filter(|other| *other != system);
        let reads = |other: &SystemIx| self.field(field).cells[other.0 as usize].as_ref().is_some_and(CellProgram::reads);
        let view = Alone { field, value, by: None };
        others.filter(reads).any(|other| self.form(field, other, value, &view).is_some_and(|form| self.same(field, &form, value)))
    }

    /// What stands at the path of `by` in the records for which the rows have values; nothing, for a cell without it.
    fn told_by(&self, field: FieldIx, system: SystemIx) -> Vec<Option<Str>> {
        let of = self.field(field);
        let (Some(CellProgram::Path { by: Some(_), .. }), Some(rows)) = (&of.cells[system.0 as usize], &of.rows) else { return vec![None] };
        let mut told: Vec<Option<Str>> = Vec::new();
        for row in &rows.rows {
            if let Some(Spellings::By(values)) = &row.spellings[system.0 as usize] {
                told.extend(values.keys().cloned().map(Some));
            }
        }
        told.sort();
        told.dedup();
        told
    }

    /// The form written and read back; `None` where it cannot be spelt.
    fn back(&self, system: SystemIx, form: Value, view: &Alone<'_>) -> Option<Seen> {
        let cells = self.spell(system, &[(view.field, form)], view, Spelling::Update).ok()?;
        let record = self.record(view.field, system, &cells, view.by);
        let places: Vec<u16> = (0..self.system(system).columns.len() as u16).collect();
        Some(self.observe(system, &record, &places).fields.swap_remove(view.field.0 as usize))
    }

    /// A record that holds what was written, as its fields hold it.
    fn record(&self, field: FieldIx, system: SystemIx, written: &[WriteCell], by: Option<&Str>) -> Record {
        let told = match &self.field(field).cells[system.0 as usize] {
            Some(CellProgram::Path { by: Some(told), .. }) => by.map(|by| (told.column as usize, by)),
            _ => None,
        };
        let columns = self.system(system).columns.iter().enumerate();
        let cells = columns.map(|(at, column)| match (told, written.iter().find(|cell| cell.path == column.path)) {
            (Some((place, by)), _) if place == at => Cell::Value(Value::Text(by.clone())),
            (_, Some(cell)) => Cell::Value(held(&cell.value, &column.form)),
            (_, None) => Cell::Value(Value::Blank),
        });
        let key = RecordKey::new("tried");
        Record { key: key.clone(), identity: key, version: None, time: None, actor: None, cells: cells.collect(), gate: Gate::Open, archived: false }
    }
}

impl Counterexample {
    /// `"van der Berg" comes back as "Berg"`; of a value of parts, the parts that differ.
    pub fn words(&self) -> String {
        let shown = |value: &Value| if value.is_blank() { "blank".to_owned() } else { format!("{:?}", value.to_string()) };
        let Some(back) = &self.back else { return format!("{} comes back as what cannot be read", shown(&self.written)) };
        let parts: Vec<String> = match (&self.written, back) {
            (Value::Name(written), Value::Name(back)) => differing([("first", &written.first, &back.first), ("last", &written.last, &back.last)].into_iter()),
            (Value::Address(written), Value::Address(back)) => {
                let (written, back) = (written.parts(), back.parts());
                differing(written.iter().zip(&back).map(|((name, written), (_, back))| (*name, *written, *back)))
            }
            _ => vec![format!("{} comes back as {}", shown(&self.written), shown(back))],
        };
        parts.join(", ")
    }
}

fn differing<'a>(parts: impl Iterator<Item = (&'a str, &'a Str, &'a Str)>) -> Vec<String> {
    let shown = |part: &Str| if part.is_empty() { "blank".to_owned() } else { format!("{:?}", part.as_str()) };
    parts.filter(|(_, written, back)| written != back).map(|(name, written, back)| format!("{name} {} comes back as {}", shown(written), shown(back))).collect()
}

/// The value less what the connector says the system takes away.
fn declared(cell: &CellProgram, value: &Value) -> Value {
    match cell {
        CellProgram::Path { shows, .. } if value.is_blank() => shows.blank.clone().unwrap_or_default(),
        CellProgram::Path { shows, .. } => cut(value.clone(), shows),
        CellProgram::Parts(parts) if !value.is_blank() => {
            let whole = Shows::default();
            shown_parts(value.clone(), |name| Some(parts.iter().find(|part: &&Part| part.part == name).map_or(&whole, |part| &part.shows)))
        }
        CellProgram::Parts(_) | CellProgram::KeyedRef { .. } | CellProgram::Computed { .. } => value.clone(),
    }
}

/// A value as a field of this form keeps it: an integer has no fraction.
fn held(value: &Value, form: &Form) -> Value {
    match (value, form) {
        (Value::Decimal(number), Form::Integer) => i64::try_from(number.round()).map_or(Value::Blank, Value::Integer),
        (Value::Money(money), Form::Integer) => i64::try_from(money.value.round()).map_or(Value::Blank, Value::Integer),
        (value, _) => value.clone(),
    }
}

/// An entity of which one field is known.
struct Alone<'a> {
    field: FieldIx,
    value: &'a Value,
    by: Option<&'a Str>,
}

impl EntityView for Alone<'_> {
    fn agreed(&self, field: FieldIx) -> Value {
        if field == self.field { self.value.clone() } else { Value::Blank }
    }

    fn through(&self, _: FieldIx, _: &str) -> Value {
        Value::Blank
    }

    fn deleted(&self, _: Option<SystemIx>) -> bool {
        false
    }

    fn outside(&self, _: Option<SystemIx>) -> bool {
        false
    }

    fn today(&self) -> Date {
        date(2026, 3, 2)
    }

    fn key_of(&self, _: &Value, _: FieldIx, _: SystemIx) -> Option<RecordKey> {
        None
    }

    fn field_of(&self, _: &Value, _: FieldIx, _: &str) -> Option<Value> {
        None
    }

    fn told_by(&self, _: FieldIx, _: SystemIx) -> Option<Str> {
        self.by.cloned()
    }

    fn stand_in(&self, _: FieldIx, _: &Value) -> Option<Value> {
        None
    }
}
