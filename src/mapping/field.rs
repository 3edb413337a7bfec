//! A field of a mapping and its cells: how each system's value is read, written and typed.

use super::values::Rows;
use super::{Place, Wins};
use crate::expr::Program;
use crate::id::{FieldName, MappingName};
use crate::value::record::Form;
use crate::value::{Kind, Path, Value};

/// One row of the crosswalk table.
#[derive(Debug)]
pub struct Field {
    pub name: FieldName,
    pub was: Option<FieldName>,
    pub kind: Kind,
    pub required: bool,
    /// `values:`; the agreed value is then the row's name as a text.
    pub rows: Option<Rows>,
    pub unknown: Unknown,
    pub wins: Wins,
    /// `evidence: certain`: a newest edit without proven order goes to review.
    pub certain: bool,
    /// One place per system, in the mapping's order.
    pub cells: Vec<Option<CellProgram>>,
    /// Changes when what the field means in a system changes; one per system.
    pub meaning: Vec<u64>,
    pub place: Place,
}

/// The stand-in for a value without counterpart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It waits and is reported.
    Hold,
    /// This row of `values:`.
    Row(u16),
    /// For a reference: the entity whose first match field has this value.
    Match(Value),
}

/// How one system holds a field. `column` is a position in [`super::System::columns`].
#[derive(Debug)]
pub enum CellProgram {
    /// One path, read and written.
    Path { column: u16, path: Path, form: Form },
    /// A reference held by a field of the mapping referred to, not by record key.
    KeyedRef { column: u16, path: Path, form: Form, mapping: MappingName, field: FieldName },
    /// Parts of one value, in the order of [`PartName`].
    Parts(Vec<Part>),
    /// Expressions: `read` over the record's paths, `write` over the entity.
    Computed { read: Option<Program>, write: Option<Vec<(Path, Form, Program)>> },
}

/// One part of a value of several paths.
#[derive(Debug)]
pub struct Part {
    pub part: PartName,
    pub column: u16,
    pub path: Path,
    pub form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartName {
    Amount,
    Currency,
    First,
    Last,
    Street,
    City,
    Region,
    Postcode,
    Country,
}

impl CellProgram {
    pub fn reads(&self) -> bool {
        !matches!(self, CellProgram::Computed { read: None, .. })
    }

    pub fn writes(&self) -> bool {
        !matches!(self, CellProgram::Computed { write: None, .. })
    }
}
