//! A record read into agreed terms.

use jiff::Timestamp;

use crate::id::RecordKey;
use crate::value::record::Gate;
use crate::value::{Str, Value};

/// What a record shows of each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    NoCell,
    /// Not told to us: it never counts.
    Unread,
    /// A reference whose target is not linked here yet: neither blank nor an edit.
    Unresolved(RecordKey),
    /// A reference by a field of its target, to be resolved.
    UnresolvedBy(Value),
    /// There, but no row, or not of the field's type: reported, never counts.
    Unfit(Str),
    Value(Value),
}

/// One record as the mapping understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub key: RecordKey,
    pub identity: RecordKey,
    pub version: Option<Str>,
    pub time: Option<Timestamp>,
    /// One per field of the mapping.
    pub fields: Vec<Seen>,
    /// `where` holds. `None`: a path in it was unread, which counts as false.
    pub takes_part: Option<bool>,
    /// `locked` holds, beside the connector's gates.
    pub locked: bool,
    pub gate: Gate,
    pub archived: bool,
    /// [`crate::value::fingerprint`] of all that counts above: equal means nothing new.
    pub fingerprint: u64,
}
