//! What else is placed in the same pass: entities begun so far, and records of one system with one key.

use std::collections::HashMap;

use super::Loose;
use crate::id::{EntityId, RecordKey};
use crate::mapping::SystemIx;
use crate::mapping::matching::MatchKey;

/// Entities begun or joined in this pass: later records find them under the same keys.
#[derive(Default)]
pub struct Begun {
    pub by_key: HashMap<(u32, MatchKey), Vec<usize>>,
    pub by_id: HashMap<EntityId, usize>,
}

impl Begun {
    pub fn add(&mut self, group: u32, at: usize, id: EntityId, keys: Vec<MatchKey>) {
        self.by_id.insert(id, at);
        for key in keys {
            self.by_key.entry((group, key)).or_default().push(at);
        }
    }
}

/// Identities and keys of the records of one system that have a match key in common.
pub type Twins = HashMap<(u32, SystemIx, MatchKey), Vec<(RecordKey, RecordKey)>>;

pub fn twins(loose: &[Loose], keys: &[Vec<MatchKey>]) -> Twins {
    let mut twins = Twins::new();
    for (loose, keys) in loose.iter().zip(keys) {
        for key in keys {
            let same = twins.entry((loose.group, loose.system, key.clone())).or_default();
            same.push((loose.observation.identity.clone(), loose.observation.key.clone()));
        }
    }
    twins
}
