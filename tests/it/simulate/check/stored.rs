//! I22, I8, I14: after each crash the store opens whole and holds what was committed, entity for entity, with no repair.

use std::collections::BTreeMap;

use jiff::Timestamp;
use syncline::id::RecordKey;
use syncline::mapping::SystemIx;
use syncline::sync::entity::{Entity, Known, Link, LinkState, Shadow};

use super::super::engine::Process;
use super::super::time::{DAY, instant};
use super::super::world::{Shared, World};

const ALL: usize = 10_000;

/// Compares all that is stored with all that was committed.
pub async fn check(process: &Process, world: &Shared) {
    let store = process.watch.inner().clone();
    for (place, laid) in process.ground.mappings.iter().enumerate() {
        let ids = store.entities(laid.id, None, ALL).await.expect("the store reads");
        let loaded = store.load(laid.id, &ids).await.expect("the store reads");
        let mut world = world.lock().expect("no holder of this lock goes on after a panic");
        let mut linked: BTreeMap<(SystemIx, RecordKey), Entity> = BTreeMap::new();
        for one in loaded {
            world.check_stored(place, &one.entity);
            for system in laid.mapping.systems_ix() {
                let Some(link) = one.entity.live(system) else { continue };
                if let Some(other) = linked.insert((system, link.identity.clone()), one.entity.clone()) {
                    world.broken(format!("I14: {} belongs to {} and to {}", link.key, other.id, one.entity.id));
                }
            }
        }
    }
}

impl World {
    fn check_stored(&mut self, place: usize, stored: &Entity) {
        let Some(past) = self.ledger.past(place, stored.id) else {
            return self.broken(format!("I22: {} is stored, and nobody committed it", stored.id));
        };
        let Some(last) = &past.last else { return };
        // What is kept for a time only goes with the last tombstone.
        let forgotten = last.closed && stored.closed;
        let links = || last.links.iter().zip(&stored.links).enumerate();
        let long_ago = instant(self.clock.us() - 30 * DAY);
        let differs = links().find(|(_, (one, other))| match (one, other) {
            (None, None) => false,
            (Some(one), Some(other)) => !same_link(one, other) && !is_forgotten(other, long_ago),
            (None, Some(_)) | (Some(_), None) => true,
        });
        if !forgotten && (last.hub != stored.hub || differs.is_some()) {
            let what =
                differs.map_or_else(|| format!("{:?}, and {:?} is stored", last.hub, stored.hub), |(_, (one, other))| told(one.as_ref(), other.as_ref()));
            self.broken(format!("I22: {} was committed as {what}", stored.id));
        }
    }
}

/// Of a record that is long gone only its names are kept.
pub fn is_forgotten(link: &Link, long_ago: Timestamp) -> bool {
    let (LinkState::GoneByUser { at } | LinkState::GoneByUs { at, .. }) = link.state else { return false };
    at <= long_ago && link.shadows.iter().all(|shadow| !matches!(shadow, Shadow::Known(_)))
}

/// Where they differ.
fn told(one: Option<&Link>, other: Option<&Link>) -> String {
    let (Some(one), Some(other)) = (one, other) else { return format!("{one:?}, and {other:?} is stored") };
    let line = |link: &Link| format!("{} {:?} {:?} {:?}", link.key, link.predecessors, link.state, (link.asleep, link.inside, link.beyond, link.kept));
    let shadows = one.shadows.iter().zip(&other.shadows).filter(|(one, other)| !same_shadow(one, other));
    let shadows: Vec<String> = shadows.map(|(one, other)| format!("{one:?} for {other:?}")).collect();
    format!("{}, and {} is stored; {}", line(one), line(other), shadows.join("; "))
}

/// But for times, which the store keeps less finely.
fn same_link(one: &Link, other: &Link) -> bool {
    let flags = |link: &Link| (link.asleep, link.inside, link.beyond, link.kept, link.state.is_live());
    one.key == other.key
        && flags(one) == flags(other)
        && one.predecessors == other.predecessors
        && one.shadows.iter().zip(&other.shadows).all(|(a, b)| same_shadow(a, b))
}

fn same_shadow(one: &Shadow, other: &Shadow) -> bool {
    let what = |known: &Known| (known.seen.clone(), known.stands_for.clone(), known.confirmed, known.refused.clone());
    match (one, other) {
        (Shadow::Known(one), Shadow::Known(other)) => what(one) == what(other),
        (Shadow::NoCell | Shadow::Unknown, Shadow::NoCell | Shadow::Unknown) => true,
        (Shadow::Known(_), _) | (_, Shadow::Known(_)) => false,
    }
}
