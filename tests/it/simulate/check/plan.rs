//! I1: a plan is the same twice, it is what a run then does, and after a run that came to rest it is empty.

use std::collections::BTreeMap;

use syncline::run::plan::{PlannedField, PlannedOp};
use syncline::run::{Intent, Request};
use syncline::store::{RunState, Wake};
use syncline::sync::op::Op;

use super::super::engine::{Came, Engine};
use super::super::world::{Shared, World};

/// What is compared of an op: where, what, which record, and the values.
type Shape = (String, String, Option<String>, Vec<(String, String)>);

fn planned(op: &PlannedOp) -> Shape {
    // What refers to others is shown in people's words for them.
    let told = |field: &&PlannedField| field.field != "parent";
    (op.system.clone(), op.kind.clone(), op.key.clone(), op.fields.iter().filter(told).map(|field| (field.field.clone(), field.to.clone())).collect())
}

impl World {
    /// What is committed was shown by the first pass of the same run.
    pub fn check_shown(&mut self, place: usize, op: &Op) {
        // In a first match that was cut short an entity may come twice: linked before, and in the list.
        if !self.adopted.contains(&place) {
            return;
        }
        let of = self.mappings[place].clone();
        let told = op.fields.iter().filter(|write| of.field(write.field).refers_to().is_none());
        let fields = told.map(|write| (of.field(write.field).name.to_string(), write.want.to_string())).collect();
        let shape: Shape = (of.system(op.system).name.to_string(), op.kind.word().to_owned(), op.key.as_ref().map(ToString::to_string), fields);
        let shown = self.run.planned.get(&place).is_some_and(|ops| ops.iter().any(|op| planned(op) == shape));
        if !shown {
            self.broken(format!("I1: a run does what its plan did not show: {shape:?}"));
        }
        if let Some(approved) = self.run.approved.get(&place)
            && !approved.iter().any(|op| planned(op) == shape)
        {
            self.broken(format!("I1: an approved plan is applied with what was not in it: {shape:?}"));
        }
    }
}

/// With time standing still and nothing going wrong, plans a mapping twice and applies it: all three are one.
pub async fn check(engine: &mut Engine, world: &Shared, at: usize) {
    let settled = {
        let process = engine.process().await;
        let id = process.ground.mappings[at].id;
        let now = process.ground.clock.now();
        // A plan shows what is owed to an object that takes no writes, too.
        process.ground.breakers.pauses(now).is_empty() && process.watch.inner().unsettled(id).await.expect("the store reads").is_empty()
    };
    let was_calm = {
        let mut world = world.lock().expect("no holder of this lock goes on after a panic");
        world.frozen = true;
        std::mem::replace(&mut world.calm, true)
    };
    let mut shown = Vec::new();
    // An open entry is settled by a run before it plans, and by a plan not at all.
    let intents = if settled { vec![Intent::Plan, Intent::Plan, Intent::Apply] } else { vec![Intent::Plan, Intent::Plan] };
    for intent in intents {
        let request = Request { wake: Wake::Person, poll: true, sweep: true, intent };
        world.lock().expect("no holder of this lock goes on after a panic").begins(&[at], &request);
        let came = engine.run(&[at], &request, false, None).await;
        let mut world = world.lock().expect("no holder of this lock goes on after a panic");
        world.plan_only = false;
        if let [Came::Ended(ended)] = &came[..]
            && matches!(ended.end.state, RunState::Done | RunState::Held)
        {
            shown.push(counted(world.run.planned.get(&at).map_or(&[], Vec::as_slice)));
        }
    }
    let mut world = world.lock().expect("no holder of this lock goes on after a panic");
    (world.frozen, world.calm) = (false, was_calm);
    if let Some(pair) = shown.windows(2).find(|pair| pair[0] != pair[1]) {
        world.broken(format!("I1: planned once more, it is another plan: {:?}, then {:?}", pair[0], pair[1]));
    }
}

fn counted(ops: &[PlannedOp]) -> BTreeMap<Shape, usize> {
    let mut all = BTreeMap::new();
    ops.iter().for_each(|op| *all.entry(planned(op)).or_default() += 1);
    all
}
