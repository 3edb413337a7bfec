//! `values:`: rows of agreed value and each system's spellings.

use std::collections::HashMap;

use super::SystemIx;
use crate::value::{Str, Value};

/// The rows in their order, which is the order of `highest` and `<`.
#[derive(Debug)]
pub struct Rows {
    pub rows: Vec<Row>,
    /// Per system: a vendor's spelling to its row.
    read: Vec<HashMap<Str, u16>>,
    names: HashMap<Str, u16>,
}

/// One agreed value.
#[derive(Debug)]
pub struct Row {
    pub name: Str,
    pub was: Option<Str>,
    /// One place per system: all spellings are read, the first is written; empty: not in this system.
    pub spellings: Vec<Option<Vec<Str>>>,
}

impl Rows {
    /// Rows with their look-ups; `systems` is how many the mapping has. Of a spelling in two rows the first counts (the check refuses it).
    pub fn new(rows: Vec<Row>, systems: usize) -> Rows {
        let mut read = vec![HashMap::new(); systems];
        let mut names = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            names.insert(row.name.clone(), at as u16);
            for (system, spellings) in row.spellings.iter().enumerate() {
                for spelling in spellings.iter().flatten() {
                    read[system].entry(spelling.clone()).or_insert(at as u16);
                }
            }
        }
        // A former name still says which row it was, unless a row of today has it.
        for (at, row) in rows.iter().enumerate() {
            if let Some(was) = &row.was {
                names.entry(was.clone()).or_insert(at as u16);
            }
        }
        Rows { rows, read, names }
    }

    /// By its name of today, or a former one.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.get(name).map(|at| *at as usize)
    }

    /// The rows a value names: one, or those of a set in their order. `None` if it names what is no row.
    pub fn positions(&self, value: &Value) -> Option<Vec<usize>> {
        let one = |value: &Value| if let Value::Text(name) = value { self.position(name) } else { None };
        let mut rows = match value {
            Value::Set(elements) => elements.iter().map(one).collect::<Option<Vec<_>>>()?,
            value => vec![one(value)?],
        };
        rows.sort_unstable();
        Some(rows)
    }

    /// The row that a system's spelling is read as.
    pub fn read(&self, system: SystemIx, spelling: &str) -> Option<&Row> {
        self.read[system.0 as usize].get(spelling).map(|at| &self.rows[*at as usize])
    }

    /// What is written for a row; `None` where it has no counterpart.
    pub fn spelling(&self, row: usize, system: SystemIx) -> Option<&Str> {
        self.rows[row].spellings[system.0 as usize].as_ref()?.first()
    }

    pub fn names(&self) -> impl Iterator<Item = &Str> {
        self.rows.iter().map(|row| &row.name)
    }
}
