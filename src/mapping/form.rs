//! What a system shows once it was given a value: cut, rounded, its own stand-in; and when two agreed values are the same.
//!
//! Only what is declared is known here. What a vendor does besides shows after the first write, and the core remembers it.

use std::cmp::Ordering;

use rust_decimal::RoundingStrategy;

use super::field::{Born, CellProgram, Field, PartName, Unknown, Written};
use super::observe::{Seen, agreed};
use super::scope::EntityEnv;
use super::view::{EntityView, WithValue};
use super::world::{Precision, Shows};
use super::{FieldIx, Mapping, System, SystemIx};
use crate::expr::{Env, Item, Program};
use crate::plant::planted;
use crate::value::money::Currency;
use crate::value::record::Form;
use crate::value::{Kind, Name, Str, Value};

impl Mapping {
    /// What `system` shows of the field once it was given `value`, in agreed terms. `None`: it has no form for it (a reference not linked there, a row without
    /// a cell under `unknown: hold`, an amount in another currency than the system's).
    pub fn form(&self, field: FieldIx, system: SystemIx, value: &Value, view: &dyn EntityView) -> Option<Value> {
        let of = self.system(system);
        let at = field;
        let field = self.field(at);
        let cell = field.cells[system.0 as usize].as_ref()?;
        let by = self.by(at, system, view);
        let counterpart = if value.is_blank() { Value::Blank } else { counterpart(field, at, (system, by.as_deref()), value, view)? };
        match cell {
            CellProgram::Path { form, shows, currency, .. } => shown(&counterpart, &field.kind, form, shows, *currency, of),
            CellProgram::KeyedRef { .. } => Some(counterpart),
            CellProgram::Parts(parts) => {
                let spells_currency = parts.iter().any(|part| part.part == PartName::Currency);
                if !spells_currency && foreign(&counterpart, of.currency) {
                    return None;
                }
                let shows = |part| parts.iter().find(|known| known.part == part).map(|part| &part.shows);
                Some(super::spell::shown_parts(counterpart, shows))
            }
            CellProgram::Computed { read: Some(read), write: Some(written) } => {
                Some(self.read_back(at, system, read, written, &counterpart, view).unwrap_or(counterpart))
            }
            CellProgram::Computed { .. } => Some(counterpart),
        }
    }

    /// What is written through `write` and read through `read`: known without asking when `read` sees nothing else.
    fn read_back(&self, field: FieldIx, system: SystemIx, read: &Program, written: &[Written], value: &Value, view: &dyn EntityView) -> Option<Value> {
        let view = WithValue { field, value, view };
        let env = EntityEnv { slots: &self.slots, view: &view };
        let mut columns = Vec::with_capacity(written.len());
        for written in written {
            match written.program.eval(&env) {
                Ok(Item::Value(value)) => columns.push((written.column?, value)),
                Ok(_) | Err(_) => return None,
            }
        }
        if !read.slots().iter().all(|slot| columns.iter().any(|(column, _)| u32::from(*column) == *slot)) {
            return None;
        }
        let Ok(Item::Value(told)) = read.eval(&AsWritten(&columns)) else { return None };
        match agreed(self.field(field), system, self.system(system), self.system(system).currency, &told) {
            Seen::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Whether two agreed values of the field mean the same.
    pub fn same(&self, field: FieldIx, a: &Value, b: &Value) -> bool {
        let field = self.field(field);
        match (&field.rows, a, b) {
            _ if a == b => true,
            _ if a.is_blank() || b.is_blank() => false,
            // A row under its former name is the same row.
            (Some(rows), a, b) => rows.positions(a).is_some_and(|row| Some(row) == rows.positions(b)),
            (None, a, b) => field.kind.same_in(a, b, self.country.as_deref()),
        }
    }

    /// Which of two agreed values of the field comes later or is bigger; rows by their order, a blank least. `None` for kinds without order.
    pub fn compare(&self, field: FieldIx, a: &Value, b: &Value) -> Option<Ordering> {
        let field = self.field(field);
        match (a.is_blank(), b.is_blank()) {
            (true, true) => return Some(Ordering::Equal),
            (true, false) => return Some(Ordering::Less),
            (false, true) => return Some(Ordering::Greater),
            (false, false) => {}
        }
        match (&field.rows, a, b) {
            (Some(rows), Value::Text(a), Value::Text(b)) => Some(rows.position(a)?.cmp(&rows.position(b)?)),
            (Some(_), ..) => None,
            (None, ..) => field.kind.compare(a, b),
        }
    }

    /// Whether a missing record is to be made in `system`.
    pub fn create_wanted(&self, system: SystemIx, view: &dyn EntityView) -> bool {
        match &self.system(system).create {
            super::Create::Never => false,
            super::Create::Always => true,
            super::Create::When(program) => self.holds(program, view),
        }
    }

    /// Whether `create` of `system` asks for the field, or for what it refers to.
    pub fn create_asks(&self, system: SystemIx, field: super::FieldIx) -> bool {
        let super::Create::When(program) = &self.system(system).create else { return false };
        program.slots().iter().any(|slot| match &self.slots[*slot as usize] {
            super::EntitySlot::Field(asked) | super::EntitySlot::Through(asked, _) => *asked == field,
            _ => false,
        })
    }

    /// The owner of the field as its lines say it; `None` where `wins` is no lines.
    pub fn owner(&self, field: FieldIx, view: &dyn EntityView) -> Option<SystemIx> {
        let field = self.field(field);
        let super::Wins::Lines(lines) = &field.wins else { return None };
        let held = field.conditions.iter().position(|condition| self.holds(condition, view));
        lines.get(held.unwrap_or(lines.len() - 1)).map(|line| line.owner)
    }

    /// What the record in `system` shows, or a new one will show, at the path of `by`.
    pub fn by(&self, field: FieldIx, system: SystemIx, view: &dyn EntityView) -> Option<Str> {
        let Some(CellProgram::Path { by: Some(by), .. }) = &self.field(field).cells[system.0 as usize] else { return None };
        view.told_by(field, system).or_else(|| match &by.born {
            Born::Always(text) => Some(text.clone()),
            Born::Field(other) => self.told(*other, system, &view.agreed(*other)),
            Born::Unsaid => None,
        })
    }

    /// A field's value as its plain cell there spells it.
    fn told(&self, field: FieldIx, system: SystemIx, value: &Value) -> Option<Str> {
        match (&self.field(field).rows, value) {
            (Some(rows), Value::Text(name)) => rows.spelling(rows.position(name)?, system, None).cloned(),
            (_, value) => super::observe::plain(value),
        }
    }

    /// Whether the entity is inside the wall of `system`.
    pub fn inside_wall(&self, system: SystemIx, view: &dyn EntityView) -> bool {
        let Some(program) = &self.system(system).only else { return true };
        // A wall that cannot be judged removes nothing: a delete needs a wall that is surely up.
        program.condition(&EntityEnv { slots: &self.slots, view }).unwrap_or(true)
    }

    /// A condition over an entity. Agreed values are always told, so what is left to go wrong (a cost bound, a kind no check could see) makes nothing and lets
    /// nobody in.
    fn holds(&self, program: &Program, view: &dyn EntityView) -> bool {
        matches!(program.condition(&EntityEnv { slots: &self.slots, view }), Ok(true))
    }
}

/// Columns as a `write` would set them.
struct AsWritten<'a>(&'a [(u16, Value)]);

impl Env for AsWritten<'_> {
    fn slot(&self, slot: u32) -> Item {
        match self.0.iter().find(|(column, _)| u32::from(*column) == slot) {
            Some((_, value)) => Item::Value(value.clone()),
            None => Item::Unread,
        }
    }
}

/// The value that stands for `value` in `system`, before any cutting; elements of a choice set without counterpart drop out.
fn counterpart(field: &Field, at: FieldIx, (system, by): (SystemIx, Option<&str>), value: &Value, view: &dyn EntityView) -> Option<Value> {
    if field.rows.is_some() {
        return match value {
            Value::Set(elements) => Some(Value::set(elements.iter().filter_map(|element| row(field, system, by, element)))),
            one => row(field, system, by, one),
        };
    }
    if field.refers_to().is_some() {
        return match value {
            // All or nothing: an element that is dropped now would never be owed later.
            Value::Set(elements) => elements.iter().map(|element| entity(field, at, system, element, view)).collect::<Option<Vec<_>>>().map(Value::set),
            one => entity(field, at, system, one, view),
        };
    }
    Some(value.clone())
}

fn row(field: &Field, system: SystemIx, by: Option<&str>, value: &Value) -> Option<Value> {
    let (Some(rows), Value::Text(name)) = (&field.rows, value) else { return None };
    let at = rows.position(name)?;
    if rows.spelling(at, system, by).is_some() {
        return Some(Value::Text(rows.rows[at].name.clone()));
    }
    match &field.unknown {
        Unknown::Row(_) if planted!("stand-in-flows-back") => Some(value.clone()),
        Unknown::Row(stand_in) if rows.spelling(*stand_in as usize, system, by).is_some() => Some(Value::Text(rows.rows[*stand_in as usize].name.clone())),
        Unknown::Row(_) | Unknown::Hold | Unknown::Match(_) => None,
    }
}

fn entity(field: &Field, at: FieldIx, system: SystemIx, value: &Value, view: &dyn EntityView) -> Option<Value> {
    let there = |value: &Value| match &field.cells[system.0 as usize] {
        Some(CellProgram::KeyedRef { field: through, .. }) => view.field_of(value, at, through.as_str()).is_some_and(|key| !key.is_blank()),
        _ => view.key_of(value, at, system).is_some(),
    };
    if there(value) {
        return Some(value.clone());
    }
    match &field.unknown {
        Unknown::Match(by) => view.stand_in(at, by).filter(there),
        Unknown::Hold | Unknown::Row(_) => None,
    }
}

/// An amount in another currency than the only one a place can hold.
fn foreign(value: &Value, currency: Option<Currency>) -> bool {
    matches!((value, currency), (Value::Money(money), Some(own)) if own != money.currency)
}

/// A value as one declared path shows it.
fn shown(value: &Value, kind: &Kind, form: &Form, shows: &Shows, currency: Option<Currency>, of: &System) -> Option<Value> {
    if value.is_blank() {
        return Some(shows.blank.clone().unwrap_or_default());
    }
    match (value, form) {
        _ if foreign(value, currency) => None,
        (Value::Instant(instant), Form::Date) => {
            let date = of.zone.date(*instant).ok()?;
            Some(Value::Instant(of.zone.midnight(date).ok()?))
        }
        // One text cannot tell where the last name begins: it is read back as its last word.
        (Value::Name(_), Form::Document) => Some(value.clone()),
        (Value::Name(name), _) => kind.convert(&cut(full_name(name), shows), &of.zone).ok(),
        _ => Some(cut(value.clone(), shows)),
    }
}

/// A name in one text.
pub(super) fn full_name(name: &Name) -> Value {
    Value::text(format!("{} {}", name.first, name.last).trim())
}

/// Cut to length, rounded to scale, precise to the second: as declared.
pub(super) fn cut(value: Value, shows: &Shows) -> Value {
    match value {
        Value::Text(text) if planted!("form-cut-again") => match shows.length {
            Some(length) if text.chars().count() >= length as usize => Value::text(first_characters(&text, length as usize - 1)),
            _ => Value::Text(text),
        },
        Value::Text(text) => match shows.length {
            Some(length) => Value::text(first_characters(&text, length as usize)),
            None => Value::Text(text),
        },
        Value::Decimal(number) => Value::Decimal(rounded(number, shows)),
        Value::Money(mut money) => {
            money.value = rounded(money.value, shows);
            Value::Money(money)
        }
        Value::Instant(instant) => Value::Instant(match shows.precision {
            None => instant,
            Some(precision) => truncated(instant, precision),
        }),
        other => other,
    }
}

pub(super) fn first_characters(text: &str, length: usize) -> Str {
    match text.char_indices().nth(length) {
        Some((end, _)) => Str::from(&text[..end]),
        None => Str::from(text),
    }
}

fn rounded(number: rust_decimal::Decimal, shows: &Shows) -> rust_decimal::Decimal {
    match shows.scale {
        Some(scale) => number.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero),
        None => number,
    }
}

fn truncated(instant: jiff::Timestamp, precision: Precision) -> jiff::Timestamp {
    let step = match precision {
        Precision::Millisecond => 1_000_000,
        Precision::Second => 1_000_000_000,
        Precision::Day => 86_400_000_000_000,
    };
    let nanoseconds = instant.as_nanosecond();
    jiff::Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(step)).unwrap_or(instant)
}
