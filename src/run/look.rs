//! The first pass: every entity is looked at, counted and shown; nothing is stored and nothing is sent.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::ground::{Ground, Laid, Seat};
use super::plan::{self, PlannedOp};
use super::prepare::Prepared;
use super::progress::Step;
use super::remark::Remarks;
use super::source::{Slice, Source};
use super::{Ended, Hooks, Intent, Request, RunError};
use crate::id::RunId;
use crate::sync;
use crate::sync::entity::Entity;
use crate::sync::neighbours::{Neighbours, View};
use crate::sync::scene::{Look, Scene};

/// What a pass over all slices showed.
#[derive(Default)]
pub struct Shown {
    pub ops: u64,
    /// The ids of all ops, kept only where an approved plan is to be compared.
    pub ids: BTreeSet<String>,
}

/// Looks at one entity.
pub fn look(ground: &Ground, laid: &Laid, run: RunId, prepared: &Prepared, neighbours: &Neighbours) -> Look {
    scene(ground, laid, run, prepared, neighbours, sync::look)
}

/// Whether there is nothing to do at an entity, as far as it was read.
pub fn is_quiet(ground: &Ground, laid: &Laid, prepared: &Prepared, neighbours: &Neighbours) -> bool {
    scene(ground, laid, RunId(0), prepared, neighbours, sync::is_quiet_at)
}

fn scene<T>(ground: &Ground, laid: &Laid, run: RunId, prepared: &Prepared, neighbours: &Neighbours, with: impl FnOnce(&Scene) -> T) -> T {
    let abilities = laid.abilities();
    let offsets: Vec<SignedDuration> = laid.seats.iter().map(Seat::clock_offset).collect();
    // A plan shows what is owed, whoever takes it now.
    let paused = |system| {
        let at = (&laid.mapping.system(system).connection, &laid.seat(system).object);
        ground.breakers.paused_until(at.0, at.1, ground.clock.now()).filter(|_| run != RunId(0))
    };
    let paused: Vec<Option<Timestamp>> = laid.mapping.systems_ix().map(paused).collect();
    with(&Scene {
        terms: &*laid.mapping,
        entity: &prepared.entity,
        sights: &prepared.sights,
        read_at: &prepared.read_at,
        entries: &prepared.entries,
        reviews: &prepared.reviews,
        undo: prepared.undo.as_ref(),
        tried: &prepared.tried,
        since: prepared.since,
        abilities: &abilities,
        waiting: &prepared.waiting,
        paused: &paused,
        neighbours,
        now: ground.clock.now(),
        today: ground.today(),
        offsets: &offsets,
        instance: ground.store.instance(),
        run,
    })
}

/// Counts and shows all that the run would do.
pub async fn count(
    ground: &Ground,
    laid: &Laid,
    request: &Request,
    run: RunId,
    source: &mut Source,
    hooks: &mut Hooks<'_>,
    ended: &mut Ended,
) -> Result<Shown, RunError> {
    let mut shown = Shown::default();
    let mut remarks = Remarks::default();
    while let Some(slice) = source.next(ground, laid).await? {
        for prepared in &slice.prepared {
            let look = look(ground, laid, run, prepared, &slice.neighbours);
            ended.counts.add(&look);
            remarks.add(laid, prepared, &look);
            for op in planned(ground, laid, prepared, &look, &slice.neighbours) {
                shown.ops += 1;
                if let Intent::Approved(approval) = &request.intent {
                    if !approval.ops.contains_key(&op.id) {
                        ended.moved.push(format!("{}: not in the approved plan; the next run plans it", op.words()));
                    }
                    shown.ids.insert(op.id.clone());
                }
                hooks.plan.op(op)?;
            }
            hooks.plan.questions(look.reviews.len());
        }
        hooks.plan.questions(slice.placed.reviews.len());
        hooks.progress.step(Step::Looked { entities: slice.same.len() + slice.prepared.len() });
    }
    ended.remarks = remarks.sentences(&laid.mapping);
    Ok(shown)
}

/// The ops of a look, spelt out.
pub fn planned(ground: &Ground, laid: &Laid, prepared: &Prepared, look: &Look, neighbours: &Neighbours) -> Vec<PlannedOp> {
    if look.ops.is_empty() {
        return Vec::new();
    }
    let after = look.entity.as_ref().unwrap_or(&prepared.entity);
    let records = records(laid, &prepared.entity);
    let view = View { entity: after, neighbours, today: ground.today(), forgiven: &[] };
    look.ops.iter().map(|(op, _)| plan::spell_out(&laid.mapping, op, &records, &view)).collect()
}

/// An entity's records by name: what identifies it before it has an id.
fn records(laid: &Laid, entity: &Entity) -> Vec<String> {
    laid.mapping.systems_ix().filter_map(|system| entity.link(system).map(|link| format!("{} {}", laid.mapping.system(system).name, link.key))).collect()
}

/// Whether every op of the entity was agreed to. One that was not keeps the whole entity out: a merge without its writes would lose edits.
pub fn agreed(request: &Request, ground: &Ground, laid: &Laid, prepared: &Prepared, look: &Look, slice: &Slice) -> bool {
    match &request.intent {
        Intent::Approved(approval) => planned(ground, laid, prepared, look, &slice.neighbours).iter().all(|op| approval.ops.contains_key(&op.id)),
        Intent::Plan | Intent::Apply => true,
    }
}
