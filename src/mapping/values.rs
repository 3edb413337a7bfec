//! `values:`: rows of agreed value and each system's spellings.

use std::collections::{BTreeMap, HashMap};

use super::SystemIx;
use crate::value::{Str, Value};

/// The rows in their order, which is the order of `highest` and `<`.
#[derive(Debug)]
pub struct Rows {
    pub rows: Vec<Row>,
    /// Per system: a vendor's spelling to its row.
    read: Vec<Readings>,
    names: HashMap<Str, u16>,
}

/// One agreed value.
#[derive(Debug)]
pub struct Row {
    pub name: Str,
    pub was: Option<Str>,
    /// One place per system: all spellings are read, the first is written; empty: not in this system.
    pub spellings: Vec<Option<Spellings>>,
}

/// How one system spells a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spellings {
    Always(Vec<Str>),
    /// By what the record shows at the path of `by`.
    By(BTreeMap<Str, Vec<Str>>),
}

impl Spellings {
    /// Those that count in a record which shows `by`.
    fn under(&self, by: Option<&str>) -> &[Str] {
        match self {
            Spellings::Always(spellings) => spellings,
            Spellings::By(spellings) => by.and_then(|by| spellings.get(by)).map_or(&[], Vec::as_slice),
        }
    }

    pub fn all(&self) -> impl Iterator<Item = &Str> {
        let (always, by) = match self {
            Spellings::Always(spellings) => (Some(spellings), None),
            Spellings::By(spellings) => (None, Some(spellings)),
        };
        always.into_iter().flatten().chain(by.into_iter().flat_map(BTreeMap::values).flatten())
    }
}

/// What a system's spellings are read as.
#[derive(Clone, Debug, Default)]
struct Readings {
    always: HashMap<Str, u16>,
    by: HashMap<Str, HashMap<Str, u16>>,
}

impl Rows {
    /// Rows with their look-ups; `systems` is how many the mapping has. Of a spelling in two rows the first counts (the check refuses it).
    pub fn new(rows: Vec<Row>, systems: usize) -> Rows {
        let mut read = vec![Readings::default(); systems];
        let mut names = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            names.insert(row.name.clone(), at as u16);
            for (system, spellings) in row.spellings.iter().enumerate() {
                match spellings {
                    None => {}
                    Some(Spellings::Always(spellings)) => {
                        spellings.iter().for_each(|spelling| {
                            read[system].always.entry(spelling.clone()).or_insert(at as u16);
                        });
                    }
                    Some(Spellings::By(values)) => {
                        for (by, spelling) in values.iter().flat_map(|(by, spellings)| spellings.iter().map(move |spelling| (by, spelling))) {
                            read[system].by.entry(by.clone()).or_default().entry(spelling.clone()).or_insert(at as u16);
                        }
                    }
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

    /// The row that a system's spelling is read as, in a record that shows `by`.
    pub fn read(&self, system: SystemIx, by: Option<&str>, spelling: &str) -> Option<&Row> {
        let readings = &self.read[system.0 as usize];
        let under = by.and_then(|by| readings.by.get(by)).and_then(|under| under.get(spelling));
        under.or_else(|| readings.always.get(spelling)).map(|at| &self.rows[*at as usize])
    }

    /// What is written for a row; `None` where it has no counterpart.
    pub fn spelling(&self, row: usize, system: SystemIx, by: Option<&str>) -> Option<&Str> {
        self.rows[row].spellings[system.0 as usize].as_ref()?.under(by).first()
    }

    pub fn names(&self) -> impl Iterator<Item = &Str> {
        self.rows.iter().map(|row| &row.name)
    }
}
