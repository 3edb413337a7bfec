//! The engine as a process: it starts, runs mappings, may end at any moment, and starts again from what it had committed.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::tz::TimeZone;
use syncline::clock::Clock;
use syncline::id::ConnectionName;
use syncline::run::back::Back;
use syncline::run::plan::{PlanSink, PlannedOp};
use syncline::run::progress::Unwatched;
use syncline::run::{self, Approve, Ended, Ground, Hooks, Intent, Request, RunError};
use syncline::store::sqlite::MemoryDisk;
use syncline::system::System;
use tokio_util::sync::CancellationToken;

use super::check::stored;
use super::vendor::Port;
use super::watch::Watch;
use super::world::Shared;

/// Numbers of journal entries, over all starts of the process.
type Count = Arc<AtomicU64>;

pub struct Engine {
    disk: MemoryDisk,
    world: Shared,
    count: Count,
    process: Option<Process>,
    pub turns: Turns,
}

/// How often the futures of all runs were polled.
#[derive(Default)]
pub struct Turns {
    pub taken: u64,
    /// Those after which something outside the process had changed: the store, a vendor, or what is under way.
    pub telling: Vec<u64>,
    changes: u64,
}

impl Turns {
    fn take(&mut self, world: &Shared) {
        self.taken += 1;
        let changes = world.lock().expect("no holder of this lock goes on after a panic").changes;
        if changes != self.changes {
            self.telling.push(self.taken);
            self.changes = changes;
        }
    }
}

/// One start of it.
pub struct Process {
    pub ground: Ground,
    pub watch: Arc<Watch>,
}

/// How a run came out.
pub enum Came {
    Ended(Box<Ended>),
    Failed(RunError),
    Crashed,
}

impl Engine {
    pub fn new(world: &Shared) -> Self {
        let disk = MemoryDisk::new("simulated").expect("there is memory for a small store");
        Self { disk, world: world.clone(), count: Arc::default(), process: None, turns: Turns::default() }
    }

    /// The process, started if it is not there.
    pub async fn process(&mut self) -> &Process {
        if self.process.is_none() {
            let process = self.start().await;
            stored::check(&process, &self.world).await;
            self.process = Some(process);
        }
        self.process.as_ref().expect("it was just started")
    }

    async fn start(&self) -> Process {
        let (clock, mappings, vendors) = {
            let world = self.world.lock().expect("no holder of this lock goes on after a panic");
            (world.clock.clone(), world.mappings.clone(), world.vendors.len())
        };
        for wrong in self.disk.damage().expect("the store before it is dropped") {
            self.world.lock().expect("no holder of this lock goes on after a panic").broken(format!("I22: {wrong}"));
        }
        let store = self.disk.open().expect("the store before it is dropped");
        let watch = Arc::new(Watch::new(store, &self.world));
        let ports = (0..vendors).map(|at| Arc::new(Port::new(&self.world, at)) as Arc<dyn System>);
        let systems: BTreeMap<ConnectionName, Arc<dyn System>> = ports.map(|port| (port.connection().clone(), port)).collect();
        let ground = Ground::lay(watch.clone(), clock.clone(), TimeZone::UTC, systems, mappings).await.expect("laying asks only the store's own tables");
        let count = self.count.clone();
        let ground = ground.numbered(move || {
            let millis = clock.now().as_millisecond() as u64;
            let number = count.fetch_add(1, Ordering::Relaxed);
            uuid::Builder::from_unix_timestamp_millis(millis, &number_bytes(number)).into_uuid()
        });
        Process { ground, watch }
    }

    /// The process ends at once: what is under way is nobody's any more.
    pub async fn crash(&mut self) {
        drop(self.process.take());
        // Readers of feeds end with the run that owned them, at their next turn.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.world.lock().expect("no holder of this lock goes on after a panic").orphaned();
    }

    /// Runs mappings side by side, or until the process crashes at its `crash_at`th turn.
    pub async fn run(&mut self, mappings: &[usize], request: &Request, agrees: bool, crash_at: Option<u64>) -> Vec<Came> {
        self.process().await;
        let process = self.process.as_ref().expect("it was just started");
        let stop = CancellationToken::new();
        let came = {
            let world = &self.world;
            let runs = mappings.iter().map(|at| one(process, *at, request, Says { agrees, at: *at, world }, &stop));
            until(futures::future::join_all(runs), crash_at, || self.turns.take(&self.world)).await
        };
        let failed = process.watch.has_failed();
        match came {
            None => {
                self.crash().await;
                vec![Came::Crashed]
            }
            Some(came) => {
                if failed {
                    self.crash().await;
                }
                came
            }
        }
    }
}

impl Engine {
    /// A person takes a run back.
    pub async fn undo(&mut self, at: usize, back: &Back, agrees: bool) -> Came {
        self.process().await;
        let process = self.process.as_ref().expect("it was just started");
        let stop = CancellationToken::new();
        let (mut plan, mut approve) = (Planned { at, world: &self.world }, Says { agrees, at, world: &self.world });
        let mut hooks = Hooks { progress: &Unwatched, plan: &mut plan, approve: &mut approve, stop: &stop };
        let came = match run::undo(&process.ground, &process.ground.mappings[at], &Intent::Apply, back, &mut hooks).await {
            Ok(ended) => Came::Ended(Box::new(ended)),
            Err(error) => Came::Failed(error),
        };
        if process.watch.has_failed() {
            self.crash().await;
        }
        came
    }
}

fn number_bytes(number: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    bytes
}

async fn one(process: &Process, at: usize, request: &Request, mut approve: Says<'_>, stop: &CancellationToken) -> Came {
    let mut plan = Planned { at, world: approve.world };
    let mut hooks = Hooks { progress: &Unwatched, plan: &mut plan, approve: &mut approve, stop };
    match run::once(&process.ground, &process.ground.mappings[at], request, &mut hooks).await {
        Ok(ended) => Came::Ended(Box::new(ended)),
        Err(error) => Came::Failed(error),
    }
}

/// Polls a future that many times at most; `None`: it was dropped before its end.
async fn until<F: Future>(future: F, turns: Option<u64>, mut taken: impl FnMut()) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = turns.unwrap_or(u64::MAX);
    std::future::poll_fn(move |context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        let polled = Pin::as_mut(&mut future).poll(context);
        taken();
        polled.map(Some)
    })
    .await
}

/// What the first pass shows.
struct Planned<'a> {
    at: usize,
    world: &'a Shared,
}

impl PlanSink for Planned<'_> {
    fn op(&mut self, op: PlannedOp) -> std::io::Result<()> {
        let mut world = self.world.lock().expect("no holder of this lock goes on after a panic");
        world.run.planned.entry(self.at).or_default().push(op);
        Ok(())
    }

    fn questions(&mut self, _: usize) {}
}

/// A person who is asked about held runs.
struct Says<'a> {
    agrees: bool,
    at: usize,
    world: &'a Shared,
}

#[async_trait::async_trait]
impl Approve for Says<'_> {
    async fn agree(&mut self, _: &[String]) -> bool {
        if self.agrees {
            self.world.lock().expect("no holder of this lock goes on after a panic").run.counted.agreed.insert(self.at);
        }
        self.agrees
    }
}
