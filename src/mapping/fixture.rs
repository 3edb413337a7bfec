//! For tests: mappings compiled from text, against connections that are described in a line.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::civil::Date;

use super::compile::compile;
use super::world::{ConnectionFacts, FieldFacts, ObjectFacts, Objects, World};
use super::{EntityView, FieldIx, Mapping, SystemIx};
use crate::diag::Files;
use crate::diag::render::{Paint, render_all};
use crate::id::{ConnectionName, EntityId, ObjectName, RecordKey};
use crate::spec::lost::Lost;
use crate::spec::mapping::{join, read};
use crate::value::money::Currency;
use crate::value::record::{Cell, Gate, Record, WriteCell};
use crate::value::time::Zone;
use crate::value::{Str, Value};

/// Connections `crm`, `prm` and `erp`, of which nothing is known but what a test adds.
#[derive(Default)]
pub struct Known {
    pub objects: BTreeMap<(&'static str, &'static str), ObjectFacts>,
    pub currency: Option<&'static str>,
    pub zone: Option<&'static str>,
}

impl Objects for Known {
    fn connections(&self) -> Vec<ConnectionName> {
        ["crm", "prm", "erp"].map(ConnectionName::new).to_vec()
    }

    fn connection(&self, name: &ConnectionName) -> Option<ConnectionFacts> {
        let zone = self.zone.map(|zone| Zone::named(zone).expect("a zone")).unwrap_or_default();
        let currency = self.currency.map(|code| Currency::parse(code).expect("a currency"));
        self.connections().contains(name).then(|| ConnectionFacts { connector: None, currency, country: Some(Str::from("DE")), time_zone: zone })
    }

    fn object(&self, connection: &ConnectionName, object: &ObjectName) -> ObjectFacts {
        self.objects.iter().find(|((c, o), _)| *c == connection.as_str() && *o == object.as_str()).map(|(_, facts)| facts.clone()).unwrap_or_default()
    }
}

impl Known {
    pub fn with(mut self, connection: &'static str, object: &'static str, facts: ObjectFacts) -> Self {
        self.objects.insert((connection, object), facts);
        self
    }

    /// Declares fields of an object.
    pub fn fields(self, connection: &'static str, object: &'static str, fields: &[(&str, FieldFacts)]) -> Self {
        let fields = fields.iter().map(|(path, facts)| ((*path).to_owned(), facts.clone())).collect();
        self.with(connection, object, ObjectFacts { fields, ..ObjectFacts::default() })
    }
}

/// All mappings of a text, and what is said about them.
pub fn compiled(text: &str, known: &Known) -> (Vec<Option<Mapping>>, String) {
    let mut files = Files::new();
    let file = files.add("mappings/m.yaml", text);
    let (parts, mut found) = read(&files, file);
    let (specs, problems) = join(parts, &[]);
    found.extend(problems);
    let variables = BTreeMap::from([("record_type".to_owned(), Value::text("012xx")), ("quota".to_owned(), Value::Integer(5))]);
    let world = World { mappings: &specs, objects: known, variables: &variables, lost: &Lost::default(), time_zone: Zone::utc(), files: &files };
    let mut mappings = Vec::new();
    for spec in &specs {
        let (mapping, problems) = compile(spec, &world);
        found.extend(problems);
        mappings.push(mapping);
    }
    (mappings, render_all(&found, &files, Paint::Plain))
}

/// The last mapping of a text that has no error.
pub fn sound(text: &str, known: &Known) -> Mapping {
    let (mut mappings, said) = compiled(text, known);
    mappings.pop().flatten().unwrap_or_else(|| panic!("{said}"))
}

/// An entity of a test: agreed values by field, and what its references lead to.
#[derive(Default)]
pub struct Entity {
    pub agreed: BTreeMap<u16, Value>,
    /// Record keys by entity and system (of the asking mapping).
    pub keys: BTreeMap<(i64, u16), &'static str>,
    /// Fields of other entities.
    pub held: BTreeMap<(i64, &'static str), Value>,
    pub deleted: Vec<u16>,
    pub stand_in: Option<i64>,
    /// What its records show at the path of `by`.
    pub told_by: Option<&'static str>,
    pub asked: RefCell<Vec<String>>,
}

impl Entity {
    pub fn of(mapping: &Mapping, values: &[(&str, Value)]) -> Entity {
        let at = |name: &str| mapping.fields.iter().position(|field| field.name.as_str() == name).expect("a field of the test") as u16;
        Entity { agreed: values.iter().map(|(name, value)| (at(name), value.clone())).collect(), ..Entity::default() }
    }
}

impl EntityView for Entity {
    fn agreed(&self, field: FieldIx) -> Value {
        self.agreed.get(&field.0).cloned().unwrap_or_default()
    }

    fn through(&self, reference: FieldIx, field: &str) -> Value {
        match self.agreed(reference) {
            Value::Ref(EntityId(entity)) => {
                self.held.iter().find(|((of, name), _)| *of == entity && *name == field).map(|(_, value)| value.clone()).unwrap_or_default()
            }
            _ => Value::Blank,
        }
    }

    fn deleted(&self, system: Option<SystemIx>) -> bool {
        system.map_or(!self.deleted.is_empty(), |system| self.deleted.contains(&system.0))
    }

    fn outside(&self, _: Option<SystemIx>) -> bool {
        false
    }

    fn today(&self) -> Date {
        Date::constant(2026, 3, 2)
    }

    fn key_of(&self, reference: &Value, _: FieldIx, system: SystemIx) -> Option<RecordKey> {
        let Value::Ref(EntityId(entity)) = reference else { return None };
        self.keys.get(&(*entity, system.0)).map(RecordKey::new)
    }

    fn field_of(&self, reference: &Value, _: FieldIx, through: &str) -> Option<Value> {
        let Value::Ref(EntityId(entity)) = reference else { return None };
        self.held.iter().find(|((of, name), _)| of == entity && *name == through).map(|(_, value)| value.clone())
    }

    fn told_by(&self, _: FieldIx, _: SystemIx) -> Option<Str> {
        self.told_by.map(Str::from)
    }

    fn stand_in(&self, _: FieldIx, by: &Value) -> Option<Value> {
        self.asked.borrow_mut().push(by.to_string());
        self.stand_in.map(|entity| Value::Ref(EntityId(entity)))
    }
}

/// A record as a connector hands it on: one cell for each column the mapping asks for. What is not given is unread.
pub fn record(mapping: &Mapping, system: SystemIx, cells: &[(&str, Value)]) -> Record {
    let columns = &mapping.system(system).columns;
    let told = |path: String| cells.iter().find(|(known, _)| *known == path).map_or(Cell::Unread, |(_, value)| Cell::Value(value.clone()));
    Record {
        key: RecordKey::new("r1"),
        identity: RecordKey::new("r1"),
        version: None,
        time: None,
        actor: None,
        cells: columns.iter().map(|column| told(column.path.to_string())).collect(),
        gate: Gate::Open,
        archived: false,
    }
}

/// A record that holds exactly what was written; the rest is blank.
pub fn written(mapping: &Mapping, system: SystemIx, cells: &[WriteCell]) -> Record {
    let columns = &mapping.system(system).columns;
    let value = |path| cells.iter().find(|cell| cell.path == path).map(|cell| cell.value.clone()).unwrap_or_default();
    let cells = columns.iter().map(|column| Cell::Value(value(column.path.clone()))).collect();
    Record { cells, ..record(mapping, system, &[]) }
}

/// Where a mapping's columns stand in a record read for it alone.
pub fn places(mapping: &Mapping, system: SystemIx) -> Vec<u16> {
    (0..mapping.system(system).columns.len() as u16).collect()
}
