//! What names mean in expressions: over a record, its own paths; over an entity, the fields of the mapping.
//!
//! A scope gives each name it meets a slot; the compiled mapping keeps what each slot stands for, so that nothing is looked up by text later.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::world::ObjectFacts;
use super::{EntityView, FieldIx, SystemIx};
use crate::diag::suggest;
use crate::expr::{Env, Item, Mode, Resolution, Scope, Shape};
use crate::spec::lost::Lost;
use crate::value::record::{Cell, Column, Form, Record};
use crate::value::{Kind, Path, Str, Value};

/// What a slot of an expression over an entity stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum EntitySlot {
    Field(FieldIx),
    /// A field of the entity that a reference points to.
    Through(FieldIx, Str),
    Deleted(Option<SystemIx>),
    Outside(Option<SystemIx>),
    Today,
    /// A project variable.
    Constant(Value),
}

/// A field as expressions see it.
pub struct FieldName<'a> {
    pub name: &'a str,
    pub shape: Shape,
    /// Fields of the mapping referred to, with their shapes; `None` for what is no reference.
    pub through: Option<Through<'a>>,
}

/// The fields that a reference leads to.
pub struct Through<'a> {
    pub fields: BTreeMap<&'a str, Shape>,
    pub lost: &'a Lost,
}

/// Names of an expression over an entity of one mapping.
pub struct EntityScope<'a> {
    pub fields: Vec<FieldName<'a>>,
    pub systems: Vec<&'a str>,
    pub variables: &'a BTreeMap<String, Value>,
    /// What of the mapping and of the project file cannot be used: a name among it may be anything.
    pub lost: &'a Lost,
    pub project_lost: &'a Lost,
    /// Vendor paths by what holds them, for messages: path, system, field.
    pub paths: Vec<(String, &'a str, Option<&'a str>)>,
    pub slots: RefCell<Vec<EntitySlot>>,
}

impl EntityScope<'_> {
    fn slot(&self, slot: EntitySlot, consumed: usize, shape: Shape) -> Resolution {
        let mut slots = self.slots.borrow_mut();
        let at = slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            slots.push(slot);
            slots.len() - 1
        });
        Resolution::Slot { slot: at as u32, consumed, shape }
    }

    /// A name about which nothing is said.
    fn lost(&self, consumed: usize) -> Resolution {
        self.slot(EntitySlot::Constant(Value::Blank), consumed, Shape::Any)
    }

    fn through(&self, field: usize, chain: &[&str]) -> Resolution {
        let known = &self.fields[field];
        let (Some(through), Some(next)) = (&known.through, chain.get(1)) else {
            return self.slot(EntitySlot::Field(FieldIx(field as u16)), 1, known.shape.clone());
        };
        let fields = &through.fields;
        match fields.get(next) {
            Some(Shape::Entity) if chain.len() > 2 => Resolution::Unknown {
                help: Some(format!(
                    "`{}` goes through two references, which is not in this version; keep `{next}` as a field of the mapping in between",
                    chain.join(".")
                )),
            },
            Some(shape) => self.slot(EntitySlot::Through(FieldIx(field as u16), Str::from(*next)), 2, shape.clone()),
            None if through.lost.has(&["fields", next]) => self.lost(chain.len()),
            None => Resolution::Unknown { help: Some(nearest_or_list(next, fields.keys().copied(), &format!("fields that `{}` leads to", known.name))) },
        }
    }

    fn unknown(&self, name: &str, chain: &[&str]) -> Resolution {
        let whole = chain.join(".");
        let held = self.paths.iter().find(|(path, ..)| *path == whole || path == name);
        let help = match held {
            Some((path, system, Some(field))) => {
                format!("`{path}` is a path of {system}; an expression over an entity sees fields of this mapping: `{field}`, which {system} holds in {path}")
            }
            Some((path, system, None)) => {
                format!("`{path}` is a path of {system}; an expression over an entity sees fields of this mapping: give `{path}` a field")
            }
            None => nearest_or_list(name, self.fields.iter().map(|field| field.name).chain(["today"]), "fields of this mapping"),
        };
        Resolution::Unknown { help: Some(help) }
    }
}

impl Scope for EntityScope<'_> {
    fn resolve(&self, chain: &[&str]) -> Resolution {
        let Some(name) = chain.first() else { return Resolution::Unknown { help: None } };
        if let Some(field) = self.fields.iter().position(|field| field.name == *name) {
            return self.through(field, chain);
        }
        match (*name, chain.get(1)) {
            ("today", _) => self.slot(EntitySlot::Today, 1, Shape::Date),
            ("var", Some(variable)) => match self.variables.get(*variable) {
                Some(value) => self.slot(EntitySlot::Constant(value.clone()), 2, shape_of_value(value)),
                None if self.project_lost.has(&["variables", variable]) => self.lost(2),
                None => Resolution::Unknown { help: Some(nearest_or_list(variable, self.variables.keys().map(String::as_str), "variables of the project")) },
            },
            _ if self.lost.has(&["fields", name]) => self.lost(chain.len()),
            _ => self.unknown(name, chain),
        }
    }

    fn names(&self) -> Vec<String> {
        self.fields.iter().map(|field| field.name.to_owned()).chain(["today".to_owned()]).collect()
    }

    fn call(&self, name: &str, args: &[&str]) -> Option<Resolution> {
        if name != "deleted" && name != "outside" {
            return None;
        }
        let system = match args {
            [] => None,
            [system] => match self.systems.iter().position(|known| known == system) {
                Some(at) => Some(SystemIx(at as u16)),
                None if self.lost.has(&["systems", system]) => return Some(self.slot(EntitySlot::Constant(Value::Boolean(false)), 1, Shape::Boolean)),
                None => return Some(Resolution::Unknown { help: Some(nearest_or_list(system, self.systems.iter().copied(), "systems of this mapping")) }),
            },
            _ => {
                return Some(Resolution::Unknown {
                    help: Some(format!("`{name}` takes one system, or none for any: {name}('{}')", self.systems.first().copied().unwrap_or("crm"))),
                });
            }
        };
        let slot = if name == "deleted" { EntitySlot::Deleted(system) } else { EntitySlot::Outside(system) };
        Some(self.slot(slot, 1, Shape::Boolean))
    }

    fn mode(&self) -> Mode {
        Mode::Strict
    }
}

/// Names of an expression over a record: its paths, nothing else.
pub struct RecordScope<'a> {
    pub facts: &'a ObjectFacts,
    /// Columns asked for so far; a path met for the first time is added.
    pub columns: &'a RefCell<Vec<Column>>,
}

/// The position of a column, added if it is new. An expression takes the column that a cell already asks for, so that it sees the same form.
pub fn column(columns: &mut Vec<Column>, path: &Path, form: Option<Form>) -> u16 {
    let known = columns.iter().position(|column| column.path == *path && form.as_ref().is_none_or(|form| *form == column.form));
    known.unwrap_or_else(|| {
        columns.push(Column { path: path.clone(), form: form.unwrap_or(Form::Natural) });
        columns.len() - 1
    }) as u16
}

impl RecordScope<'_> {
    fn slot(&self, path: &Path, consumed: usize) -> Resolution {
        let facts = self.facts.fields.get(&path.to_string());
        let mut columns = self.columns.borrow_mut();
        let known = columns.iter().position(|column| column.path == *path);
        let at = known.map_or_else(|| column(&mut columns, path, facts.map(|facts| facts.form.clone())), |at| at as u16);
        let shape = shape_of_form(&columns[at as usize].form);
        Resolution::Slot { slot: u32::from(at), consumed, shape }
    }
}

impl Scope for RecordScope<'_> {
    fn resolve(&self, chain: &[&str]) -> Resolution {
        // The longest declared path wins; where the connector does not declare the fields, the whole chain is the path.
        let declared = (1..=chain.len()).rev().find(|&length| self.facts.fields.contains_key(&chain[..length].join(".")));
        let length = match declared {
            Some(length) => length,
            None if self.facts.complete => {
                let help = nearest_or_list(&chain.join("."), self.facts.fields.keys().map(String::as_str), "paths of the record");
                return Resolution::Unknown { help: Some(help) };
            }
            None => chain.len(),
        };
        match Path::parse(&chain[..length].join(".")) {
            Ok(path) => self.slot(&path, length),
            Err(problem) => Resolution::Unknown { help: Some(problem.message) },
        }
    }

    fn names(&self) -> Vec<String> {
        self.facts.fields.keys().cloned().collect()
    }

    fn call(&self, name: &str, args: &[&str]) -> Option<Resolution> {
        match (name, args) {
            ("path", [text]) => Some(match Path::parse(text) {
                Ok(path) => self.slot(&path, 1),
                Err(problem) => Resolution::Unknown { help: Some(problem.message) },
            }),
            ("deleted" | "outside", _) => Some(Resolution::Unknown {
                help: Some(format!("`{name}` speaks of an entity; `where`, `locked` and `read` see one record only; say it in `only` or `create`")),
            }),
            _ => None,
        }
    }

    fn mode(&self) -> Mode {
        Mode::Strict
    }
}

fn nearest_or_list<'a>(name: &str, known: impl Iterator<Item = &'a str>, what: &str) -> String {
    let known: Vec<&str> = known.collect();
    match suggest::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("there are no {what}"),
        None => format!("{what}: {}", known.join(", ")),
    }
}

/// The shape that a field's agreed values have in expressions.
pub fn shape_of_kind(kind: &Kind, rows: Option<Arc<[Str]>>) -> Shape {
    if let Some(rows) = rows {
        return if matches!(kind, Kind::Set(_)) { Shape::List } else { Shape::Choice(rows) };
    }
    Shape::from(kind)
}

fn shape_of_form(form: &Form) -> Shape {
    match form {
        Form::Natural => Shape::Any,
        Form::Text | Form::Enum | Form::Ref => Shape::Text,
        Form::Integer => Shape::Integer,
        Form::Decimal => Shape::Number,
        // A vendor may send a bare number; whether it is money is the cell's to say.
        Form::Money => Shape::Any,
        Form::Boolean => Shape::Boolean,
        Form::Date => Shape::Date,
        Form::Instant => Shape::Instant,
        Form::Document => Shape::Map,
        Form::List(_) => Shape::List,
    }
}

fn shape_of_value(value: &Value) -> Shape {
    match value {
        Value::Text(_) => Shape::Text,
        Value::Boolean(_) => Shape::Boolean,
        Value::Integer(_) => Shape::Integer,
        Value::Decimal(_) => Shape::Number,
        Value::Date(_) => Shape::Date,
        _ => Shape::Any,
    }
}

/// An entity, as its expressions read it.
pub struct EntityEnv<'a> {
    pub slots: &'a [EntitySlot],
    pub view: &'a dyn EntityView,
}

impl Env for EntityEnv<'_> {
    fn slot(&self, slot: u32) -> Item {
        Item::Value(match &self.slots[slot as usize] {
            EntitySlot::Field(field) => self.view.agreed(*field),
            EntitySlot::Through(reference, field) => self.view.through(*reference, field),
            EntitySlot::Deleted(system) => Value::Boolean(self.view.deleted(*system)),
            EntitySlot::Outside(system) => Value::Boolean(self.view.outside(*system)),
            EntitySlot::Today => Value::Date(self.view.today()),
            EntitySlot::Constant(value) => value.clone(),
        })
    }
}

/// A record, as its system's expressions read it.
pub struct RecordEnv<'a> {
    pub record: &'a Record,
    /// Where each of our columns stands in the record's cells.
    pub places: &'a [u16],
}

impl Env for RecordEnv<'_> {
    fn slot(&self, slot: u32) -> Item {
        match self.record.cells.get(self.places[slot as usize] as usize) {
            Some(Cell::Value(value)) => Item::Value(value.clone()),
            // What cannot be understood is no better than what was not told.
            Some(Cell::Wrong(_) | Cell::Unread) | None => Item::Unread,
        }
    }
}
