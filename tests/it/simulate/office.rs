//! The people who run it: plans made now and applied later, runs taken back, dead letters tried again.

use std::collections::{BTreeMap, BTreeSet};

use syncline::daemon::retry::retry;
use syncline::run::back::Back;
use syncline::run::plan::{Approval, PlannedOp};
use syncline::run::{Intent, Request};
use syncline::store::Wake;

use super::engine::{Came, Engine};
use super::time::instant;
use super::world::Shared;

/// Plans on somebody's desk, by mapping.
#[derive(Default)]
pub struct Desk(BTreeMap<usize, Vec<PlannedOp>>);

impl Desk {
    /// A plan was shown: it may be applied later.
    pub fn keep(&mut self, world: &Shared, at: usize) {
        let world = world.lock().expect("no holder of this lock goes on after a panic");
        if let Some(ops) = world.run.planned.get(&at) {
            self.0.insert(at, ops.clone());
        }
    }

    /// The plan as it was shown, for a run that may do this and nothing else.
    pub fn approved(&mut self, world: &Shared, at: usize) -> Option<(Request, Vec<PlannedOp>)> {
        let ops = self.0.remove(&at)?;
        let world = world.lock().expect("no holder of this lock goes on after a panic");
        let mapping = world.mappings[at].name.clone();
        let approval = Approval::of_ids(mapping.as_str(), ops.iter().map(|op| op.id.clone()));
        Some((Request { wake: Wake::Person, poll: true, sweep: false, intent: Intent::Approved(approval) }, ops))
    }
}

/// Takes one of the last runs of a mapping back.
pub async fn undo(engine: &mut Engine, world: &Shared, at: usize, agrees: bool) -> Option<Came> {
    let process = engine.process().await;
    let runs = process.watch.inner().runs(Some(process.ground.mappings[at].id), 6).await.expect("the store reads");
    let back = {
        let mut world = world.lock().expect("no holder of this lock goes on after a panic");
        if runs.is_empty() {
            return None;
        }
        let run = world.dice.pick(&runs).id;
        world.note(format_args!("person: undo {run}"));
        let request = Request { wake: Wake::Person, poll: false, sweep: false, intent: Intent::Apply };
        world.begins(&[at], &request);
        Back { runs: BTreeSet::from([run]), at: instant(world.clock.us()) }
    };
    Some(engine.undo(at, &back, agrees).await)
}

/// Has refused writes tried again.
pub async fn try_again(engine: &mut Engine, world: &Shared) {
    let process = engine.process().await;
    let mut ids = Vec::new();
    for laid in &process.ground.mappings {
        let page = syncline::store::Page { entity: None, before: None, limit: 5 };
        let letters = process.watch.inner().dead_letter_log(laid.id, page).await.expect("the store reads");
        ids.extend(letters.into_iter().filter(|letter| !letter.closed).map(|letter| letter.id));
    }
    if ids.is_empty() {
        return;
    }
    world.lock().expect("no holder of this lock goes on after a panic").note(format_args!("person: retry {}", ids.len()));
    // A disk that is full is the next run's to notice.
    let _said = retry(&process.ground, &ids).await;
}
