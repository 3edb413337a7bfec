//! What a read tells about one record, in typed cells: the form in which connectors hand records to everything above.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Path, Str, Value};
use crate::id::RecordKey;

/// What one read of an object asks for; shared by all records of the read.
pub type Columns = Arc<[Column]>;

/// One path asked for, and how its vendor's spelling is to be understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    pub path: Path,
    pub form: Form,
}

/// The wire kinds of a connector file; `Natural` takes what the connector's `fields` or the JSON type says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    Natural,
    Text,
    Integer,
    Decimal,
    Money,
    Boolean,
    Date,
    Instant,
    Enum,
    /// A record key of another object.
    Ref,
    /// A structured address or name that the connector knows by its parts.
    Document,
    List(Box<Form>),
}

/// One value of a record as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Not told to us (no permission, partial answer): it never counts and is never taken for blank.
    Unread,
    /// Told, but not of the form the column has: reported, and never counts.
    Wrong(Str),
    Value(Value),
}

/// Whether the record may be written now, in the connector's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    #[default]
    Open,
    /// Only these paths may be written; the rest waits or is refused.
    Only(Vec<Path>, Closed),
    Shut(Closed),
}

/// What a gate means for an op.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Not now; what is owed stays owed.
    Wait,
    /// Never: a dead letter with this reason.
    Refused(Str),
}

/// One record as a read showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: RecordKey,
    /// What two spellings of one key have in common; the same as `key` for most vendors.
    pub identity: RecordKey,
    /// Opaque; sent back byte for byte as a precondition.
    pub version: Option<Str>,
    /// When the vendor last changed it, by the vendor's clock.
    pub time: Option<Timestamp>,
    /// Who the vendor says changed it last.
    pub actor: Option<Str>,
    /// One per column of the read, in its order.
    pub cells: Vec<Cell>,
    pub gate: Gate,
    /// The values that archiving sets are there, or the record was found among the archived only.
    pub archived: bool,
}

/// A value to write, with its path and wire kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteCell {
    pub path: Path,
    pub form: Form,
    /// `Ref`s are already record keys (texts).
    pub value: Value,
    /// For references: the object referred to.
    pub target: Option<crate::id::ObjectName>,
}
