//! What else is placed in the same pass: entities begun so far, and records of one system with one key.

use std::collections::HashMap;

use super::{Desk, Known, Loose};
use crate::id::{EntityId, RecordKey};
use crate::mapping::SystemIx;
use crate::mapping::matching::MatchKey;
use crate::plant::sometimes;
use crate::run::RunError;
use crate::store::Hit;
use crate::sync::place::WaitingWhy;

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

impl Desk<'_> {
    /// A person said to leave the record alone, and it waits under the same match keys still: nobody is asked again before one of them moves.
    pub(super) async fn is_left_alone(&self, loose: &Loose, keys: &[MatchKey], known: &Known) -> Result<bool, RunError> {
        let own = |hit: &Hit| matches!(hit, Hit::Waiting { system, identity, .. } if (*system, identity) == (loose.system, &loose.observation.identity));
        let waits = |key: &MatchKey| known.hits.get(key).is_some_and(|hits| hits.iter().any(own));
        if keys.is_empty() || self.review(loose).is_some() || !keys.iter().all(waits) {
            return Ok(false);
        }
        let why = self.ground.store.waits(self.laid.id, loose.system, &loose.observation.identity).await?;
        let left = why == Some(WaitingWhy::LeftAlone);
        if left {
            sometimes!("what a person left alone is left alone still");
        }
        Ok(left)
    }
}
