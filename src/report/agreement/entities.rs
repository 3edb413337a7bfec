//! Entities by name, each with its records read by key: a sample of all, and what is looked at twice.

use std::collections::{BTreeMap, HashMap};

use super::references::fetch;
use super::{AgreementError, Audit, Seen, Suspect, Why};
use crate::bounds::SLICE_RECORDS;
use crate::id::{EntityId, RecordKey};
use crate::mapping::{Observation, SystemIx};
use crate::store::Loaded;
use crate::sync::entity::Entity;
use crate::system::SystemError;
use crate::value::fingerprint;

/// What a read by key showed; `None`: the system does not let us read.
type Shown = Option<HashMap<RecordKey, Observation>>;

impl Audit<'_> {
    /// Compares a share of all entities, each chosen by a hash of its id.
    pub(super) async fn sample(&mut self, share: f64, seed: u64) -> Result<(), AgreementError> {
        let all: Vec<SystemIx> = self.kept.mapping.systems_ix().collect();
        let mut after = None;
        let mut chosen = BTreeMap::new();
        loop {
            let ids = self.question.store.entities(self.kept.id, after, SLICE_RECORDS).await?;
            after = ids.last().copied();
            chosen.extend(ids.iter().filter(|id| is_chosen(**id, share, seed)).map(|id| (*id, all.clone())));
            if chosen.len() >= SLICE_RECORDS || after.is_none() {
                self.entities(&std::mem::take(&mut chosen)).await?;
            }
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Looks a second time at what nothing explained at first: now what is shown and what is agreed are of one moment.
    pub(super) async fn again(&mut self) -> Result<(), AgreementError> {
        let suspects = std::mem::take(&mut self.suspects);
        let mut loose: BTreeMap<SystemIx, Vec<RecordKey>> = BTreeMap::new();
        let mut entities: BTreeMap<EntityId, Vec<SystemIx>> = BTreeMap::new();
        for suspect in suspects {
            match suspect {
                Suspect::Entity(entity, system) => entities.entry(entity).or_default().push(system),
                Suspect::Loose(system, key) => loose.entry(system).or_default().push(key),
            }
        }
        while !entities.is_empty() {
            let rest = entities.keys().nth(SLICE_RECORDS).copied().map(|next| entities.split_off(&next));
            self.entities(&entities).await?;
            entities = rest.unwrap_or_default();
        }
        for (system, keys) in loose {
            for keys in keys.chunks(SLICE_RECORDS) {
                let shown = self.get(system, keys).await?.unwrap_or_default();
                let shown: Vec<Observation> = shown.into_values().collect();
                self.slice(system, &shown, &mut Seen::default()).await?;
            }
        }
        Ok(())
    }

    /// Compares these entities in these systems.
    async fn entities(&mut self, wanted: &BTreeMap<EntityId, Vec<SystemIx>>) -> Result<(), AgreementError> {
        let ids: Vec<EntityId> = wanted.keys().copied().collect();
        let loaded = self.question.store.load(self.kept.id, &ids).await?;
        self.told.entities += if self.last { 0 } else { loaded.iter().filter(|loaded| !loaded.entity.closed).count() as u64 };
        for system in self.kept.mapping.systems_ix() {
            let asked: Vec<&Loaded> = ids.iter().zip(&loaded).filter(|(id, _)| wanted[id].contains(&system)).map(|(_, loaded)| loaded).collect();
            let keys: Vec<RecordKey> = asked.iter().filter_map(|loaded| loaded.entity.live(system).map(|link| link.key.clone())).collect();
            let Some(shown) = self.get(system, &keys).await? else {
                *self.system(system).apart.entry(Why::Forbidden).or_default() += keys.len() as u64;
                continue;
            };
            let observed: Vec<Observation> = shown.values().cloned().collect();
            let entities: Vec<&Entity> = asked.iter().map(|loaded| &loaded.entity).collect();
            let neighbours = fetch(self.question, self.kept, &entities, system, &observed).await?;
            for loaded in asked {
                match loaded.entity.live(system).and_then(|link| shown.get(&link.identity)) {
                    Some(shown) => {
                        self.system(system).records += u64::from(!self.last);
                        self.record(system, shown, loaded, &neighbours);
                    }
                    None => self.absence(loaded, system, &neighbours, false).await?,
                }
            }
        }
        Ok(())
    }

    async fn get(&self, system: SystemIx, keys: &[RecordKey]) -> Result<Shown, AgreementError> {
        if keys.is_empty() {
            return Ok(Some(HashMap::new()));
        }
        let (connection, read) = self.connection(system)?;
        match connection.get(read, keys).await {
            Ok(got) => {
                let records = got.into_iter().filter_map(|got| got.record);
                Ok(Some(records.map(|record| self.observe(system, &record)).map(|shown| (shown.identity.clone(), shown)).collect()))
            }
            Err(SystemError::Forbidden { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_chosen(entity: EntityId, share: f64, seed: u64) -> bool {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..].copy_from_slice(&entity.0.to_le_bytes());
    (fingerprint::hash64(&bytes) as f64) < share * u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_about_that_share_and_another_seed_chooses_others() {
        let chosen = |seed| (0..10_000).filter(|id| is_chosen(EntityId(*id), 0.05, seed)).collect::<Vec<_>>();
        let (one, other) = (chosen(1), chosen(2));
        assert!((400..600).contains(&one.len()) && (400..600).contains(&other.len()), "{} {}", one.len(), other.len());
        assert_ne!(one, other);
        assert_eq!((0..1_000).filter(|id| is_chosen(EntityId(*id), 1.0, 3)).count(), 1_000);
    }
}
