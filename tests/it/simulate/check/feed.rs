//! I10, I11, I18: a cursor is never ahead of what is durably touched or known, and a hint goes only with the look that answers it.

use jiff::{SignedDuration, Timestamp};
use syncline::id::{ConnectionName, ObjectName, RecordKey};
use syncline::mapping::{Mapping, Seen, SystemIx};
use syncline::store::{Loaded, MappingId, Store, Touch, TouchedRecord};
use syncline::sync::entity::{Known, LinkState, Shadow};

use super::super::vendor::{By, Rec};
use super::super::watch::Watch;

const ALL: usize = 10_000;

/// Everything touched, due or not.
pub async fn touched(store: &dyn Store, mapping: MappingId) -> Vec<TouchedRecord> {
    let far = Timestamp::MAX - SignedDuration::from_hours(24);
    store.touched(mapping, far, ALL).await.expect("the store reads")
}

/// Changes by users that lie behind a cursor which just moved from `from` to `to`: each is touched, or known.
pub async fn check(watch: &Watch, connection: &ConnectionName, object: &ObjectName, from: u64, to: u64) {
    let behind: Vec<RecordKey> = {
        let world = watch.world();
        let Some(vendor) = world.vendors.iter().find(|vendor| vendor.shape.name == connection.as_str()) else { return };
        let table = &vendor.tables[vendor.table(object)];
        let news = |rec: &&Rec| {
            let state = rec.now();
            let typed = state.by.values().any(|by| matches!(by, By::User { at_us } if *at_us == state.from_us));
            state.change > from && state.change <= to && typed && !state.deleted && !state.archived
        };
        table.records.iter().filter(news).map(|rec| rec.key.clone()).collect()
    };
    if behind.is_empty() {
        return;
    }
    for (id, place) in watch.registered() {
        let of = watch.world().mappings[place].clone();
        for system in of.systems_ix().filter(|system| of.system(*system).connection == *connection && of.system(*system).object == *object) {
            check_keys(watch, id, &of, system, &behind).await;
        }
    }
}

async fn check_keys(watch: &Watch, id: MappingId, of: &Mapping, system: SystemIx, behind: &[RecordKey]) {
    let store = watch.inner();
    let touched = touched(&**store, id).await;
    for key in behind.iter().filter(|key| !touched.iter().any(|one| one.touch.system == system && one.touch.identity == **key)) {
        let linked = store.linked(id, system, std::slice::from_ref(key)).await.expect("the store reads").into_iter().flatten().next();
        let known = match linked {
            None => store.waits(id, system, key).await.expect("the store reads").is_some(),
            Some(entity) => {
                let loaded = store.load(id, &[entity]).await.expect("the store reads");
                loaded.iter().all(|loaded| is_known(watch, of, system, key, loaded))
            }
        };
        if !known {
            let name = of.system(system).name.clone();
            watch.world().broken(format!("I10: the cursor of {name} moves past an edit of {key}, which is neither touched nor known"));
        }
    }
}

/// All fields show what was seen, or the record has no say.
fn is_known(watch: &Watch, of: &Mapping, system: SystemIx, key: &RecordKey, loaded: &Loaded) -> bool {
    let Some(link) = loaded.entity.link(system).filter(|link| link.key == *key) else { return true };
    if link.state != LinkState::Live || link.asleep || link.beyond || !loaded.reviews.is_empty() || !loaded.entries.is_empty() {
        return true;
    }
    let world = watch.world();
    let Some(vendor) = world.vendors.iter().position(|vendor| vendor.shape.name == of.system(system).connection.as_str()) else { return true };
    let Some(rec) = world.rec(of, system, key) else { return true };
    let observation = world.observed(vendor, of, system, rec, rec.now());
    of.fields_ix().filter(|field| of.field(*field).refers_to().is_none()).all(|field| {
        match (&observation.fields[field.0 as usize], &link.shadows[field.0 as usize]) {
            (Seen::Value(shown), Shadow::Known(Known { seen, .. })) => of.same(field, shown, seen),
            _ => true,
        }
    })
}

/// I18: of the hints that were there, those newer than what the look answers are there still.
pub async fn check_kept(watch: &Watch, mapping: MappingId, before: &[TouchedRecord], answered: &[(Touch, i64)]) {
    let newer = |one: &&TouchedRecord| {
        answered
            .iter()
            .any(|(touch, seq)| touch.mapping == mapping && touch.system == one.touch.system && touch.identity == one.touch.identity && *seq < one.seq)
    };
    let newer: Vec<&TouchedRecord> = before.iter().filter(newer).collect();
    if newer.is_empty() {
        return;
    }
    let after = touched(&**watch.inner(), mapping).await;
    for one in newer {
        if !after.iter().any(|kept| kept.touch.system == one.touch.system && kept.touch.identity == one.touch.identity) {
            watch.world().broken(format!("I18: a hint of {} went with work that is older", one.touch.key));
        }
    }
}

/// I11: what was answered 2xx is touched.
pub async fn check_accepted(watch: &Watch, accepted: &[Touch]) {
    for touch in accepted {
        let all = touched(&**watch.inner(), touch.mapping).await;
        if !all.iter().any(|one| one.touch.system == touch.system && one.touch.identity == touch.identity) {
            watch.world().broken(format!("I11: a delivery about {} was answered, and nothing is touched", touch.key));
        }
    }
}
