//! What entities and records refer to, looked up for a comparison.

use std::collections::{BTreeMap, BTreeSet};

use super::{AgreementError, Kept, Question};
use crate::id::{EntityId, RecordKey};
use crate::mapping::{CellProgram, FieldIx, Observation, Seen, SystemIx, Unknown};
use crate::store::{Hit, StoreError};
use crate::sync::entity::Entity;
use crate::sync::neighbours::Neighbours;
use crate::value::Value;

/// The references of these entities in all systems, and of these records of one.
pub async fn fetch(
    question: &Question<'_>,
    kept: &Kept,
    entities: &[&Entity],
    system: SystemIx,
    observed: &[Observation],
) -> Result<Neighbours, AgreementError> {
    let mut neighbours = Neighbours::default();
    for field in kept.mapping.fields_ix() {
        let Some(name) = kept.mapping.field(field).refers_to() else { continue };
        let Some(target) = question.kept.iter().find(|kept| kept.mapping.name == *name) else { continue };
        let mut wanted = BTreeSet::new();
        entities.iter().for_each(|entity| collect(entity.agreed(field), &mut wanted));
        shown(question, kept, field, system, observed, &mut neighbours, &mut wanted).await?;
        stand_in(question, kept, target, field, &mut neighbours, &mut wanted).await?;
        let wanted: Vec<EntityId> = wanted.into_iter().collect();
        spelt(question, kept, field, &wanted, &mut neighbours).await?;
        for loaded in question.store.load(target.id, &wanted).await? {
            let values = target.mapping.fields_ix().map(|at| (target.mapping.field(at).name.to_string(), loaded.entity.agreed(at).clone()));
            neighbours.values.insert((field, loaded.entity.id), values.collect());
        }
    }
    Ok(neighbours)
}

fn collect(value: &Value, wanted: &mut BTreeSet<EntityId>) {
    match value {
        Value::Ref(entity) => {
            wanted.insert(*entity);
        }
        Value::Set(elements) => elements.iter().for_each(|element| collect(element, wanted)),
        _ => {}
    }
}

/// What the records show, to entities.
async fn shown(
    question: &Question<'_>,
    kept: &Kept,
    field: FieldIx,
    system: SystemIx,
    observed: &[Observation],
    neighbours: &mut Neighbours,
    wanted: &mut BTreeSet<EntityId>,
) -> Result<(), StoreError> {
    let (mut keys, mut values) = (BTreeSet::new(), BTreeSet::new());
    for seen in observed {
        match &seen.fields[field.0 as usize] {
            Seen::Unresolved(key) => {
                keys.insert(key.clone());
            }
            Seen::UnresolvedSet(all) => keys.extend(all.iter().cloned()),
            Seen::UnresolvedBy(value) => {
                values.insert(value.clone());
            }
            Seen::NoCell | Seen::Unread | Seen::Unfit(_) | Seen::Value(_) => {}
        }
    }
    if let Some((target, at)) = followed(question, kept, field, system) {
        let of = target.mapping.system(at);
        let keys: Vec<RecordKey> = keys.into_iter().collect();
        let identities: Vec<RecordKey> = match question.systems.get(&of.connection) {
            Some(connection) => keys.iter().map(|key| connection.identity(&of.object, key)).collect(),
            None => keys.clone(),
        };
        for (key, entity) in keys.into_iter().zip(question.store.linked(target.id, at, &identities).await?) {
            let Some(entity) = entity else { continue };
            neighbours.entities.insert((field, system, key), entity);
            wanted.insert(entity);
        }
    }
    if let Some(CellProgram::KeyedRef { mapping, field: by, .. }) = &kept.mapping.field(field).cells[system.0 as usize]
        && let Some(target) = question.kept.iter().find(|kept| kept.mapping.name == *mapping)
        && let Some(by) = target.mapping.field_ix(by)
    {
        for value in values {
            let match_keys = target.mapping.keys(&|at| (at == by).then_some(&value));
            for hit in question.store.hits(target.id, &match_keys).await?.into_iter().flatten() {
                if let Hit::Entity(entity) = hit {
                    neighbours.by_value.insert((field, system, value.clone()), entity);
                    wanted.insert(entity);
                }
            }
        }
    }
    Ok(())
}

async fn stand_in(
    question: &Question<'_>,
    kept: &Kept,
    target: &Kept,
    field: FieldIx,
    neighbours: &mut Neighbours,
    wanted: &mut BTreeSet<EntityId>,
) -> Result<(), StoreError> {
    let Unknown::Match(value) = &kept.mapping.field(field).unknown else { return Ok(()) };
    let Some(by) = target.mapping.matching.first().and_then(|rule| rule.fields.first().copied()) else { return Ok(()) };
    let keys = target.mapping.keys(&|at| (at == by).then_some(value));
    for hit in question.store.hits(target.id, &keys).await?.into_iter().flatten() {
        if let Hit::Entity(entity) = hit {
            neighbours.stand_ins.insert(field, entity);
            wanted.insert(entity);
        }
    }
    Ok(())
}

/// The record keys of entities in every system that refers to them by key.
async fn spelt(question: &Question<'_>, kept: &Kept, field: FieldIx, wanted: &[EntityId], neighbours: &mut Neighbours) -> Result<(), StoreError> {
    let mut known: BTreeMap<(u32, SystemIx), Vec<Option<RecordKey>>> = BTreeMap::new();
    for system in kept.mapping.systems_ix() {
        let Some((target, at)) = followed(question, kept, field, system) else { continue };
        if let std::collections::btree_map::Entry::Vacant(e) = known.entry((target.id.0, at)) {
            e.insert(question.store.keys_of(target.id, at, wanted).await?);
        }
        for (entity, key) in wanted.iter().zip(&known[&(target.id.0, at)]) {
            if let Some(key) = key {
                neighbours.keys.insert((field, system, *entity), key.clone());
            }
        }
    }
    Ok(())
}

/// Where a reference of `system` is followed.
fn followed<'q>(question: &'q Question<'_>, kept: &Kept, field: FieldIx, system: SystemIx) -> Option<(&'q Kept, SystemIx)> {
    let target = kept.mapping.field(field).targets[system.0 as usize].as_ref()?;
    Some((question.kept.iter().find(|kept| kept.mapping.name == target.mapping)?, target.system))
}
