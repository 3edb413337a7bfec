//! What the entities of a slice refer to, fetched in few calls before the core looks at them.

use std::collections::{BTreeMap, BTreeSet};

use super::RunError;
use super::ground::{Ground, Laid};
use super::prepare::Prepared;
use crate::id::{EntityId, FieldName, RecordKey};
use crate::mapping::{CellProgram, FieldIx, Seen, SystemIx, Unknown};
use crate::store::Hit;
use crate::sync::neighbours::Neighbours;
use crate::sync::scene::Sight;
use crate::value::Value;

/// References that a slice shows or holds, by field.
#[derive(Default)]
struct Wanted {
    keys: BTreeMap<(FieldIx, SystemIx), BTreeSet<RecordKey>>,
    by_value: BTreeMap<(FieldIx, SystemIx), BTreeSet<Value>>,
    entities: BTreeMap<FieldIx, BTreeSet<EntityId>>,
}

/// Resolves the references of a slice both ways.
pub async fn fetch(ground: &Ground, laid: &Laid, slice: &[Prepared]) -> Result<Neighbours, RunError> {
    let mut neighbours = Neighbours::default();
    for prepared in slice {
        for (at, sight) in prepared.sights.iter().enumerate() {
            if let Sight::Live(seen) = sight {
                neighbours.hear(prepared.entity.id, SystemIx(at as u16), seen);
            }
        }
    }
    if !laid.mapping.has_references() {
        return Ok(neighbours);
    }
    let mut wanted = collect(laid, slice);
    resolve_keys(ground, laid, &mut wanted, &mut neighbours).await?;
    resolve_values(ground, laid, &mut wanted, &mut neighbours).await?;
    stand_ins(ground, laid, &mut wanted, &mut neighbours).await?;
    for (field, entities) in &wanted.entities {
        let entities: Vec<EntityId> = entities.iter().copied().collect();
        spell_keys(ground, laid, *field, &entities, &mut neighbours).await?;
        read_values(ground, laid, *field, &entities, &mut neighbours).await?;
    }
    Ok(neighbours)
}

fn collect(laid: &Laid, slice: &[Prepared]) -> Wanted {
    let mut wanted = Wanted::default();
    let references: Vec<FieldIx> = laid.mapping.fields_ix().filter(|field| laid.mapping.field(*field).refers_to().is_some()).collect();
    for prepared in slice {
        for field in &references {
            want_entities(prepared.entity.agreed(*field), wanted.entities.entry(*field).or_default());
            for (at, sight) in prepared.sights.iter().enumerate() {
                let system = SystemIx(at as u16);
                let Sight::Live(observation) = sight else {
                    continue;
                };
                match &observation.fields[field.0 as usize] {
                    Seen::Unresolved(key) => {
                        wanted.keys.entry((*field, system)).or_default().insert(key.clone());
                    }
                    Seen::UnresolvedSet(keys) => {
                        wanted.keys.entry((*field, system)).or_default().extend(keys.iter().cloned());
                    }
                    Seen::UnresolvedBy(value) => {
                        wanted.by_value.entry((*field, system)).or_default().insert(value.clone());
                    }
                    Seen::Value(value) => want_entities(value, wanted.entities.entry(*field).or_default()),
                    Seen::NoCell | Seen::Unread | Seen::Unfit(_) => {}
                }
            }
        }
    }
    wanted
}

fn want_entities(value: &Value, wanted: &mut BTreeSet<EntityId>) {
    match value {
        Value::Ref(entity) => {
            wanted.insert(*entity);
        }
        Value::Set(elements) => elements.iter().for_each(|element| want_entities(element, wanted)),
        _ => {}
    }
}

async fn resolve_keys(ground: &Ground, laid: &Laid, wanted: &mut Wanted, neighbours: &mut Neighbours) -> Result<(), RunError> {
    for ((field, system), keys) in &wanted.keys {
        let Some((target, at)) = target(ground, laid, *field, *system) else {
            continue;
        };
        let keys: Vec<RecordKey> = keys.iter().cloned().collect();
        let identities: Vec<RecordKey> = keys.iter().map(|key| target.seat(at).system.identity(&target.seat(at).object, key)).collect();
        let linked = ground.store.linked(target.id, at, &identities).await?;
        for (key, entity) in keys.into_iter().zip(linked) {
            if let Some(entity) = entity {
                neighbours.entities.insert((*field, *system, key), entity);
                wanted.entities.entry(*field).or_default().insert(entity);
            }
        }
    }
    Ok(())
}

/// A reference held by a field of its target is found the way a match rule of that one field finds an entity.
async fn resolve_values(ground: &Ground, laid: &Laid, wanted: &mut Wanted, neighbours: &mut Neighbours) -> Result<(), RunError> {
    for ((field, system), values) in &wanted.by_value {
        let Some(CellProgram::KeyedRef { mapping, field: by, .. }) = &laid.mapping.field(*field).cells[system.0 as usize] else {
            continue;
        };
        let Some(at) = ground.find(mapping) else {
            continue;
        };
        let target = &ground.mappings[at];
        let Some(by) = target.mapping.field_ix(by) else {
            continue;
        };
        for value in values {
            let keys = target.mapping.keys(&|f| (f == by).then_some(value));
            for hit in ground.store.hits(target.id, &keys).await?.into_iter().flatten() {
                if let Hit::Entity(entity) = hit {
                    neighbours.by_value.insert((*field, *system, value.clone()), entity);
                    wanted.entities.entry(*field).or_default().insert(entity);
                }
            }
        }
    }
    Ok(())
}

/// `unknown:` of a reference names an entity by the first match field of its mapping.
async fn stand_ins(ground: &Ground, laid: &Laid, wanted: &mut Wanted, neighbours: &mut Neighbours) -> Result<(), RunError> {
    for field in laid.mapping.fields_ix() {
        let (Unknown::Match(value), Some(name)) = (&laid.mapping.field(field).unknown, laid.mapping.field(field).refers_to()) else {
            continue;
        };
        let Some(at) = ground.find(name) else {
            continue;
        };
        let target = &ground.mappings[at];
        let Some(by) = target.mapping.matching.first().and_then(|rule| rule.fields.first().copied()) else {
            continue;
        };
        let keys = target.mapping.keys(&|f| (f == by).then_some(value));
        for hit in ground.store.hits(target.id, &keys).await?.into_iter().flatten() {
            if let Hit::Entity(entity) = hit {
                neighbours.stand_ins.insert(field, entity);
                wanted.entities.entry(field).or_default().insert(entity);
            }
        }
    }
    Ok(())
}

async fn spell_keys(ground: &Ground, laid: &Laid, field: FieldIx, entities: &[EntityId], neighbours: &mut Neighbours) -> Result<(), RunError> {
    for system in laid.mapping.systems_ix() {
        let Some((target, at)) = target(ground, laid, field, system) else {
            continue;
        };
        let keys = ground.store.keys_of(target.id, at, entities).await?;
        for (entity, key) in entities.iter().zip(keys) {
            if let Some(key) = key {
                neighbours.keys.insert((field, system, *entity), key);
            }
        }
    }
    Ok(())
}

/// The referred entities' agreed values, for `partner.tier` and for references held by a field.
async fn read_values(ground: &Ground, laid: &Laid, field: FieldIx, entities: &[EntityId], neighbours: &mut Neighbours) -> Result<(), RunError> {
    let Some(target) = laid.mapping.field(field).refers_to().and_then(|name| ground.find(name)) else {
        return Ok(());
    };
    let target = &ground.mappings[target];
    let names: Vec<&FieldName> = target.mapping.fields.iter().map(|field| &field.name).collect();
    // A value may still refer to an entity by a former id.
    for (asked, loaded) in entities.iter().zip(ground.store.load(target.id, entities).await?) {
        let values = target.mapping.fields_ix().map(|at| {
            let name = names[at.0 as usize].to_string();
            (name, loaded.entity.agreed(at).clone())
        });
        neighbours.values.insert((field, *asked), values.collect());
    }
    Ok(())
}

/// The mapping and system in which a reference of `system` is followed.
fn target<'a>(ground: &'a Ground, laid: &Laid, field: FieldIx, system: SystemIx) -> Option<(&'a Laid, SystemIx)> {
    let target = laid.mapping.field(field).targets[system.0 as usize].as_ref()?;
    Some((&ground.mappings[ground.find(&target.mapping)?], target.system))
}
