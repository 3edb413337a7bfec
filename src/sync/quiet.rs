//! The fast way out: an entity at which there is nothing to do is left without copying it.

use super::decide::stands_for;
use super::entity::{Entity, FieldIx, Link, LinkState, Shadow, SystemIx};
use super::neighbours::View;
use super::scene::{Look, Scene, Sight};
use super::terms::Access;
use crate::mapping::{Observation, Seen};

/// Whether there is nothing to do at this entity, judged by what was read of it.
pub fn is_quiet_at(scene: &Scene) -> bool {
    quiet(scene).is_some()
}

/// The look of an entity that shows nothing new and is owed nothing; `None` where the long way must tell.
pub(super) fn quiet(scene: &Scene) -> Option<Look> {
    if scene.undo.is_some() || !scene.entries.is_empty() || !scene.reviews.is_empty() || scene.entity.closed {
        return None;
    }
    let view = View { entity: scene.entity, neighbours: scene.neighbours, today: scene.today, forgiven: &[] };
    if !computed_as_is(scene, &view) {
        return None;
    }
    let mut unchanged = 0;
    for system in scene.terms.systems() {
        match (&scene.entity.links[system.0 as usize], &scene.sights[system.0 as usize]) {
            (None, Sight::Live(_)) => return None,
            (None, Sight::Unread | Sight::Silent(_) | Sight::Gone) => {
                if scene.terms.creates(system) && scene.terms.create_wanted(system, &view) {
                    return None;
                }
            }
            (Some(link), sight) => {
                if !is_settled(link) || !is_calm(scene, system, link, sight) {
                    return None;
                }
                if scene.terms.walled(system) && !scene.terms.inside_wall(system, &view) {
                    return None;
                }
                unchanged += u32::from(matches!(sight, Sight::Live(_)));
            }
        }
    }
    let mut look = Look::default();
    look.counts.unchanged = unchanged;
    Some(look)
}

/// Whether every computed field is what its formula gives now.
fn computed_as_is(scene: &Scene, view: &View<'_>) -> bool {
    scene.terms.formulas().iter().all(|field| {
        let value = scene.terms.computed(*field, view).and_then(Result::ok);
        value.is_some() && value.as_ref() == scene.entity.fact(*field).map(|fact| &fact.value)
    })
}

fn is_settled(link: &Link) -> bool {
    link.state == LinkState::Live && link.inside && !link.asleep && !link.beyond && !link.kept
}

fn is_calm(scene: &Scene, system: SystemIx, link: &Link, sight: &Sight) -> bool {
    match sight {
        Sight::Unread => true,
        Sight::Silent(_) | Sight::Gone => false,
        Sight::Live(seen) => {
            let same_record = seen.key == link.key && seen.version == link.version && (seen.time.is_none() || seen.time == link.changed_at);
            let plain = !seen.archived && seen.takes_part == Some(true);
            same_record && plain && scene.terms.fields().all(|field| is_quiet(scene, field, system, link, seen))
        }
    }
}

fn is_quiet(scene: &Scene, field: FieldIx, system: SystemIx, link: &Link, seen: &Observation) -> bool {
    let access = scene.terms.access(field, system);
    let Shadow::Known(known) = &link.shadows[field.0 as usize] else { return access == Access::None };
    let Some(fact) = scene.entity.fact(field) else { return false };
    let stands = stands_for(known, &fact.value, |a, b| scene.terms.same(field, a, b));
    let shown = match &seen.fields[field.0 as usize] {
        Seen::NoCell => true,
        // Told again, it may show what was typed meanwhile: the long way sees to it that somebody looks.
        Seen::Unread => access == Access::WriteOnly,
        Seen::Unfit(_) => false,
        Seen::Value(value) => known.confirmed && scene.terms.same(field, value, &known.seen),
        reference @ (Seen::Unresolved(_) | Seen::UnresolvedBy(_) | Seen::UnresolvedSet(_)) => {
            known.confirmed && scene.neighbours.meant(field, system, reference).is_some_and(|value| known.seen == value)
        }
    };
    stands && (shown || access == Access::WriteOnly)
}

/// Whether two states differ in nothing but when a read last showed them.
pub(super) fn same_but_times(a: &Entity, b: &Entity) -> bool {
    let links = |a: &Option<Link>, b: &Option<Link>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => same_link(a, b),
        (None, Some(_)) | (Some(_), None) => false,
    };
    a.id == b.id && a.hub == b.hub && a.closed == b.closed && a.links.len() == b.links.len() && a.links.iter().zip(&b.links).all(|(a, b)| links(a, b))
}

fn same_link(a: &Link, b: &Link) -> bool {
    let shadows = |a: &Shadow, b: &Shadow| match (a, b) {
        (Shadow::Known(a), Shadow::Known(b)) => a.seen == b.seen && a.stands_for == b.stands_for && a.confirmed == b.confirmed && a.refused == b.refused,
        (Shadow::NoCell | Shadow::Unknown | Shadow::Known(_), _) => a == b,
    };
    a.key == b.key
        && a.identity == b.identity
        && a.predecessors == b.predecessors
        && a.state == b.state
        && a.version == b.version
        && a.changed_at == b.changed_at
        && a.written_at == b.written_at
        && (a.asleep, a.inside, a.beyond, a.kept) == (b.asleep, b.inside, b.beyond, b.kept)
        && a.unchanged_at.is_some() == b.unchanged_at.is_some()
        && a.shadows.iter().zip(&b.shadows).all(|(a, b)| shadows(a, b))
}
