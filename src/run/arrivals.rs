//! Records that were linked, so that what waited to refer to them waits no longer.

use std::collections::HashMap;
use std::sync::Mutex;

use super::ground::{Ground, Laid};
use crate::store::{MappingId, StoreError};

/// What was linked in this process, counted by mapping, and up to where each mapping that refers to it knows.
#[derive(Debug, Default)]
pub struct Arrivals(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    runs: HashMap<MappingId, u64>,
    known: HashMap<MappingId, u64>,
}

impl Arrivals {
    /// A run of the mapping linked or made records.
    pub fn note(&self, of: MappingId) {
        *self.0.lock().expect("no holder of this lock can panic").runs.entry(of).or_default() += 1;
    }

    /// Whether anything came that `by` may refer to since it was last asked; at first nobody knows, so it may.
    fn is_news(&self, by: MappingId, targets: &[MappingId]) -> bool {
        let mut counts = self.0.lock().expect("no holder of this lock can panic");
        let sum = targets.iter().filter_map(|target| counts.runs.get(target)).sum();
        counts.known.insert(by, sum) != Some(sum)
    }
}

/// Lets records be looked at now that wait for what they refer to, if any of that may have come.
pub async fn hasten(ground: &Ground, laid: &Laid) -> Result<(), StoreError> {
    let targets: Vec<MappingId> = laid.mapping.fields.iter().filter_map(|field| Some(ground.mappings[ground.find(field.refers_to()?)?].id)).collect();
    if !targets.is_empty() && ground.arrivals.is_news(laid.id, &targets) {
        ground.store.hasten(laid.id).await?;
    }
    Ok(())
}
