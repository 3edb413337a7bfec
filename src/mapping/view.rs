//! What expressions over an entity may see of it.

use jiff::civil::Date;

use super::{FieldIx, SystemIx};
use crate::id::RecordKey;
use crate::value::{Str, Value};

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
    fn key_of(&self, reference: &Value, field: FieldIx, system: SystemIx) -> Option<RecordKey>;

    /// The value of a field of the referred entity, for references held by a field.
    fn field_of(&self, reference: &Value, field: FieldIx, through: &str) -> Option<Value>;

    /// What its record in `system` shows at the path on which the values of `field` hang (`by:`); `None` where none was read.
    fn told_by(&self, _field: FieldIx, _system: SystemIx) -> Option<Str> {
        None
    }

    /// The entity that stands in for one without counterpart (`unknown:` of a reference): the one whose first match field has this value.
    fn stand_in(&self, field: FieldIx, by: &Value) -> Option<Value>;
}

/// An entity with one field's value in the place of what it has: what a `write` would give for it.
pub struct WithValue<'a> {
    pub field: FieldIx,
    pub value: &'a Value,
    pub view: &'a dyn EntityView,
}

impl EntityView for WithValue<'_> {
    fn agreed(&self, field: FieldIx) -> Value {
        if field == self.field { self.value.clone() } else { self.view.agreed(field) }
    }

    fn through(&self, reference: FieldIx, field: &str) -> Value {
        self.view.through(reference, field)
    }

    fn deleted(&self, system: Option<SystemIx>) -> bool {
        self.view.deleted(system)
    }

    fn outside(&self, system: Option<SystemIx>) -> bool {
        self.view.outside(system)
    }

    fn today(&self) -> Date {
        self.view.today()
    }

    fn key_of(&self, reference: &Value, field: FieldIx, system: SystemIx) -> Option<RecordKey> {
        self.view.key_of(reference, field, system)
    }

    fn field_of(&self, reference: &Value, field: FieldIx, through: &str) -> Option<Value> {
        self.view.field_of(reference, field, through)
    }

    fn told_by(&self, field: FieldIx, system: SystemIx) -> Option<Str> {
        self.view.told_by(field, system)
    }

    fn stand_in(&self, field: FieldIx, by: &Value) -> Option<Value> {
        self.view.stand_in(field, by)
    }
}
