//! A vendor in memory: tables of records with all their past, so that a read may be as stale as the vendor's sheet allows.

mod feed;
mod port;
mod shown;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};
use syncline::id::{EntryId, ObjectName, RecordKey};
use syncline::system::Abilities;
use syncline::value::Value;

pub use port::Port;
pub use write::Did;

use super::check::told::Told;
use super::shape::{Column, Lossy, VendorShape};
use super::time::micros;

pub type Cells = BTreeMap<&'static str, Value>;

/// Who typed what stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    User { at_us: i64 },
    Engine,
}

/// A record as it is or was.
#[derive(Clone, Debug)]
pub struct State {
    pub from_us: i64,
    pub cells: Cells,
    pub by: BTreeMap<&'static str, By>,
    /// Number of the change that made it so.
    pub change: u64,
    /// Modified time, by the vendor's clock.
    pub time_us: i64,
    pub deleted: bool,
    pub archived: bool,
}

#[derive(Clone, Debug)]
pub struct Rec {
    pub key: RecordKey,
    /// Oldest first; the last is how it is.
    pub states: Vec<State>,
    pub made_by: Option<EntryId>,
    pub marker: Option<Value>,
    /// As of when the engine last read it, for the window of a write that nobody checks.
    pub read_us: i64,
    /// Everything a user ever typed in a cell.
    pub typed: Vec<(&'static str, Value, i64)>,
    /// When a user deleted it.
    pub deleted_us: Vec<i64>,
    /// What the engine was told of each cell, and when last.
    pub told: BTreeMap<&'static str, Vec<Told>>,
    pub told_us: i64,
}

impl Rec {
    pub fn now(&self) -> &State {
        self.states.last().expect("a record begins with a state")
    }

    pub fn is_live(&self) -> bool {
        !self.now().deleted
    }

    /// As it was then; none before it was made.
    pub fn then(&self, at_us: i64) -> Option<&State> {
        self.states.iter().rev().find(|state| state.from_us <= at_us)
    }
}

#[derive(Debug)]
pub struct Table {
    pub name: ObjectName,
    pub columns: Vec<Column>,
    pub records: Vec<Rec>,
    pub last: u64,
    /// Keys made for a token.
    pub tokens: BTreeMap<EntryId, RecordKey>,
}

impl Table {
    pub fn at(&self, key: &RecordKey) -> Option<usize> {
        self.records.iter().position(|rec| rec.key == *key)
    }

    pub fn column(&self, path: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.path == path)
    }

    pub fn live(&self) -> Vec<usize> {
        (0..self.records.len()).filter(|at| self.records[*at].is_live()).collect()
    }
}

/// What goes wrong with a vendor for a while.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// Nothing is answered until then.
    pub down_until_us: i64,
    /// The credentials are revoked until then.
    pub revoked_until_us: i64,
    /// One column is not told until then.
    pub hidden: Option<(&'static str, i64)>,
    /// An object may not be read until then.
    pub forbidden: Option<(ObjectName, i64)>,
    /// An object is not as the files say until then.
    pub drifted: Option<(ObjectName, i64)>,
}

#[derive(Debug)]
pub struct Vendor {
    pub shape: VendorShape,
    pub abilities: Arc<Abilities>,
    pub tables: Vec<Table>,
    pub trouble: Trouble,
    /// Its clock was set: times before that are off.
    pub has_jumped: bool,
    next_key: u64,
}

impl Vendor {
    pub fn new(shape: &VendorShape, objects: Vec<(&'static str, Vec<Column>)>) -> Self {
        let table = |(name, columns): (&'static str, Vec<Column>)| Table {
            name: ObjectName::new(name),
            columns,
            records: Vec::new(),
            last: 0,
            tokens: BTreeMap::new(),
        };
        Self {
            shape: shape.clone(),
            abilities: Arc::new(shape.abilities.clone()),
            tables: objects.into_iter().map(table).collect(),
            trouble: Trouble::default(),
            has_jumped: false,
            next_key: 0,
        }
    }

    pub fn table(&self, object: &ObjectName) -> usize {
        self.tables.iter().position(|table| table.name == *object).expect("mappings name what the shape has")
    }

    pub fn read_lag_us(&self) -> i64 {
        micros(self.shape.abilities.read_lag)
    }

    /// The vendor's clock, cut to its grain.
    fn stamp(&self, now_us: i64) -> i64 {
        let drift = (now_us % 1_000_000_000_000) / 1_000_000 * self.shape.drift_ppm;
        let time = now_us + self.shape.offset_us + drift;
        time - time.rem_euclid(self.shape.grain_us)
    }

    /// The clock's error as a client measures it, in seconds.
    pub fn measured_offset(&self, now_us: i64) -> f64 {
        let drift = (now_us % 1_000_000_000_000) / 1_000_000 * self.shape.drift_ppm;
        ((self.shape.offset_us + drift) as f64 / 1e6).round()
    }

    pub fn make(&mut self, table: usize, cells: Cells, by: By, now_us: i64) -> usize {
        self.next_key += 1;
        let key = RecordKey::new(format!("{}{}", &self.shape.name[..1], self.next_key));
        let time_us = self.stamp(now_us);
        let columns = &self.tables[table].columns;
        let cells: Cells = cells.into_iter().map(|(path, value)| (path, kept(columns, path, value))).collect();
        let table = &mut self.tables[table];
        table.last += 1;
        let typed = match by {
            By::User { at_us } => table.columns.iter().map(|c| (c.path, cells.get(c.path).cloned().unwrap_or_default(), at_us)).collect(),
            By::Engine => Vec::new(),
        };
        let by = cells.keys().map(|path| (*path, by)).collect();
        let state = State { from_us: now_us, cells, by, change: table.last, time_us, deleted: false, archived: false };
        table.records.push(Rec {
            key,
            states: vec![state],
            made_by: None,
            marker: None,
            read_us: now_us,
            typed,
            deleted_us: Vec::new(),
            told: BTreeMap::new(),
            told_us: i64::MIN,
        });
        table.records.len() - 1
    }

    /// Changes a record; nothing but its state is touched.
    pub fn change(&mut self, table: usize, rec: usize, now_us: i64, how: impl FnOnce(&mut State)) {
        let time_us = self.stamp(now_us);
        let table = &mut self.tables[table];
        table.last += 1;
        let rec = &mut table.records[rec];
        let mut state = rec.now().clone();
        how(&mut state);
        (state.from_us, state.change) = (now_us, table.last);
        state.time_us = time_us;
        rec.states.push(state);
    }

    pub fn set(&mut self, table: usize, rec: usize, cells: &[(&'static str, Value)], by: By, now_us: i64) {
        let columns = self.tables[table].columns.clone();
        let kept: Vec<(&'static str, Value)> = cells.iter().map(|(path, value)| (*path, kept(&columns, path, value.clone()))).collect();
        if let By::User { at_us } = by {
            let typed = kept.iter().map(|(path, value)| (*path, value.clone(), at_us));
            self.tables[table].records[rec].typed.extend(typed);
        }
        self.change(table, rec, now_us, |state| {
            for (path, value) in kept {
                state.by.insert(path, by);
                state.cells.insert(path, value);
            }
        });
    }
}

/// What a column makes of a value.
pub fn kept(columns: &[Column], path: &str, value: Value) -> Value {
    let lossy = columns.iter().find(|column| column.path == path).map_or(Lossy::No, |column| column.lossy);
    match (lossy, value) {
        (Lossy::Cut(length), Value::Text(text)) => Value::text(text.chars().take(length).collect::<String>()),
        (Lossy::Fold, Value::Text(text)) => Value::text(text.to_lowercase()),
        (Lossy::Round(scale), Value::Decimal(number)) => Value::Decimal(rounded(number, scale)),
        (_, Value::List(elements) | Value::Set(elements)) if elements.is_empty() => Value::Blank,
        (_, Value::List(elements)) => Value::set(elements),
        (_, value) => value,
    }
}

fn rounded(number: Decimal, scale: u32) -> Decimal {
    number.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero)
}
