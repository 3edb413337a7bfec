//! The scenario from its beginning to its rest, with the process ending at given turns.

use std::sync::{Arc, MutexGuard};

use syncline::daemon::resolve::{Said, resolve};
use syncline::mapping::Mapping;
use syncline::run::{Intent, Request};
use syncline::store::{Review, ReviewAbout, Wake};

use super::super::check::rest;
use super::super::dice::Dice;
use super::super::engine::{Came, Engine, Turns};
use super::super::files::compiled;
use super::super::shape::Shape;
use super::super::time::{HOUR, MINUTE, SECOND};
use super::super::world::{Rates, Shared, World};
use super::scenario::{self, Class, End};

/// Rounds within which all comes to rest, the waits for what may still land among them.
const ROUNDS: usize = 8;

/// When the process ends, and what becomes of what it had sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crashes {
    /// Turns of the runs' futures, counted over all of them.
    pub at: Vec<u64>,
    /// What is under way then is carried out all the same, so many seconds later; or never.
    pub landed: Option<i64>,
}

/// How it came out.
pub struct Played {
    /// Turns that all runs took.
    pub turns: u64,
    /// Those after which the store, a vendor, or what is under way was another.
    pub telling: Vec<u64>,
    /// Whether a request was under way when the process ended.
    pub sent: bool,
    /// A person was asked about a write in doubt.
    pub asked: bool,
    pub end: End,
    pub broken: Option<String>,
    pub text: String,
}

/// A class's scenario, compiled once.
pub struct Ready {
    shape: Shape,
    mappings: Vec<Arc<Mapping>>,
}

impl Ready {
    pub fn of(class: Class) -> Self {
        let shape = scenario::shape(class);
        let mappings = compiled(&shape);
        Self { shape, mappings }
    }
}

struct Play {
    world: Shared,
    engine: Engine,
    crashes: Crashes,
    sent: bool,
    asked: bool,
}

pub fn play(ready: &Ready, crashes: Crashes, keep: bool) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(Play::new(ready, crashes, keep).through())
}

impl Play {
    fn new(ready: &Ready, crashes: Crashes, keep: bool) -> Self {
        let mut world = World::new(&ready.shape, ready.mappings.clone(), Dice::seeded(1), keep);
        world.rates = Rates { landed: if crashes.landed.is_some() { 1.0 } else { 0.0 }, ..Rates::default() };
        let world = world.shared();
        let engine = Engine::new(&world);
        Self { world, engine, crashes, sent: false, asked: false }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        locked(&self.world)
    }

    async fn through(mut self) -> Played {
        scenario::begin(&mut self.world());
        self.run_and_type("typed after the first run").await;
        self.settle().await;
        if self.world().broken.is_none() {
            scenario::edits(&mut self.world());
            self.run_and_type("typed after the second run").await;
            self.settle().await;
        }
        if self.world().broken.is_none() {
            self.at_rest().await;
        }
        let Turns { taken: turns, telling, .. } = std::mem::take(&mut self.engine.turns);
        let world = self.world();
        Played { turns, telling, sent: self.sent, asked: self.asked, end: scenario::end(&world), broken: world.broken.clone(), text: world.trace.text() }
    }

    /// Somebody types right after the run. A process that ended is then started again at once, while what it had sent may still land.
    async fn run_and_type(&mut self, text: &str) {
        let crashes = self.crashes.at.len();
        self.run_all().await;
        scenario::late(&mut self.world(), text);
        if self.crashes.at.len() < crashes {
            self.run_all().await;
        }
    }

    async fn run_all(&mut self) {
        let count = self.world().mappings.len();
        for at in 0..count {
            self.run(at).await;
        }
    }

    async fn run(&mut self, at: usize) {
        let request = Request { wake: Wake::Schedule, poll: true, sweep: false, intent: Intent::Apply };
        let crash_at = self.crashes.at.first().map(|turn| turn - self.engine.turns.taken);
        self.world().note(format_args!("run {at}, crash at {crash_at:?}"));
        let came = self.engine.run(&[at], &request, true, crash_at).await;
        for came in came {
            match came {
                Came::Crashed => {
                    self.crashes.at.remove(0);
                    let landed = self.crashes.landed;
                    let mut world = self.world();
                    world.note(format_args!("crashed"));
                    let now_us = world.clock.us();
                    for (late, seconds) in world.wire.iter_mut().zip(landed.into_iter().cycle()) {
                        late.due_us = now_us + seconds * SECOND;
                    }
                    let landing = !world.wire.is_empty();
                    drop(world);
                    self.sent |= landing;
                }
                Came::Ended(_) => {}
                Came::Failed(error) => self.world().broken(format!("a run fails although nothing goes wrong: {error}")),
            }
        }
    }

    /// Time goes on, and every mapping runs, until nothing is written and nothing is asked any more.
    async fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            let crashes = self.crashes.at.len();
            let before = {
                let mut world = self.world();
                world.pass(if quiet == 0 { 10 * MINUTE } else { 3 * HOUR });
                world.writes
            };
            let answered = self.answer().await;
            self.run_all().await;
            let wrote = self.world().writes > before;
            let crashed = self.crashes.at.len() < crashes;
            quiet = if wrote || answered || crashed { 0 } else { quiet + 1 };
            if quiet == 2 || self.world().broken.is_some() {
                return;
            }
        }
        self.world().broken("I2: it does not come to rest".to_owned());
    }

    /// A person looks whether what is in doubt is there, and says so. Whether anybody was asked.
    async fn answer(&mut self) -> bool {
        let world = self.world.clone();
        let process = self.engine.process().await;
        let open = process.watch.inner().reviews(None, true).await.expect("the store reads");
        let open: Vec<Review> = open.into_iter().filter(|review| review.answer.is_none()).collect();
        for review in &open {
            let ReviewAbout::InDoubt { entry, .. } = &review.about else {
                let text = format!("a person is asked although nothing is undecided: {:?}", review.about);
                locked(&world).broken(text);
                return false;
            };
            let said = {
                let mut world = locked(&world);
                let landed = world.vendors.iter().flat_map(|vendor| &vendor.tables).flat_map(|table| &table.records).any(|rec| rec.made_by == Some(*entry));
                world.note(format_args!("person: {} landed: {landed}", review.id));
                if landed { Said::Leave } else { Said::New }
            };
            resolve(&process.ground, review.id, said).await.expect("a review in doubt takes both answers");
            self.asked = true;
        }
        !open.is_empty()
    }

    async fn at_rest(&mut self) {
        rest::check(&mut self.engine, &self.world).await;
        let world = self.world.clone();
        let process = self.engine.process().await;
        let store = process.watch.inner();
        for laid in &process.ground.mappings {
            let open = store.unsettled(laid.id).await.expect("the store reads");
            if !open.is_empty() {
                locked(&world).broken(format!("I2: journal entries are open at rest: {open:?}"));
            }
        }
    }
}

fn locked(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().expect("no holder of this lock goes on after a panic")
}
