//! What is open in a mapping and explains differences: questions, refusals, and records that a run is still to look at.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::Kept;
use crate::id::{EntityId, RecordKey};
use crate::mapping::{FieldIx, Observation, SystemIx};
use crate::store::{ReviewAbout, RunRecord, RunState, Store, StoreError, Wake};
use crate::sync::entity::Entity;

/// What is open in a mapping: questions and refusals.
#[derive(Default)]
pub struct Open {
    /// Unlinked records that a question is about, by identity; and by key, those that it names beside.
    records: HashSet<(SystemIx, RecordKey)>,
    beside: HashSet<(SystemIx, RecordKey)>,
    /// Entities with a question, and of which fields.
    pub entities: HashMap<EntityId, Vec<Option<FieldIx>>>,
    pub refused: HashSet<(EntityId, SystemIx)>,
    touched: HashSet<(SystemIx, RecordKey)>,
    /// What was changed later, the last run need not have read.
    read_until: Option<Timestamp>,
}

/// Touched records that are known by name; of more, each is looked at by a run before the next comparison.
const TOUCHED_MAX: usize = 50_000;
/// Runs that are looked through for the last one that read the feeds.
const RUNS_LOOKED_AT: usize = 100;
/// Vendors tell of changes some minutes late, and their clocks are off by a few.
const LATE: SignedDuration = SignedDuration::from_mins(5);

impl Open {
    pub async fn read(store: &dyn Store, kept: &Kept) -> Result<Self, StoreError> {
        let mut open = Self::default();
        for review in store.reviews(Some(kept.id), true).await? {
            let field = review.about.field();
            if let ReviewAbout::Match { system, identity, hits, also, .. } = review.about {
                open.records.insert((system, identity));
                open.beside.extend(also);
                // Nothing is made for an entity while a record might be it.
                hits.iter().for_each(|hit| open.entities.entry(*hit).or_default().push(None));
            }
            if let Some(entity) = review.entity {
                open.entities.entry(entity).or_default().push(field);
            }
        }
        let letters = store.dead_letters(Some(kept.id), usize::MAX >> 1).await?;
        open.refused = letters.into_iter().map(|letter| (letter.entity, letter.system)).collect();
        let touched = store.touched(kept.id, Timestamp::MAX, TOUCHED_MAX).await?;
        open.touched = touched.into_iter().map(|record| (record.touch.system, record.touch.identity)).collect();
        let runs = store.runs(Some(kept.id), RUNS_LOOKED_AT).await?;
        let read = |run: &RunRecord| run.end.state == RunState::Done && run.wake != Wake::Delivery;
        open.read_until = runs.iter().find(|run| read(run)).map(|run| run.started_at.saturating_sub(LATE).unwrap_or(run.started_at));
        Ok(open)
    }

    /// A question is about this unlinked record.
    pub fn asks_about(&self, system: SystemIx, shown: &Observation) -> bool {
        self.records.contains(&(system, shown.identity.clone())) || self.beside.contains(&(system, shown.key.clone()))
    }

    /// A run is still to look at this record.
    pub fn is_touched(&self, system: SystemIx, identity: &RecordKey) -> bool {
        self.touched.contains(&(system, identity.clone()))
    }

    /// A run is still to look at the entity.
    pub fn awaits(&self, entity: &Entity) -> bool {
        let links = entity.links.iter().enumerate().filter_map(|(at, link)| Some((SystemIx(at as u16), link.as_ref()?)));
        links.into_iter().any(|(system, link)| self.is_touched(system, &link.identity))
    }

    /// Changed so late that the last run need not have seen it.
    pub fn is_fresh(&self, changed: Option<Timestamp>) -> bool {
        changed.is_some_and(|changed| self.read_until.is_none_or(|until| changed > until))
    }

    pub fn asks(&self, entity: EntityId, field: Option<FieldIx>) -> bool {
        self.entities.get(&entity).is_some_and(|fields| fields.iter().any(|asked| asked.is_none() || field.is_none() || *asked == field))
    }
}
