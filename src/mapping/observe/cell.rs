//! One cell of a record, read as its field.

use super::Seen;
use crate::expr::{Fault, Item};
use crate::id::RecordKey;
use crate::mapping::field::{By, CellProgram, Field, Part, PartName};
use crate::mapping::scope::RecordEnv;
use crate::mapping::{System, SystemIx};
use crate::value::money::{Currency, Money};
use crate::value::record::{Cell, Record};
use crate::value::{Address, Kind, Name, Str, Value};

/// What the record shows of the field.
pub(super) fn read(field: &Field, system: SystemIx, of: &System, record: &Record, places: &[u16]) -> Seen {
    let Some(cell) = &field.cells[system.0 as usize] else { return Seen::NoCell };
    match cell {
        CellProgram::Path { column, currency, by: told, .. } => match at(record, places, *column) {
            // What a value is called hangs on a path that was not told.
            Told::Value(value) if told.is_some() && !value.is_blank() => match told.as_ref().and_then(|told| by(told, record, places)) {
                Some(by) => in_agreed_terms(field, (system, Some(&by)), of, *currency, value),
                None => Seen::Unread,
            },
            Told::Value(value) => agreed(field, system, of, *currency, value),
            Told::Nothing => Seen::Unread,
            Told::Wrong(why) => Seen::Unfit(why),
        },
        CellProgram::KeyedRef { column, kind, .. } => match at(record, places, *column) {
            Told::Value(value) if value.is_blank() => Seen::Value(Value::Blank),
            Told::Value(value) => match kind.convert(value, &of.zone) {
                Ok(value) => Seen::UnresolvedBy(value),
                Err(problem) => Seen::Unfit(Str::from(problem.to_string())),
            },
            Told::Nothing => Seen::Unread,
            Told::Wrong(why) => Seen::Unfit(why),
        },
        CellProgram::Parts(parts) => parts_of(field, of, parts, record, places),
        CellProgram::Computed { read: None, .. } => Seen::Unread,
        CellProgram::Computed { read: Some(program), .. } => match program.eval(&RecordEnv { record, places }) {
            Ok(Item::Value(value)) => agreed(field, system, of, of.currency, &value),
            Ok(Item::Unread) | Err(Fault::Unread) => Seen::Unread,
            Ok(_) => Seen::Unfit(Str::from(format!("`read` of `{}` gives no single value", field.name))),
            Err(fault) => Seen::Unfit(Str::from(fault.to_string())),
        },
    }
}

/// What the record shows at the path of `by`, as a text; a blank is an empty one.
pub(super) fn by(by: &By, record: &Record, places: &[u16]) -> Option<Str> {
    match at(record, places, by.column) {
        Told::Value(value) if value.is_blank() => Some(Str::default()),
        Told::Value(value) => plain(value),
        Told::Nothing | Told::Wrong(_) => None,
    }
}

enum Told<'a> {
    Value(&'a Value),
    Nothing,
    Wrong(Str),
}

fn at<'a>(record: &'a Record, places: &[u16], column: u16) -> Told<'a> {
    match record.cells.get(places[column as usize] as usize) {
        Some(Cell::Value(value)) => Told::Value(value),
        Some(Cell::Wrong(why)) => Told::Wrong(why.clone()),
        Some(Cell::Unread) | None => Told::Nothing,
    }
}

/// A vendor's value in agreed terms; `currency` is that of amounts which come without one.
pub(in crate::mapping) fn agreed(field: &Field, system: SystemIx, of: &System, currency: Option<Currency>, value: &Value) -> Seen {
    in_agreed_terms(field, (system, None), of, currency, value)
}

/// Where a record is: its system, and what it shows at the path of `by`.
type Whose<'a> = (SystemIx, Option<&'a str>);

fn in_agreed_terms(field: &Field, system: Whose<'_>, of: &System, currency: Option<Currency>, value: &Value) -> Seen {
    if value.is_blank() {
        return Seen::Value(Value::Blank);
    }
    if field.refers_to().is_some() {
        return reference(field, value);
    }
    match (&field.kind, value) {
        (Kind::Set(kind), Value::List(elements) | Value::Set(elements)) => {
            let mut told = Vec::with_capacity(elements.len());
            for element in elements {
                match single(field, kind, system, of, currency, element) {
                    Ok(value) => told.push(value),
                    Err(why) => return Seen::Unfit(why),
                }
            }
            Seen::Value(Value::set(told))
        }
        (Kind::Set(kind), one) => single(field, kind, system, of, currency, one).map_or_else(Seen::Unfit, |value| Seen::Value(Value::set([value]))),
        (kind, value) => single(field, kind, system, of, currency, value).map_or_else(Seen::Unfit, Seen::Value),
    }
}

fn reference(field: &Field, value: &Value) -> Seen {
    let key = |value: &Value| plain(value).map(RecordKey::new);
    let why = || Str::from(format!("`{}` is no record key", field.name));
    match value {
        Value::List(keys) | Value::Set(keys) if field.is_set() => {
            keys.iter().map(key).collect::<Option<Vec<_>>>().map_or_else(|| Seen::Unfit(why()), Seen::UnresolvedSet)
        }
        value => match key(value) {
            Some(key) if field.is_set() => Seen::UnresolvedSet(vec![key]),
            Some(key) => Seen::Unresolved(key),
            None => Seen::Unfit(why()),
        },
    }
}

/// A value as a text that keys and spellings are compared with; `None` for what has parts.
pub(in crate::mapping) fn plain(value: &Value) -> Option<Str> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(Str::from(number.to_string())),
        Value::Decimal(number) => Some(Str::from(number.to_string())),
        Value::Boolean(truth) => Some(Str::from(if *truth { "true" } else { "false" })),
        _ => None,
    }
}

fn single(field: &Field, kind: &Kind, (system, by): Whose<'_>, of: &System, currency: Option<Currency>, value: &Value) -> Result<Value, Str> {
    if let Some(rows) = &field.rows {
        let spelling = plain(value).ok_or_else(|| Str::from(format!("`{}` holds no plain text", field.name)))?;
        return match (rows.read(system, by, &spelling), by) {
            (Some(row), _) => Ok(Value::Text(row.name.clone())),
            (None, Some(by)) => Err(Str::from(format!("`{spelling}` in {}, in a record of `{by}`, is read as no row of `{}`", of.name, field.name))),
            (None, None) => Err(Str::from(format!("`{spelling}` in {} is read as no row of `{}`", of.name, field.name))),
        };
    }
    if *kind == Kind::Money {
        return money(value, currency).ok_or_else(|| unfit_money(value, of));
    }
    kind.convert(value, &of.zone).map_err(|problem| Str::from(problem.to_string()))
}

fn unfit_money(value: &Value, of: &System) -> Str {
    match value {
        Value::Decimal(_) | Value::Integer(_) => Str::from(format!("the amount has no currency; give the connection {} a `currency`", of.connection)),
        _ => Str::from("this is no amount"),
    }
}

/// A bare number takes the currency of its connection.
fn money(value: &Value, currency: Option<Currency>) -> Option<Value> {
    match value {
        Value::Money(_) => Some(value.clone()),
        Value::Decimal(amount) => Some(Value::Money(Money::new(*amount, currency?))),
        Value::Integer(amount) => Some(Value::Money(Money::new((*amount).into(), currency?))),
        _ => None,
    }
}

fn parts_of(field: &Field, of: &System, parts: &[Part], record: &Record, places: &[u16]) -> Seen {
    let mut told = Vec::with_capacity(parts.len());
    for part in parts {
        match at(record, places, part.column) {
            Told::Value(value) => told.push((part.part, value)),
            Told::Nothing => return Seen::Unread,
            Told::Wrong(why) => return Seen::Unfit(why),
        }
    }
    if told.iter().all(|(_, value)| value.is_blank()) {
        return Seen::Value(Value::Blank);
    }
    join(field, of, &told).map_or_else(Seen::Unfit, Seen::Value)
}

fn join(field: &Field, of: &System, told: &[(PartName, &Value)]) -> Result<Value, Str> {
    let text = |part: PartName| -> Result<Str, Str> {
        match told.iter().find(|(name, _)| *name == part) {
            None => Ok(Str::default()),
            Some((_, value)) if value.is_blank() => Ok(Str::default()),
            Some((_, value)) => plain(value).ok_or_else(|| Str::from(format!("part `{}` of `{}` is no text", part.as_str(), field.name))),
        }
    };
    match field.kind {
        Kind::Money => {
            let amount = told.iter().find(|(name, _)| *name == PartName::Amount).map_or(&Value::Blank, |(_, value)| *value);
            if amount.is_blank() {
                return Ok(Value::Blank);
            }
            let spelt = text(PartName::Currency)?;
            let currency = if spelt.is_empty() { of.currency } else { Some(Currency::parse(&spelt).map_err(|problem| Str::from(problem.to_string()))?) };
            money(amount, currency).ok_or_else(|| unfit_money(amount, of))
        }
        Kind::Name => Ok(Value::name(Name { first: text(PartName::First)?, last: text(PartName::Last)? })),
        _ => Ok(Value::address(Address {
            street: text(PartName::Street)?,
            city: text(PartName::City)?,
            region: text(PartName::Region)?,
            postcode: text(PartName::Postcode)?,
            country: text(PartName::Country)?,
        })),
    }
}
