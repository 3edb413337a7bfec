//! Records that show just what is agreed, seen without loading their entities.

use crate::mapping::{FieldIx, Keeps, Mapping, Observation, Seen, SystemIx};
use crate::sync::entity::Agreed;
use crate::sync::terms::Terms;

/// The fields of one system whose cells show a value as it was given them, and so must show what is agreed.
pub struct Plain {
    fields: Vec<(FieldIx, Keeps)>,
}

impl Plain {
    /// `None`: whether a record takes part in what is compared hangs on more than what it shows.
    pub fn of(mapping: &Mapping, system: SystemIx) -> Option<Plain> {
        let read = |field: &FieldIx| mapping.access(*field, system).reads();
        let fields = mapping.fields_ix().filter(read).map(|field| (field, mapping.keeps(field, system))).collect();
        (!mapping.walled(system)).then_some(Plain { fields })
    }

    /// How many fields the record has for comparison, if each shows what is agreed.
    pub fn agree(&self, shown: &Observation, hub: &[Agreed]) -> Option<u64> {
        let mut compared = 0;
        for (field, keeps) in &self.fields {
            let agreed = hub.get(usize::from(field.0))?.value();
            match &shown.fields[usize::from(field.0)] {
                Seen::NoCell => {}
                Seen::Value(value) if value == agreed && *keeps >= if value.is_blank() { Keeps::Blank } else { Keeps::All } => compared += 1,
                _ => return None,
            }
        }
        (shown.takes_part == Some(true)).then_some(compared)
    }
}
