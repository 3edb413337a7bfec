//! What the core needs to know of a mapping, and nothing more: so that a table can stand in for one in tests.

use std::cmp::Ordering;

use super::entity::{FieldIx, SystemIx};
use crate::mapping::matching::MatchRule;
use crate::mapping::system::Leaves;
use crate::mapping::{EntityView, Keeps, Place, Wins};
use crate::value::{Path, Str, Value};

/// How a system takes part in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It has no cell: no shadow, nothing owed.
    None,
    Both,
    /// Votes, and is never owed.
    ReadOnly,
    /// Is owed, and never a candidate.
    WriteOnly,
}

impl Access {
    pub fn reads(self) -> bool {
        matches!(self, Access::Both | Access::ReadOnly)
    }

    pub fn writes(self) -> bool {
        matches!(self, Access::Both | Access::WriteOnly)
    }
}

/// A mapping as the core sees it.
pub trait Terms: Send + Sync {
    fn system_count(&self) -> usize;
    fn field_count(&self) -> usize;
    fn system_name(&self, system: SystemIx) -> &str;
    fn field_name(&self, field: FieldIx) -> &str;
    fn field_place(&self, field: FieldIx) -> Option<&Place>;
    fn access(&self, field: FieldIx, system: SystemIx) -> Access;
    /// Whether a record being made is given the field: some can only be set at birth.
    fn writes_new(&self, field: FieldIx, system: SystemIx) -> bool;
    fn wins(&self, field: FieldIx) -> &Wins;
    /// Who owns the field by the lines of its `wins`, as this entity is; `None` where it has none.
    fn owner(&self, field: FieldIx, view: &dyn EntityView) -> Option<SystemIx>;
    /// The computed fields, each behind those it draws on.
    fn formulas(&self) -> &[FieldIx];
    /// What a computed field is, or why it cannot be told; `None` for a field that is not computed.
    fn computed(&self, field: FieldIx, view: &dyn EntityView) -> Option<Result<Value, Str>>;
    /// `evidence: certain`.
    fn certain(&self, field: FieldIx) -> bool;
    fn required(&self, field: FieldIx) -> bool;
    /// The field is a `set(…)`: merged element by element.
    fn is_set(&self, field: FieldIx) -> bool;
    fn starts(&self, system: SystemIx) -> bool;
    fn leaves(&self, system: SystemIx) -> Leaves;
    /// The system has an `only`.
    fn walled(&self, system: SystemIx) -> bool;
    fn inside_wall(&self, system: SystemIx, view: &dyn EntityView) -> bool;
    /// `create` is not `never`.
    fn creates(&self, system: SystemIx) -> bool;
    fn create_wanted(&self, system: SystemIx, view: &dyn EntityView) -> bool;
    /// Whether `create` asks for the field.
    fn create_asks(&self, system: SystemIx, field: FieldIx) -> bool;
    /// What the system shows once it was given the value; `None` where it has no form for it.
    fn form(&self, field: FieldIx, system: SystemIx, value: &Value, view: &dyn EntityView) -> Option<Value>;
    /// Which values the system is sure to show just as it was given them.
    fn keeps(&self, field: FieldIx, system: SystemIx) -> Keeps;
    fn same(&self, field: FieldIx, a: &Value, b: &Value) -> bool;
    fn compare(&self, field: FieldIx, a: &Value, b: &Value) -> Option<Ordering>;
    /// The paths that a field's cell there writes.
    fn paths(&self, field: FieldIx, system: SystemIx) -> Vec<&Path>;
    fn match_rules(&self) -> &[MatchRule];

    fn systems(&self) -> std::iter::Map<std::ops::Range<u16>, fn(u16) -> SystemIx> {
        (0..self.system_count() as u16).map(SystemIx as fn(u16) -> SystemIx)
    }

    fn fields(&self) -> std::iter::Map<std::ops::Range<u16>, fn(u16) -> FieldIx> {
        (0..self.field_count() as u16).map(FieldIx as fn(u16) -> FieldIx)
    }
}
