//! The records of one system, page by page, against the entities they are linked to; then what is linked and was not shown.

use std::collections::{BTreeMap, HashSet};

use super::references::fetch;
use super::{AgreementError, Kept, MappingAgreement, Open, Question, Why, field};
use crate::bounds::SLICE_RECORDS;
use crate::id::{EntityId, RecordKey};
use crate::mapping::{FieldIx, Observation, SystemIx};
use crate::store::{Hit, Loaded};
use crate::sync::entity::{Entity, LinkState};
use crate::sync::neighbours::{Neighbours, View};
use crate::sync::terms::Terms;
use crate::system::Read;

/// Reads all records of a system and compares them.
pub async fn compare(
    question: &Question<'_>,
    kept: &Kept,
    open: &Open,
    system: SystemIx,
    agreement: &mut MappingAgreement,
    seen: &mut HashSet<RecordKey>,
) -> Result<(), AgreementError> {
    let of = kept.mapping.system(system);
    let connection = question.systems.get(&of.connection).ok_or_else(|| AgreementError::NoConnection { connection: of.connection.clone() })?;
    let places: Vec<u16> = (0..of.columns.len() as u16).collect();
    let mut pages = connection.list(Read { object: of.object.clone(), columns: of.columns.clone() });
    while let Some(page) = pages.next().await? {
        for slice in page.records.chunks(SLICE_RECORDS) {
            // New records can push old ones to the next page: each counts once.
            let fresh = slice.iter().filter(|record| seen.insert(record.identity.clone()));
            let observed: Vec<Observation> = fresh.map(|record| kept.mapping.observe(system, record, &places)).collect();
            compare_slice(question, kept, open, system, agreement, &observed).await?;
        }
    }
    Ok(())
}

async fn compare_slice(
    question: &Question<'_>,
    kept: &Kept,
    open: &Open,
    system: SystemIx,
    agreement: &mut MappingAgreement,
    observed: &[Observation],
) -> Result<(), AgreementError> {
    let identities: Vec<RecordKey> = observed.iter().map(|seen| seen.identity.clone()).collect();
    let linked = question.store.linked(kept.id, system, &identities).await?;
    let wanted: Vec<EntityId> = linked.iter().flatten().copied().collect();
    let loaded: BTreeMap<EntityId, Loaded> = question.store.load(kept.id, &wanted).await?.into_iter().map(|loaded| (loaded.entity.id, loaded)).collect();
    let entities: Vec<&Entity> = loaded.values().map(|loaded| &loaded.entity).collect();
    let mut neighbours = fetch(question, kept, &entities, system, observed).await?;
    for (seen, entity) in observed.iter().zip(&linked) {
        if let Some(entity) = entity {
            neighbours.hear(*entity, system, seen);
        }
    }
    for (seen, entity) in observed.iter().zip(linked) {
        agreement.system(system).records += 1;
        let of = entity.and_then(|entity| loaded.get(&entity)).filter(|loaded| loaded.entity.live(system).is_some_and(|link| link.identity == seen.identity));
        match of {
            None => {
                let why = unlinked(kept, open, system, seen);
                agreement.stands_apart(system, why, || format!("{} {} is linked to nothing", kept.mapping.system(system).name, seen.key));
            }
            Some(loaded) => linked_record(question, kept, open, system, agreement, seen, loaded, &neighbours),
        }
    }
    Ok(())
}

/// Why a record belongs to no entity.
fn unlinked(kept: &Kept, open: &Open, system: SystemIx, seen: &Observation) -> Why {
    if seen.takes_part != Some(true) {
        Why::Asleep
    } else if open.records.contains(&(system, seen.identity.clone())) {
        Why::Review
    } else if !kept.mapping.system(system).starts {
        Why::StartsNothing
    } else if seen.archived {
        Why::Removed
    } else {
        Why::Unexplained
    }
}

fn linked_record(
    question: &Question<'_>,
    kept: &Kept,
    open: &Open,
    system: SystemIx,
    agreement: &mut MappingAgreement,
    seen: &Observation,
    loaded: &Loaded,
    neighbours: &Neighbours,
) {
    let entity = &loaded.entity;
    let view = View { entity, neighbours, today: question.today, forgiven: &[] };
    if seen.takes_part != Some(true) {
        return agreement.stands_apart(system, Why::Asleep, String::new);
    }
    if !kept.mapping.inside_wall(system, &view) && entity.live(system).is_some_and(|link| !link.kept) {
        let why = if open.asks(entity.id, None) { Why::Review } else { Why::Wall };
        return agreement.stands_apart(system, why, String::new);
    }
    agreement.system(system).linked += 1;
    let compared = field::Compared { kept, open, system, seen, loaded, view: &view, neighbours };
    for at in kept.mapping.fields_ix() {
        match compared.field(at) {
            None => {}
            Some(Ok(())) => {
                let counts = agreement.system(system);
                counts.compared += 1;
                counts.agree += 1;
            }
            Some(Err(why)) => {
                agreement.system(system).compared += 1;
                agreement.field_differs(system, why, || {
                    format!("{} {} of {}: `{}` is not as agreed", kept.mapping.system(system).name, seen.key, entity.id, kept.mapping.field(at).name)
                });
            }
        }
    }
}

/// Entities whose record a system did not show, or that should have one there.
pub async fn missing(
    question: &Question<'_>,
    kept: &Kept,
    open: &Open,
    agreement: &mut MappingAgreement,
    seen: &[HashSet<RecordKey>],
) -> Result<(), AgreementError> {
    let mut after = None;
    loop {
        let ids = question.store.entities(kept.id, after, SLICE_RECORDS).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = Some(*last);
        let loaded = question.store.load(kept.id, &ids).await?;
        let entities: Vec<&Entity> = loaded.iter().map(|loaded| &loaded.entity).collect();
        let neighbours = fetch(question, kept, &entities, SystemIx(0), &[]).await?;
        for loaded in &loaded {
            agreement.entities += u64::from(!loaded.entity.closed);
            for system in kept.mapping.systems_ix() {
                let view = View { entity: &loaded.entity, neighbours: &neighbours, today: question.today, forgiven: &[] };
                if let Some(mut why) = absent(kept, open, loaded, system, &view, &seen[system.0 as usize]) {
                    if why == Why::Unexplained && might_be_waiting(question, kept, &loaded.entity, system).await? {
                        why = Why::Review;
                    }
                    agreement.stands_apart(system, why, || format!("{} has no record in {}", loaded.entity.id, kept.mapping.system(system).name));
                }
            }
        }
    }
}

/// An unlinked record there might be it: nothing is made until a person has said so.
async fn might_be_waiting(question: &Question<'_>, kept: &Kept, entity: &Entity, system: SystemIx) -> Result<bool, AgreementError> {
    let keys = kept.mapping.keys(&|field| Some(entity.agreed(field)).filter(|value| !value.is_blank()));
    let hits = question.store.hits(kept.id, &keys).await?;
    Ok(hits.iter().flatten().any(|hit| matches!(hit, Hit::Waiting { system: there, .. } if *there == system)))
}

/// Why an entity has no record that the system shows; `None`: it has one.
fn absent(kept: &Kept, open: &Open, loaded: &Loaded, system: SystemIx, view: &View<'_>, seen: &HashSet<RecordKey>) -> Option<Why> {
    let entity = &loaded.entity;
    if entity.closed {
        return None;
    }
    let in_flight = loaded.entries.iter().any(|entry| entry.op.system == system && entry.state.is_open());
    let open_why = if open.asks(entity.id, None) {
        Some(Why::Review)
    } else if open.refused.contains(&(entity.id, system)) {
        Some(Why::DeadLetter)
    } else if in_flight {
        Some(Why::InFlight)
    } else {
        None
    };
    match entity.link(system).map(|link| (&link.state, link)) {
        Some((LinkState::Live | LinkState::Owed(_), link)) if seen.contains(&link.identity) => None,
        Some((LinkState::Live | LinkState::Owed(_), _)) => Some(open_why.unwrap_or(Why::Unexplained)),
        Some((LinkState::GoneByUser { .. }, _)) => Some(Why::Deleted),
        Some((LinkState::GoneByUs { .. }, _)) => Some(Why::Removed),
        None if !kept.mapping.create_wanted(system, view) => Some(Why::NotWanted),
        None if !kept.mapping.inside_wall(system, view) => Some(Why::Wall),
        None => {
            let mut required = kept.mapping.fields_ix().filter(|field| kept.mapping.required(*field));
            let lacks = |field: FieldIx| entity.agreed(field).is_blank();
            let unspoken = |field: FieldIx| kept.mapping.writes_new(field, system) && kept.mapping.form(field, system, entity.agreed(field), view).is_none();
            let why = required.find_map(|field| if lacks(field) { Some(Why::Required) } else { unspoken(field).then_some(Why::NoForm) });
            Some(open_why.or(why).unwrap_or(Why::Unexplained))
        }
    }
}
