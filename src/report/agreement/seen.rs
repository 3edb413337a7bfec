//! Which records a list showed already: a bit for each linked one, so that a million entities need no more than a page of it.

use std::collections::{HashMap, HashSet};

use crate::id::{EntityId, RecordKey};
use crate::value::fingerprint;

/// What one system's list showed.
#[derive(Debug, Default)]
pub struct Seen {
    /// The system lets nobody read it: nothing follows from what was not shown.
    pub forbidden: bool,
    /// Entities by the 64 that their id falls under.
    entities: HashMap<i64, u64>,
    /// Unlinked records by a hash of what identifies them.
    loose: HashSet<u64>,
}

impl Seen {
    /// Whether the entity's record was not shown before.
    pub fn entity(&mut self, entity: EntityId) -> bool {
        let (at, bit) = place(entity);
        let bits = self.entities.entry(at).or_default();
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }

    pub fn holds(&self, entity: EntityId) -> bool {
        let (at, bit) = place(entity);
        self.entities.get(&at).is_some_and(|bits| bits & bit != 0)
    }

    /// Whether the unlinked record was not shown before.
    pub fn loose(&mut self, identity: &RecordKey) -> bool {
        self.loose.insert(fingerprint::hash64(identity.as_str().as_bytes()))
    }
}

fn place(entity: EntityId) -> (i64, u64) {
    (entity.0.div_euclid(64), 1 << entity.0.rem_euclid(64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entity_is_new_once() {
        let mut seen = Seen::default();
        for id in [0, 1, 63, 64, 1 << 40] {
            assert!(!seen.holds(EntityId(id)));
            assert!(seen.entity(EntityId(id)) && !seen.entity(EntityId(id)) && seen.holds(EntityId(id)));
        }
        assert!(!seen.holds(EntityId(2)));
    }
}
