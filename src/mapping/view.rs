//! What expressions over an entity may see of it.

use jiff::civil::Date;

use super::{FieldIx, SystemIx};
use crate::value::Value;

/// An entity as `create`, `only`, `new`, `write` see it.
pub trait EntityView {
    fn agreed(&self, field: FieldIx) -> Value;

    /// The agreed value of another mapping's field, through a reference of this entity: `partner.tier`. Blank if the reference is.
    fn through(&self, reference: FieldIx, field: &str) -> Value;

    /// The record there (in any system for `None`) was seen deleted or archived, and not by us.
    fn deleted(&self, system: Option<SystemIx>) -> bool;

    /// It no longer fits `where` there.
    fn outside(&self, system: Option<SystemIx>) -> bool;

    fn today(&self) -> Date;

    /// The record key of the referred entity in `system`'s connection; `None` while it has no live link there.
    fn key_of(&self, reference: &Value, field: FieldIx, system: SystemIx) -> Option<crate::id::RecordKey>;

    /// The value of a field of the referred entity, for references held by a field.
    fn field_of(&self, reference: &Value, field: FieldIx, through: &str) -> Option<Value>;
}
