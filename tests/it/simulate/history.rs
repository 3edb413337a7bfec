//! One history: users, vendors, runs and people in an order that the seed decides; then calm, rest, and the last checks.

use syncline::run::{Intent, Request};
use syncline::store::{RunState, Wake};

use super::check::probe::Probe;
use super::check::{canary, explain, plan, rest, stored};
use super::dice::Dice;
use super::engine::{Came, Engine};
use super::files::compiled;
use super::office::{self, Desk};
use super::person;
use super::shape::Shape;
use super::time::{DAY, HOUR, MINUTE, SECOND};
use super::user;
use super::world::{Shared, World};

/// Rounds in which a person still answers once all is calm.
const ANSWERED_ROUNDS: usize = 8;
/// Runs within which everything must be at rest.
const RUNS_TO_REST: usize = 3;
/// Edits at rest, at the end of each history.
const PROBES: usize = 4;

pub struct Told {
    pub broken: Option<String>,
    pub text: String,
}

struct History {
    world: Shared,
    engine: Engine,
    dice: Dice,
    /// Rounds since all is calm.
    rounds: u32,
    desk: Desk,
}

/// Plays a seed to its end, or to the first promise that is broken.
pub async fn play(seed: u64, steps: usize, keep: bool) -> Told {
    let mut dice = Dice::seeded(seed);
    let shape = Shape::throw(&mut dice);
    let mappings = compiled(&shape);
    let world = World::new(&shape, mappings, dice.fork(), keep).shared();
    let engine = Engine::new(&world);
    let mut history = History { world, engine, dice, rounds: 0, desk: Desk::default() };
    if keep {
        history.tell(&shape);
    }
    history.live(steps).await;
    if history.is_sound() {
        history.rest().await;
    }
    let world = history.world.lock().expect("no holder of this lock goes on after a panic");
    Told { broken: world.broken.clone(), text: world.trace.text() }
}

impl World {
    pub fn shared(self) -> Shared {
        std::sync::Arc::new(std::sync::Mutex::new(self))
    }
}

impl History {
    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().expect("no holder of this lock goes on after a panic")
    }

    fn is_sound(&self) -> bool {
        self.world().broken.is_none()
    }

    fn tell(&self, shape: &Shape) {
        let mut world = self.world();
        world.note(format_args!("{}", shape.yaml));
        for vendor in &shape.vendors {
            world.note(format_args!("{vendor:?}"));
        }
        for object in &shape.objects {
            let lossy = object.columns.iter().map(|columns| columns.iter().map(|c| (c.path, c.lossy, c.declared)).collect::<Vec<_>>());
            world.note(format_args!("{} {:?}", object.name, lossy.collect::<Vec<_>>()));
        }
        let rates = format!("{:?}", world.rates);
        world.note(format_args!("{rates}"));
    }

    async fn live(&mut self, steps: usize) {
        for _ in 0..6 {
            user::act(&mut self.world());
        }
        for _ in 0..steps {
            self.step().await;
            if !self.is_sound() {
                return;
            }
        }
    }

    async fn step(&mut self) {
        match self.dice.below(100) {
            0..45 => {
                let mut world = self.world();
                let took = world.dice.between(1, 20) * SECOND;
                world.pass(took);
                user::act(&mut world);
            }
            45..70 => self.run_some().await,
            70..82 => {
                let mut world = self.world();
                let took = *world.dice.pick(&[5 * SECOND, 30 * SECOND, 2 * MINUTE, 2 * MINUTE, 10 * MINUTE, HOUR, 26 * HOUR]);
                let long = world.dice.chance(0.02);
                world.pass(if long { 40 * DAY } else { took });
            }
            82 => {
                let count = self.world().mappings.len() as u64;
                let at = self.dice.below(count) as usize;
                plan::check(&mut self.engine, &self.world, at).await;
            }
            83 => self.office().await,
            84..90 => {
                person::answer(&mut self.engine, &self.world, 0.4).await;
            }
            90..95 => self.trouble(),
            _ => {
                let watch = self.engine.process().await.watch.clone();
                if let Err(error) = watch.deliver().await {
                    self.world().broken(format!("a delivery is not taken: {error}"));
                }
            }
        }
    }

    /// Somebody takes a run back, has what was refused tried again, or applies a plan made earlier.
    async fn office(&mut self) {
        let count = self.world().mappings.len();
        let at = self.dice.below(count as u64) as usize;
        match self.dice.below(4) {
            0 => {
                let agrees = self.dice.chance(0.8);
                if let Some(came) = office::undo(&mut self.engine, &self.world, at, agrees).await {
                    self.ended(&[at], vec![came]);
                }
            }
            1 => office::try_again(&mut self.engine, &self.world).await,
            _ => {
                if let Some((request, ops)) = self.desk.approved(&self.world, at) {
                    self.begins(&[at], &request, None);
                    self.world().run.approved.insert(at, ops);
                    let came = self.engine.run(&[at], &request, false, None).await;
                    self.ended(&[at], came);
                }
            }
        }
    }

    /// A vendor is in trouble for a while.
    fn trouble(&mut self) {
        let mut world = self.world();
        let world = &mut *world;
        if world.rates.busy == 0.0 {
            return;
        }
        let at = world.dice.below(world.vendors.len() as u64) as usize;
        let until = world.clock.us() + world.dice.below(30 * MINUTE as u64) as i64;
        let tables = &world.vendors[at].tables;
        let object = world.dice.pick(tables).name.clone();
        if world.dice.chance(0.15) {
            // Somebody sets its clock.
            let by = *world.dice.pick(&[-2 * MINUTE, -30 * SECOND, 5 * SECOND, 2 * MINUTE]);
            world.vendors[at].shape.offset_us += by;
            world.vendors[at].has_jumped = true;
            let said = world.vendors[at].shape.name;
            return world.note(format_args!("the clock of {said} jumps by {by}"));
        }
        let trouble = &mut world.vendors[at].trouble;
        match world.dice.below(5) {
            0 => trouble.down_until_us = until,
            1 => trouble.revoked_until_us = until,
            2 => trouble.hidden = Some((*world.dice.pick::<&str>(&["Name", "Amount", "Rank", "Note", "Active"]), until)),
            3 => trouble.forbidden = Some((object, until)),
            _ => trouble.drifted = Some((object, until)),
        }
        let said = format!("{} is in trouble: {:?}", world.vendors[at].shape.name, world.vendors[at].trouble);
        world.note(format_args!("{said}"));
    }

    async fn run_some(&mut self) {
        let count = self.world().mappings.len();
        let all: Vec<usize> = (0..count).collect();
        let side_by_side = self.dice.chance(0.3);
        let one = [self.dice.below(count as u64) as usize];
        let which: &[usize] = if side_by_side { &all } else { &one };
        let poll = self.dice.chance(0.8);
        let intent = if self.dice.chance(0.05) { Intent::Plan } else { Intent::Apply };
        let request = Request { wake: Wake::Schedule, poll, sweep: self.dice.chance(0.3), intent };
        let crash = self.world().rates.crash;
        let crash_at = self.dice.chance(crash).then(|| self.dice.below(*self.dice.clone().pick(&[20, 80, 300])));
        let agrees = self.dice.chance(0.8);
        self.run(which, &request, agrees, crash_at).await;
    }

    fn begins(&self, which: &[usize], request: &Request, crash_at: Option<u64>) {
        let mut world = self.world();
        world.begins(which, request);
        let intent = match request.intent {
            Intent::Plan => "plan",
            Intent::Apply => "apply",
            Intent::Approved(_) => "approved",
        };
        world.note(format_args!("run {which:?} poll {} sweep {} {intent} crash at {crash_at:?}", request.poll, request.sweep));
    }

    async fn run(&mut self, which: &[usize], request: &Request, agrees: bool, crash_at: Option<u64>) {
        self.begins(which, request, crash_at);
        let came = self.engine.run(which, request, agrees, crash_at).await;
        self.ended(which, came);
        if let (Intent::Plan, [at]) = (&request.intent, which) {
            self.desk.keep(&self.world, *at);
        }
    }

    fn ended(&mut self, which: &[usize], came: Vec<Came>) {
        let mut world = self.world();
        world.plan_only = false;
        if let Some(line) = canary::heard() {
            world.broken(format!("I21: a log line gives a value away: {line}"));
        }
        for (at, came) in which.iter().zip(came) {
            match came {
                Came::Ended(ended) if ended.end.state == RunState::Held && world.merges.contains_key(at) => {
                    world.broken(format!("a held run commits merges: {:?}", ended.held));
                }
                Came::Ended(ended) => world.note(format_args!("ended {:?} {:?} down {:?}", ended.end, ended.held, ended.down)),
                Came::Failed(error) if canary::gives_away(&error.to_string()) => world.broken(format!("I21: an error gives a value away: {error}")),
                Came::Failed(error) => {
                    world.note(format_args!("failed {error:?}"));
                    if world.calm {
                        world.broken(format!("I2: a run fails although all is calm: {error}"));
                    }
                }
                Came::Crashed => world.note(format_args!("crashed")),
            }
        }
    }

    /// Faults end, waits are over, people answer: everything must come to rest, and stay there.
    async fn rest(&mut self) {
        {
            let mut world = self.world();
            world.calm = true;
            world.pass(10 * MINUTE);
            // Whatever is still on its way arrives: a hint may change what a person decided.
            let now_us = world.clock.us();
            world.hints.iter_mut().for_each(|hint| hint.due_us = now_us);
            world.note(format_args!("calm"));
        }
        if self.dice.chance(0.3) {
            for _ in 0..=RUNS_TO_REST {
                self.round().await;
            }
            rest::check_unasked(&mut self.engine, &self.world).await;
        }
        let mut since_answer = 0;
        for round in 0..ANSWERED_ROUNDS + RUNS_TO_REST + 1 {
            let answered = if round < ANSWERED_ROUNDS { person::answer(&mut self.engine, &self.world, 1.0).await } else { 0 };
            since_answer = if answered > 0 { 0 } else { since_answer + 1 };
            let writes = self.round().await;
            if !self.is_sound() {
                return;
            }
            if writes == 0 && answered == 0 && since_answer > 1 {
                break;
            }
            if since_answer > RUNS_TO_REST && round >= ANSWERED_ROUNDS {
                return self.world().broken(format!("I2: still {writes} writes after {since_answer} runs without a fault"));
            }
        }
        rest::check(&mut self.engine, &self.world).await;
        explain::check(&mut self.engine, &self.world).await;
        stored::check(self.engine.process().await, &self.world).await;
        self.probe().await;
        if self.is_sound() {
            for _ in 0..2 {
                let writes = self.round().await;
                if writes > 0 {
                    self.world().broken(format!("I6: {writes} writes although nobody did anything"));
                }
            }
        }
    }

    /// Edits where everything is quiet: each must come out as its policy says.
    async fn probe(&mut self) {
        for _ in 0..PROBES {
            if !self.is_sound() {
                return;
            }
            let probe = Probe::begin(&mut self.engine, &self.world).await;
            let mut writes = self.round().await;
            if let Some(probe) = probe {
                probe.end(&mut self.engine, &self.world).await;
            }
            // The key of one may be what another's wall or `create` hangs on, so more may follow.
            for _ in 0..ANSWERED_ROUNDS {
                if person::answer(&mut self.engine, &self.world, 1.0).await == 0 && writes == 0 {
                    break;
                }
                writes = self.round().await;
            }
        }
    }

    /// Every mapping once, long after the last time; how much was written.
    async fn round(&mut self) -> u64 {
        let before = {
            let mut world = self.world();
            world.pass(if self.rounds == 0 { 3 * HOUR } else { 25 * HOUR });
            world.writes
        };
        self.rounds += 1;
        let count = self.world().mappings.len();
        let request = Request { wake: Wake::Schedule, poll: true, sweep: true, intent: Intent::Apply };
        for at in 0..count {
            self.run(&[at], &request, true, None).await;
        }
        self.world().writes - before
    }
}
