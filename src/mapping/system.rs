//! A system of a mapping: which records take part, and what becomes of them.

use super::Place;
use crate::expr::{Program, Template};
use crate::id::{ConnectionName, ObjectName, SystemName};
use crate::value::Path;
use crate::value::record::Columns;

/// One column of the crosswalk table.
#[derive(Debug)]
pub struct System {
    pub name: SystemName,
    pub was: Option<SystemName>,
    pub connection: ConnectionName,
    pub object: ObjectName,
    /// What this mapping asks of its records. A feed may carry more: see [`crate::mapping::observe::Columns`](super::observe).
    pub columns: Columns,
    /// Over the record's paths: slots are positions in `columns`.
    pub takes_part: Option<Program>,
    pub locked: Option<Program>,
    pub create: Create,
    /// More values for a record that we make: templates over the entity.
    pub new: Vec<(Path, Template)>,
    /// The wall, over the entity.
    pub only: Option<Program>,
    pub leaves: Leaves,
    /// Whether a record found here may start an entity.
    pub starts: bool,
    /// Consent to writes of whole records that the vendor cannot check.
    pub unguarded: bool,
    pub place: Place,
}

/// For which entities a missing record is made.
#[derive(Debug)]
pub enum Create {
    Never,
    Always,
    When(Program),
}

/// What becomes of a record when the wall no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    Stop,
    Archive,
    Delete,
    Ask,
}
