//! What the values of an entity hang on beside its own records: the date, and entities that it refers to.

use std::collections::BTreeSet;

use super::{EntitySlot, FieldIx, Mapping};

impl Mapping {
    /// Whether some expression asks for `today`.
    pub fn hangs_on_today(&self) -> bool {
        self.slots.contains(&EntitySlot::Today)
    }

    /// Whether some expression reads a field of what this one refers to.
    pub fn is_read_through(&self, reference: FieldIx) -> bool {
        self.slots.iter().any(|slot| matches!(slot, EntitySlot::Through(through, _) if *through == reference))
    }

    /// The fields of `target` that expressions read through references to it.
    pub fn reads_of(&self, target: &Mapping) -> BTreeSet<FieldIx> {
        let read = |slot: &EntitySlot| match slot {
            EntitySlot::Through(reference, name) if self.field(*reference).refers_to() == Some(&target.name) => {
                target.fields.iter().position(|field| field.name.as_str() == &**name).map(|at| FieldIx(at as u16))
            }
            EntitySlot::Through(..) | EntitySlot::Field(_) | EntitySlot::Deleted(_) | EntitySlot::Outside(_) | EntitySlot::Today | EntitySlot::Constant(_) => {
                None
            }
        };
        self.slots.iter().filter_map(read).collect()
    }

    /// Whether any field refers to entities, of another mapping or of its own.
    pub fn has_references(&self) -> bool {
        self.fields.iter().any(|field| field.refers_to().is_some())
    }
}
