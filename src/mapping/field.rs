//! A field of a mapping and its cells: how each system's value is read, written and typed.

use super::values::Rows;
use super::world::{Access, Shows};
use super::{FieldIx, Formula, Place, Target, Wins};
use crate::expr::Program;
use crate::id::{FieldName, MappingName};
use crate::value::money::Currency;
use crate::value::record::Form;
use crate::value::{Kind, Path, Str, Value};

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
    /// The conditions of `wins`, one for each of its lines but the last.
    pub conditions: Vec<Program>,
    /// How it is computed; nobody's edit decides it then.
    pub formula: Option<Formula>,
    /// `evidence: certain`: a newest edit without proven order goes to review.
    pub certain: bool,
    /// One place per system, in the mapping's order.
    pub cells: Vec<Option<CellProgram>>,
    /// For references: where each system's keys are found, one per system; `None` where the field has no cell, or the cell holds no record key.
    pub targets: Vec<Option<Target>>,
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
    /// `currency` is that of amounts there, if it can hold only one.
    Path { column: u16, path: Path, form: Form, shows: Shows, access: Access, currency: Option<Currency>, by: Option<By> },
    /// A reference held by a field of the mapping referred to, not by record key. `kind` is that field's.
    KeyedRef { column: u16, path: Path, form: Form, mapping: MappingName, field: FieldName, kind: Kind, access: Access },
    /// Parts of one value, in the order of [`PartName`].
    Parts(Vec<Part>),
    /// Expressions: `read` over the record's paths, `write` over the entity.
    Computed { read: Option<Program>, write: Option<Vec<Written>> },
}

/// A path of the record on which it hangs which rows of a choice apply.
#[derive(Debug)]
pub struct By {
    pub column: u16,
    pub path: Path,
    pub born: Born,
}

/// What a record that we make will show at the path of `by`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Born {
    /// As `new` or `where` say.
    Always(Str),
    /// As this field is written there.
    Field(FieldIx),
    /// No record is made, or nothing says.
    Unsaid,
}

/// One path that a computed cell writes.
#[derive(Debug)]
pub struct Written {
    pub path: Path,
    pub form: Form,
    /// The column that reads the same path, if `read` sees it: what is written can then be read back without asking.
    pub column: Option<u16>,
    pub program: Program,
}

/// One part of a value of several paths.
#[derive(Debug)]
pub struct Part {
    pub part: PartName,
    pub column: u16,
    pub path: Path,
    pub form: Form,
    pub shows: Shows,
    pub access: Access,
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
    /// The paths that a write of the cell may touch.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            CellProgram::Path { path, .. } | CellProgram::KeyedRef { path, .. } => vec![path],
            CellProgram::Parts(parts) => parts.iter().map(|part| &part.path).collect(),
            CellProgram::Computed { write, .. } => write.iter().flatten().map(|written| &written.path).collect(),
        }
    }

    pub fn reads(&self) -> bool {
        !matches!(self, CellProgram::Computed { read: None, .. })
    }

    /// Whether an existing record's value is ever written.
    pub fn writes(&self) -> bool {
        match self {
            CellProgram::Path { access, .. } | CellProgram::KeyedRef { access, .. } => *access == Access::ReadWrite,
            CellProgram::Parts(parts) => parts.iter().all(|part| part.access == Access::ReadWrite),
            CellProgram::Computed { write, .. } => write.is_some(),
        }
    }

    /// Whether a record being made is given the value: fields that can only be set at birth count too.
    pub fn writes_new(&self) -> bool {
        match self {
            CellProgram::Path { access, .. } | CellProgram::KeyedRef { access, .. } => *access != Access::ReadOnly,
            CellProgram::Parts(parts) => parts.iter().all(|part| part.access != Access::ReadOnly),
            CellProgram::Computed { write, .. } => write.is_some(),
        }
    }
}

impl Field {
    /// Whether the field is a reference or a set of them.
    pub fn refers_to(&self) -> Option<&MappingName> {
        match &self.kind {
            Kind::Ref(mapping) => Some(mapping),
            Kind::Set(of) => match &**of {
                Kind::Ref(mapping) => Some(mapping),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn is_set(&self) -> bool {
        matches!(self.kind, Kind::Set(_))
    }
}

impl PartName {
    pub fn as_str(self) -> &'static str {
        match self {
            PartName::Amount => "amount",
            PartName::Currency => "currency",
            PartName::First => "first",
            PartName::Last => "last",
            PartName::Street => "street",
            PartName::City => "city",
            PartName::Region => "region",
            PartName::Postcode => "postcode",
            PartName::Country => "country",
        }
    }

    /// The parts that values of a kind have.
    pub fn of(kind: &Kind) -> &'static [PartName] {
        match kind {
            Kind::Money => &[PartName::Amount, PartName::Currency],
            Kind::Name => &[PartName::First, PartName::Last],
            Kind::Address => &[PartName::Street, PartName::City, PartName::Region, PartName::Postcode, PartName::Country],
            _ => &[],
        }
    }
}
