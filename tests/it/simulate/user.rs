//! People at their vendors: they type, clear, delete, restore, merge and make records, often the same field of the same thing at once.

use rust_decimal::Decimal;
use syncline::id::RecordKey;
use syncline::value::Value;

use super::check::canary::CANARY;
use super::dice::Dice;
use super::shape::Holds;
use super::time::{MINUTE, SECOND};
use super::vendor::{By, Cells};
use super::world::{Hint, World};

/// What people are like in this history.
pub struct Users {
    /// How many things there are to talk about.
    keys: u64,
    same_field: f64,
    same_value: f64,
    deletes: f64,
    creates: f64,
    count: u64,
    hints: u64,
    /// The last thing somebody edited: its key and the column.
    hot: Option<(Value, &'static str)>,
    recent: Vec<(&'static str, Value)>,
}

const RECENT: usize = 6;

impl Users {
    pub fn throw(dice: &mut Dice) -> Self {
        Self {
            keys: *dice.pick(&[2, 4, 8]),
            same_field: *dice.pick(&[0.4, 0.6, 0.8]),
            same_value: *dice.pick(&[0.05, 0.25]),
            deletes: *dice.pick(&[0.0, 0.05, 0.15]),
            creates: *dice.pick(&[0.03, 0.1, 0.2]),
            count: 0,
            hints: 0,
            hot: None,
            recent: Vec::new(),
        }
    }
}

/// Somebody does something somewhere.
pub fn act(world: &mut World) {
    let vendor = world.dice.below(world.vendors.len() as u64) as usize;
    let table = world.dice.below(world.vendors[vendor].tables.len() as u64) as usize;
    let live = world.vendors[vendor].tables[table].live();
    let few = live.len() < 2;
    if few && world.dice.chance(0.6) || world.dice.chance(world.users.creates) {
        return create(world, vendor, table);
    }
    if world.dice.chance(world.users.deletes) {
        return match world.dice.below(4) {
            0 | 1 => delete(world, vendor, table),
            2 => restore(world, vendor, table),
            _ => merge(world, vendor, table),
        };
    }
    edit(world);
}

fn value(world: &mut World, vendor: usize, path: &'static str, holds: Holds) -> Value {
    if world.dice.chance(world.users.same_value)
        && let Some((_, value)) = world.users.recent.iter().find(|(of, _)| *of == path).cloned()
    {
        return value;
    }
    world.users.count += 1;
    let count = world.users.count;
    let value = match holds {
        Holds::Key => Value::text(format!("K{}", world.dice.below(world.users.keys))),
        Holds::Text => Value::text(format!("{CANARY}{count}{}", world.dice.pick(&["a", "Bcd", "cdEfghij"]))),
        Holds::Number => Value::Decimal(Decimal::new(count as i64 * 1000 + world.dice.between(0, 999), 3)),
        Holds::Tags => return Value::set((0..3).filter(|_| world.dice.chance(0.4)).map(tag).collect::<Vec<_>>()),
        Holds::Choice(rows) => Value::text(world.dice.pick(rows)),
        Holds::Ref(object) => {
            let of = world.vendors[vendor].tables.iter().position(|table| table.name.as_str() == object).expect("an object of the shape");
            let live = world.vendors[vendor].tables[of].live();
            if live.is_empty() {
                return Value::Blank;
            }
            let at = *world.dice.pick(&live);
            return Value::text(world.vendors[vendor].tables[of].records[at].key.as_str());
        }
    };
    world.users.recent.insert(0, (path, value.clone()));
    world.users.recent.truncate(RECENT);
    value
}

fn tag(number: u64) -> Value {
    Value::text(format!("{CANARY}t{number}"))
}

/// One more, or one less.
fn toggled(world: &mut World, held: Option<&Value>) -> Value {
    let one = tag(world.dice.below(4));
    let mut held = match held {
        Some(Value::Set(held)) => held.clone(),
        _ => Vec::new(),
    };
    match held.iter().position(|known| *known == one) {
        Some(at) => {
            held.remove(at);
        }
        None => held.push(one),
    }
    if held.is_empty() { Value::Blank } else { Value::set(held) }
}

fn create(world: &mut World, vendor: usize, table: usize) {
    let columns = world.vendors[vendor].tables[table].columns.clone();
    let mut cells = Cells::new();
    for column in &columns {
        if column.path == "Key" || world.dice.chance(0.75) {
            let value = value(world, vendor, column.path, column.holds);
            cells.insert(column.path, value);
        }
    }
    let taken =
        world.vendors[vendor].tables[table].live().iter().any(|at| world.vendors[vendor].tables[table].records[*at].now().cells.get("Key") == cells.get("Key"));
    if taken && world.dice.chance(0.85) {
        return;
    }
    let now_us = world.clock.us();
    let said = spoken(&cells);
    let at = world.vendors[vendor].make(table, cells, By::User { at_us: now_us }, now_us);
    let key = world.vendors[vendor].tables[table].records[at].key.clone();
    told(world, vendor, table, &key, &format!("makes {said}"));
}

fn spoken(cells: &Cells) -> String {
    cells.iter().map(|(path, value)| format!("{path}={value}")).collect::<Vec<_>>().join(" ")
}

fn edit(world: &mut World) {
    let hot = world.users.hot.clone().filter(|_| world.dice.chance(world.users.same_field));
    let mut places: Vec<(usize, usize, usize)> = Vec::new();
    for (vendor, of) in world.vendors.iter().enumerate() {
        for (table, of) in of.tables.iter().enumerate() {
            let named = |at: &usize| hot.as_ref().is_none_or(|(key, _)| of.records[*at].now().cells.get("Key") == Some(key));
            places.extend(of.live().into_iter().filter(named).map(|at| (vendor, table, at)));
        }
    }
    if places.is_empty() {
        return;
    }
    let (vendor, table, at) = *world.dice.pick(&places);
    let columns = world.vendors[vendor].tables[table].columns.clone();
    let count = if world.dice.chance(0.15) { 2 } else { 1 };
    let mut cells: Vec<(&'static str, Value)> = Vec::new();
    for _ in 0..count {
        let column = match &hot {
            Some((_, path)) => columns.iter().find(|column| column.path == *path),
            None if world.dice.chance(0.95) => Some(world.dice.pick(&columns[1..])),
            None => Some(&columns[0]),
        };
        let Some(column) = column else { continue };
        if column.holds == Holds::Tags {
            let held = world.vendors[vendor].tables[table].records[at].now().cells.get(column.path).cloned();
            cells.push((column.path, toggled(world, held.as_ref())));
            continue;
        }
        let value = if column.path != "Key" && world.dice.chance(0.1) { Value::Blank } else { value(world, vendor, column.path, column.holds) };
        cells.push((column.path, value));
    }
    let Some((path, _)) = cells.first() else { return };
    let key = world.vendors[vendor].tables[table].records[at].now().cells.get("Key").cloned().unwrap_or_default();
    world.users.hot = Some((key, path));
    let now_us = world.clock.us();
    world.vendors[vendor].set(table, at, &cells, By::User { at_us: now_us }, now_us);
    let key = world.vendors[vendor].tables[table].records[at].key.clone();
    let said: Vec<String> = cells.iter().map(|(path, value)| format!("{path}={value}")).collect();
    told(world, vendor, table, &key, &said.join(" "));
}

fn delete(world: &mut World, vendor: usize, table: usize) {
    let live = world.vendors[vendor].tables[table].live();
    if live.is_empty() {
        return;
    }
    let at = *world.dice.pick(&live);
    remove(world, vendor, table, at, "deletes");
}

fn remove(world: &mut World, vendor: usize, table: usize, at: usize, how: &str) {
    let now_us = world.clock.us();
    world.vendors[vendor].change(table, at, now_us, |state| state.deleted = true);
    let rec = &mut world.vendors[vendor].tables[table].records[at];
    rec.deleted_us.push(now_us);
    let key = rec.key.clone();
    told(world, vendor, table, &key, how);
}

fn restore(world: &mut World, vendor: usize, table: usize) {
    let gone: Vec<usize> = (0..world.vendors[vendor].tables[table].records.len())
        .filter(|at| {
            let state = world.vendors[vendor].tables[table].records[*at].now();
            state.deleted || state.archived
        })
        .collect();
    if gone.is_empty() {
        return;
    }
    let at = *world.dice.pick(&gone);
    let now_us = world.clock.us();
    world.vendors[vendor].change(table, at, now_us, |state| (state.deleted, state.archived) = (false, false));
    let key = world.vendors[vendor].tables[table].records[at].key.clone();
    told(world, vendor, table, &key, "restores");
}

/// The survivor takes what it has not itself; the other one is gone.
fn merge(world: &mut World, vendor: usize, table: usize) {
    let live = world.vendors[vendor].tables[table].live();
    if live.len() < 2 {
        return;
    }
    let (into, from) = (*world.dice.pick(&live), *world.dice.pick(&live));
    if into == from {
        return;
    }
    let records = &world.vendors[vendor].tables[table].records;
    let (own, other) = (records[into].now().cells.clone(), records[from].now().cells.clone());
    let more = |path: &&str| own.get(*path).is_none_or(Value::is_blank);
    let cells: Vec<(&'static str, Value)> = other.into_iter().filter(|(path, value)| more(path) && !value.is_blank()).collect();
    let now_us = world.clock.us();
    if !cells.is_empty() {
        world.vendors[vendor].set(table, into, &cells, By::User { at_us: now_us }, now_us);
        let key = world.vendors[vendor].tables[table].records[into].key.clone();
        told(world, vendor, table, &key, "takes over from its twin");
    }
    remove(world, vendor, table, from, "is merged away");
}

/// The trace tells it, and the vendor may send a delivery, or two, soon or late.
fn told(world: &mut World, vendor: usize, table: usize, key: &RecordKey, what: &str) {
    let (name, object) = (world.vendors[vendor].shape.name, world.vendors[vendor].tables[table].name.clone());
    world.note(format_args!("user: {name} {object} {key} {what}"));
    if !world.vendors[vendor].shape.deliveries || world.thrown(|rates| rates.delivery_lost) {
        return;
    }
    world.users.hints += 1;
    let id = world.users.hints;
    let copies = if world.dice.chance(0.1) { 2 } else { 1 };
    for _ in 0..copies {
        let late = match world.dice.below(10) {
            0 => 24 * 60 * MINUTE,
            1 | 2 => 10 * MINUTE,
            _ => 2 * SECOND,
        };
        let due_us = world.clock.us() + world.dice.below(late as u64) as i64;
        world.hints.push_back(Hint { due_us, vendor, object: object.clone(), key: key.clone(), id });
    }
}
