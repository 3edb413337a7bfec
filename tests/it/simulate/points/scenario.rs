//! The canonical scenario: two vendors of one class, a handful of records, and what people do to them. No other fault comes in between.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;
use syncline::system::{Abilities, CreateClass, FindBy, GoneBy, Guarded, UpdateClass, UpsertBy};
use syncline::value::{Path, Value};

use super::super::shape::{Answers, Column, Holds, Lossy, ObjectShape, Shape, VendorShape};
use super::super::time::{MINUTE, SECOND};
use super::super::vendor::{By, Cells};
use super::super::world::World;

pub const CRM: usize = 0;
pub const PRM: usize = 1;
const PARENTS: usize = 0;
const THINGS: usize = 1;

/// How a create and an update are made safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    pub create: char,
    pub update: UpdateClass,
}

impl Class {
    pub fn name(self) -> String {
        let update = match self.update {
            UpdateClass::Version => "U1",
            UpdateClass::Fields => "U2",
            UpdateClass::Whole => "U3",
        };
        format!("{}-{update}", self.create)
    }
}

/// Every create class with an update that is checked, and every update class.
pub fn all() -> Vec<Class> {
    let guarded = ['A', 'B', 'C', 'D', 'N'].map(|create| Class { create, update: UpdateClass::Version });
    let others = [('B', UpdateClass::Fields), ('C', UpdateClass::Whole)].map(|(create, update)| Class { create, update });
    guarded.into_iter().chain(others).collect()
}

pub fn shape(class: Class) -> Shape {
    let vendors = ["crm", "prm"].map(|name| vendor(class, name)).to_vec();
    let object = |name, parent: Option<&'static str>| ObjectShape { name, columns: vec![columns(parent); 2] };
    let unguarded = if class.update == UpdateClass::Whole { ", unguarded: true" } else { "" };
    let system = |name: &str, object: &str, more: &str| format!("  {name}: {{ object: {object}, create: always{more}{unguarded} }}\n");
    let head = "adopt: automatic\nlimits: { creates: 1000, updates: 1000, deletes: 1000, blanks: 1000 }\nsystems:\n";
    let fields = "match: [ [key] ]\nfields:\n  key: { crm: Key, prm: Key, wins: latest }\n  name: { crm: Name, prm: Name, wins: latest }\n  \
                  amount: { crm: Amount, prm: Amount, type: decimal, wins: latest }\n  note: { crm: Note, prm: Note, wins: latest }\n";
    let yaml = [
        format!("---\nmapping: parents\n{head}{}{}{fields}", system("crm", "parents", ""), system("prm", "parents", "")),
        format!("---\nmapping: things\n{head}{}", system("crm", "things", "")),
        system("prm", "things", ", only: \"not deleted('crm')\", leaves: delete"),
        format!("{fields}  parent: {{ crm: Parent, prm: Parent, type: ref(parents), wins: latest }}\n"),
    ];
    Shape { vendors, objects: vec![object("parents", None), object("things", Some("parents"))], yaml: yaml.concat() }
}

fn vendor(class: Class, name: &'static str) -> VendorShape {
    let path = |text: &str| Path::parse(text).expect("a path");
    let find = CreateClass::Find { by: FindBy::AnyField };
    let create = match class.create {
        'A' => vec![CreateClass::Token { remembers: Duration::from_secs(24 * 3600) }, find],
        'B' => vec![CreateClass::Upsert { by: UpsertBy::Paths(vec![path("Key")]) }],
        'C' => vec![CreateClass::Marker { path: path("Marker") }],
        'D' => vec![find],
        _ => vec![CreateClass::None],
    };
    let versions = class.update == UpdateClass::Version;
    let removal = if versions { Guarded::Version } else { Guarded::LookedAt };
    let abilities = Abilities {
        create,
        update: Some(class.update),
        delete: Some(removal),
        archive: Some(removal),
        restore: None,
        gone: GoneBy::Feed,
        full_read: false,
        find: Some(FindBy::AnyField),
        get_batch: 2,
        create_batch: 2,
        update_batch: 2,
        delete_batch: 2,
        read_lag: Duration::ZERO,
        find_lag: Duration::from_secs(5),
        deadline: Duration::from_secs(10),
        parents: Vec::new(),
    };
    let answers = Answers::Record;
    VendorShape { name, versions, answers, abilities, offset_us: 0, drift_ppm: 0, grain_us: 1_000, page: 2, deliveries: false }
}

fn columns(parent: Option<&'static str>) -> Vec<Column> {
    let column = |path, holds| Column { path, holds, lossy: Lossy::No, declared: true };
    let mut columns = vec![column("Key", Holds::Key), column("Name", Holds::Text), column("Amount", Holds::Number), column("Note", Holds::Text)];
    columns.extend(parent.map(|parent| column("Parent", Holds::Ref(parent))));
    columns
}

/// What people have before the first run: a thing of one system only in each, twins that agree, and twins that do not.
pub fn begin(world: &mut World) {
    make(world, CRM, PARENTS, "P1", &[("Name", "first parent")]);
    make(world, CRM, THINGS, "K1", &[("Name", "one"), ("Amount", "1"), ("Parent", "P1")]);
    make(world, CRM, THINGS, "K2", &[("Name", "two"), ("Amount", "20")]);
    make(world, CRM, THINGS, "K4", &[("Name", "four")]);
    world.pass(MINUTE);
    make(world, PRM, THINGS, "K2", &[("Name", "two"), ("Amount", "21")]);
    make(world, PRM, THINGS, "K3", &[("Name", "three"), ("Note", "a note")]);
    make(world, PRM, THINGS, "K4", &[("Name", "four")]);
    world.pass(MINUTE);
}

/// What they do between the first run and the second: edits here and there and of the same field, a value cleared, a delete, and new things that refer to one another.
pub fn edits(world: &mut World) {
    set(world, CRM, "K1", "Name", Value::text("uno"));
    set(world, CRM, "K2", "Amount", Value::Decimal(Decimal::from(7)));
    world.pass(MINUTE);
    set(world, PRM, "K2", "Amount", Value::Decimal(Decimal::from(8)));
    set(world, PRM, "K3", "Note", Value::Blank);
    make(world, PRM, PARENTS, "P2", &[("Name", "second parent")]);
    let parent = key_of(world, PRM, PARENTS, "P2");
    set(world, PRM, "K3", "Parent", Value::text(&parent));
    make(world, CRM, THINGS, "K5", &[("Name", "five"), ("Amount", "5"), ("Parent", "P1")]);
    make(world, PRM, THINGS, "K6", &[("Name", "six")]);
    delete(world, CRM, "K4");
    world.pass(MINUTE);
}

/// Somebody types right after a run, or right after it was cut off: what the run wrote, or was about to.
pub fn late(world: &mut World, text: &str) {
    set(world, CRM, "K1", "Name", Value::text(text));
    world.pass(SECOND);
}

fn place(world: &World, vendor: usize, table: usize, key: &str) -> Option<usize> {
    let table = &world.vendors[vendor].tables[table];
    table.live().into_iter().find(|at| table.records[*at].now().cells.get("Key") == Some(&Value::text(key)))
}

fn key_of(world: &World, vendor: usize, table: usize, key: &str) -> String {
    let at = place(world, vendor, table, key).expect("the scenario made it");
    world.vendors[vendor].tables[table].records[at].key.to_string()
}

fn make(world: &mut World, vendor: usize, table: usize, key: &str, typed: &[(&'static str, &str)]) {
    let mut cells = Cells::from([("Key", Value::text(key))]);
    for (path, text) in typed {
        let value = match *path {
            "Amount" => Value::Decimal(text.parse().expect("a number of the scenario")),
            "Parent" => Value::text(key_of(world, vendor, PARENTS, text)),
            _ => Value::text(*text),
        };
        cells.insert(path, value);
    }
    let now_us = world.clock.us();
    world.note(format_args!("user: {} makes {key}", world_name(vendor)));
    world.vendors[vendor].make(table, cells, By::User { at_us: now_us }, now_us);
}

fn world_name(vendor: usize) -> &'static str {
    ["crm", "prm"][vendor]
}

fn set(world: &mut World, vendor: usize, key: &str, path: &'static str, value: Value) {
    world.note(format_args!("user: {} {key} {path}={value}", world_name(vendor)));
    let Some(at) = place(world, vendor, THINGS, key) else {
        return world.broken(format!("{key} never came to {}", world_name(vendor)));
    };
    let now_us = world.clock.us();
    world.vendors[vendor].set(THINGS, at, &[(path, value)], By::User { at_us: now_us }, now_us);
}

fn delete(world: &mut World, vendor: usize, key: &str) {
    world.note(format_args!("user: {} deletes {key}", world_name(vendor)));
    let Some(at) = place(world, vendor, THINGS, key) else {
        return world.broken(format!("{key} never came to {}", world_name(vendor)));
    };
    let now_us = world.clock.us();
    world.vendors[vendor].change(THINGS, at, now_us, |state| state.deleted = true);
    world.vendors[vendor].tables[THINGS].records[at].deleted_us.push(now_us);
}

/// What there is in the end, in words that no vendor's key stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Every record there ever was, per vendor and table.
    pub records: Vec<Vec<String>>,
    /// What lost: a thing's key, the field, the value.
    pub lost: Vec<String>,
}

pub fn end(world: &World) -> End {
    let mut records = Vec::new();
    for vendor in &world.vendors {
        let parents: BTreeMap<String, Value> =
            vendor.tables[PARENTS].records.iter().map(|rec| (rec.key.to_string(), rec.now().cells.get("Key").cloned().unwrap_or_default())).collect();
        for table in &vendor.tables {
            let mut shown: Vec<String> = table.records.iter().map(|rec| spoken(rec, &parents)).collect();
            shown.sort();
            records.push(shown);
        }
    }
    let mut lost = Vec::new();
    for ((mapping, _), past) in &world.ledger.past {
        let Some(last) = &past.last else { continue };
        let of = &world.mappings[*mapping];
        let key = last.agreed(syncline::mapping::FieldIx(0));
        for (field, values) in &past.lost {
            lost.extend(values.iter().filter(|value| !value.is_blank()).map(|value| format!("{key} {} {value}", of.field(*field).name)));
        }
    }
    lost.sort();
    lost.dedup();
    End { records, lost }
}

fn spoken(rec: &super::super::vendor::Rec, parents: &BTreeMap<String, Value>) -> String {
    let state = rec.now();
    if state.deleted {
        return format!("{} deleted", state.cells.get("Key").cloned().unwrap_or_default());
    }
    let cell = |path: &str| {
        let value = state.cells.get(path).cloned().unwrap_or_default();
        let parent = parents.get(&value.to_string()).filter(|_| path == "Parent");
        format!("{path}={}", parent.unwrap_or(&value))
    };
    ["Key", "Name", "Amount", "Note", "Parent"].map(cell).join(" ")
}
