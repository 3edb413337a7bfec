//! One field of one record against the agreed value.

use super::{Kept, Open, Why};
use crate::mapping::{FieldIx, Observation, Seen, SystemIx};
use crate::store::Loaded;
use crate::sync::decide::stands_for;
use crate::sync::entity::Shadow;
use crate::sync::neighbours::{Neighbours, View};
use crate::sync::terms::Terms;
use crate::value::Value;
use crate::value::record::Gate;

/// A record, and everything that could explain a difference.
pub struct Compared<'a> {
    pub kept: &'a Kept,
    pub open: &'a Open,
    pub system: SystemIx,
    pub seen: &'a Observation,
    pub loaded: &'a Loaded,
    pub view: &'a View<'a>,
    pub neighbours: &'a Neighbours,
}

impl Compared<'_> {
    /// `None`: nothing to compare. `Some(Ok)`: as agreed. `Some(Err)`: why not.
    pub fn field(&self, field: FieldIx) -> Option<Result<(), Why>> {
        let mapping = &*self.kept.mapping;
        if !mapping.access(field, self.system).reads() {
            return None;
        }
        let agreed = self.loaded.entity.agreed(field);
        let shown = match &self.seen.fields[field.0 as usize] {
            Seen::NoCell => return None,
            Seen::Unread => return Some(Err(Why::Untold)),
            Seen::Unfit(_) => return Some(Err(Why::Unfit)),
            Seen::Value(value) => value.clone(),
            reference => match self.neighbours.meant(field, self.system, reference) {
                Some(value) => value,
                None => return Some(Err(self.unless_read_only(field, Why::Unresolved))),
            },
        };
        let Some(want) = mapping.form(field, self.system, agreed, self.view) else {
            return Some(Err(self.unless_read_only(field, Why::NoForm)));
        };
        if mapping.same(field, &shown, &want) || (shown.is_blank() && want.is_blank()) {
            return Some(Ok(()));
        }
        Some(Err(self.why(field, &shown, agreed)))
    }

    fn unless_read_only(&self, field: FieldIx, why: Why) -> Why {
        if self.kept.mapping.access(field, self.system).writes() { why } else { Why::ReadOnly }
    }

    fn why(&self, field: FieldIx, shown: &Value, agreed: &Value) -> Why {
        let mapping = &*self.kept.mapping;
        let entity = &self.loaded.entity;
        if !mapping.access(field, self.system).writes() {
            return Why::ReadOnly;
        }
        if self.open.asks(entity.id, Some(field)) {
            return Why::Review;
        }
        let same = |a: &Value, b: &Value| mapping.same(field, a, b);
        if let Some(Shadow::Known(known)) = entity.live(self.system).map(|link| &link.shadows[field.0 as usize]) {
            if known.refused.as_ref().is_some_and(|refused| same(refused, agreed)) {
                return Why::DeadLetter;
            }
            if stands_for(known, agreed, same) && same(&known.seen, shown) {
                return Why::Form;
            }
        }
        let writes = |entry: &crate::sync::op::Entry| entry.op.system == self.system && entry.op.fields.iter().any(|write| write.field == field);
        if self.open.refused.contains(&(entity.id, self.system)) {
            Why::DeadLetter
        } else if self.loaded.entries.iter().any(writes) {
            Why::InFlight
        } else if self.seen.locked || self.seen.gate != Gate::Open {
            Why::Locked
        } else if self.open.awaits(entity) {
            Why::Touched
        } else if self.is_edited(field, shown) && self.open.is_fresh(self.seen.time) {
            Why::Fresh
        } else {
            Why::Unexplained
        }
    }

    /// Whether it shows another value than a run last saw there.
    fn is_edited(&self, field: FieldIx, shown: &Value) -> bool {
        match self.loaded.entity.live(self.system).map(|link| &link.shadows[field.0 as usize]) {
            Some(Shadow::Known(known)) => !self.kept.mapping.same(field, &known.seen, shown),
            Some(Shadow::Unknown | Shadow::NoCell) | None => false,
        }
    }
}
