//! A record as an answer tells it.

use syncline::id::RecordKey;
use syncline::system::Read;
use syncline::value::record::{Cell, Gate, Record};
use syncline::value::{Str, Value};

use super::super::time::instant;
use super::{Rec, State, Vendor};

impl Vendor {
    /// The cells that a read asks for; a hidden column is not told.
    pub fn shown(&self, read: &Read, rec: &Rec, state: &State, hidden: Option<&str>) -> Record {
        let cell = |path: &str| {
            if hidden == Some(path) {
                return Cell::Unread;
            }
            match path {
                "Marker" => Cell::Value(rec.marker.clone().unwrap_or_default()),
                path => Cell::Value(state.cells.get(path).cloned().unwrap_or_default()),
            }
        };
        Record {
            key: rec.key.clone(),
            identity: rec.key.clone(),
            version: self.shape.versions.then(|| spelt(state.change)),
            time: Some(instant(state.time_us)),
            actor: None,
            cells: read.columns.iter().map(|column| cell(&column.path.to_string())).collect(),
            gate: Gate::Open,
            archived: state.archived,
        }
    }

    pub fn find(&self, table: usize, path: &str, value: &Value, as_of_us: i64) -> Vec<(usize, RecordKey)> {
        let held = |rec: &Rec| {
            let state = rec.then(as_of_us).filter(|state| !state.deleted)?;
            let held = if path == "Marker" { rec.marker.as_ref() } else { state.cells.get(path) };
            held.filter(|held| *held == value).map(|_| rec.key.clone())
        };
        self.tables[table].records.iter().enumerate().filter_map(|(at, rec)| Some((at, held(rec)?))).collect()
    }
}

pub fn spelt(change: u64) -> Str {
    Str::from(format!("v{change}"))
}
