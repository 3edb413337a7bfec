//! `values:`: rows of agreed value and each system's spellings.

use crate::value::Str;

/// The rows in their order, which is the order of `highest` and `<`.
#[derive(Debug)]
pub struct Rows {
    pub rows: Vec<Row>,
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
    pub fn position(&self, name: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.name == name)
    }
}
