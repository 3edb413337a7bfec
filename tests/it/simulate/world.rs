//! Everything outside the engine: time, chance, vendors, requests under way, and what is known of the truth.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use syncline::id::{ObjectName, RecordKey};
use syncline::mapping::Mapping;
use syncline::run::plan::PlannedOp;
use syncline::run::{Intent, Request};
use syncline::system::{Read, WriteItem, WriteKind};

use super::check::limits::Counted;
use super::dice::Dice;
use super::ledger::Ledger;
use super::shape::Shape;
use super::time::SimClock;
use super::trace::Trace;
use super::vendor::Vendor;

/// How often what goes wrong, each between 0 and 1.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    pub busy: f64,
    pub partial_get: f64,
    pub unread: f64,
    pub stale: f64,
    pub expired: f64,
    pub emptied: f64,
    pub answer_lost: f64,
    pub request_lost: f64,
    pub late: f64,
    pub twice: f64,
    pub not_done: f64,
    pub partial_batch: f64,
    pub locked: f64,
    pub refused: f64,
    /// Users and deliveries between a request and the next.
    pub meanwhile: f64,
    pub delivery_lost: f64,
    pub store_busy: f64,
    pub disk_full: f64,
    pub crash: f64,
    /// Requests under way when the process ends that arrive all the same.
    pub landed: f64,
}

impl Rates {
    /// Each history has its own weather: some faults often, most never.
    pub fn throw(dice: &mut Dice) -> Self {
        if dice.chance(0.15) {
            return Self { meanwhile: 0.05, landed: 0.5, ..Self::default() };
        }
        let mut rate = |most: f64| if dice.chance(0.45) { most * (dice.below(100) + 1) as f64 / 100.0 } else { 0.0 };
        Self {
            busy: rate(0.08),
            partial_get: rate(0.1),
            unread: rate(0.05),
            stale: rate(0.7),
            expired: rate(0.1),
            emptied: rate(0.2),
            answer_lost: rate(0.3),
            request_lost: rate(0.2),
            late: rate(0.2),
            twice: rate(0.15),
            not_done: rate(0.2),
            partial_batch: rate(0.2),
            locked: rate(0.1),
            refused: rate(0.05),
            meanwhile: rate(0.25),
            delivery_lost: rate(1.0),
            store_busy: rate(0.01),
            disk_full: rate(0.004),
            crash: rate(0.4),
            landed: 0.5,
        }
    }
}

/// A request that is carried out later than its client waits.
#[derive(Clone, Debug)]
pub struct Late {
    pub number: u64,
    pub due_us: i64,
    pub vendor: usize,
    pub read: Read,
    pub kind: WriteKind,
    pub item: WriteItem,
    /// Not sent by the engine any more: its second copy.
    pub copy: bool,
}

/// A hint on its way.
#[derive(Clone, Debug)]
pub struct Hint {
    pub due_us: i64,
    pub vendor: usize,
    pub object: ObjectName,
    pub key: RecordKey,
    pub id: u64,
}

pub struct World {
    pub clock: Arc<SimClock>,
    pub dice: Dice,
    pub rates: Rates,
    pub vendors: Vec<Vendor>,
    pub mappings: Vec<Arc<Mapping>>,
    pub wire: Vec<Late>,
    pub hints: VecDeque<Hint>,
    pub ledger: Ledger,
    pub trace: Trace,
    pub users: super::user::Users,
    /// The first promise that was broken.
    pub broken: Option<String>,
    /// Requests that changed something.
    pub writes: u64,
    /// Whatever changed outside the process, and what was sent.
    pub changes: u64,
    /// Merges committed by the runs under way, per mapping.
    pub merges: BTreeMap<usize, u64>,
    /// The run under way may only plan.
    pub plan_only: bool,
    /// No user is there, and nothing goes wrong.
    pub calm: bool,
    /// Time stands still, and nothing arrives.
    pub frozen: bool,
    /// The runs under way.
    pub run: Runs,
    /// Mappings whose first match was committed whole.
    pub adopted: BTreeSet<usize>,
}

/// What is known of the runs under way, by mapping.
#[derive(Default)]
pub struct Runs {
    pub since_us: i64,
    pub counted: Counted,
    /// What their first pass showed.
    pub planned: BTreeMap<usize, Vec<PlannedOp>>,
    /// The plans that they were to apply, and nothing else.
    pub approved: BTreeMap<usize, Vec<PlannedOp>>,
}

pub type Shared = Arc<Mutex<World>>;

impl World {
    pub fn new(shape: &Shape, mappings: Vec<Arc<Mapping>>, mut dice: Dice, keep: bool) -> Self {
        let objects = |at: usize| shape.objects.iter().map(move |object| (object.name, object.columns[at].clone())).collect();
        let vendors: Vec<Vendor> = shape.vendors.iter().enumerate().map(|(at, vendor)| Vendor::new(vendor, objects(at))).collect();
        Self {
            clock: Arc::new(SimClock::new()),
            rates: Rates::throw(&mut dice),
            users: super::user::Users::throw(&mut dice),
            dice,
            vendors,
            mappings,
            wire: Vec::new(),
            hints: VecDeque::new(),
            ledger: Ledger::default(),
            trace: Trace::new(keep),
            broken: None,
            writes: 0,
            changes: 0,
            merges: BTreeMap::new(),
            plan_only: false,
            calm: false,
            frozen: false,
            run: Runs::default(),
            adopted: BTreeSet::new(),
        }
    }

    pub fn note(&mut self, text: fmt::Arguments<'_>) {
        self.trace.line(self.clock.us(), text);
    }

    /// A promise is broken: the first one is what is told.
    pub fn broken(&mut self, text: String) {
        self.note(format_args!("BROKEN {text}"));
        self.broken.get_or_insert(text);
    }

    /// Runs of these mappings begin.
    pub fn begins(&mut self, which: &[usize], request: &Request) {
        self.plan_only = !request.commits();
        self.merges.clear();
        self.run = Runs { since_us: self.clock.us(), ..Runs::default() };
        if matches!(request.intent, Intent::Approved(_)) {
            self.run.counted.agreed.extend(which);
        }
    }

    /// Whether a fault of this rate happens now.
    pub fn thrown(&mut self, rate: impl Fn(&Rates) -> f64) -> bool {
        let rate = rate(&self.rates);
        !self.calm && rate > 0.0 && self.dice.chance(rate)
    }

    /// Time goes on; requests that were under way arrive.
    pub fn pass(&mut self, by_us: i64) {
        if self.frozen {
            return;
        }
        let until = self.clock.us() + by_us;
        while let Some(at) = (0..self.wire.len()).filter(|at| self.wire[*at].due_us <= until).min_by_key(|at| self.wire[*at].due_us) {
            let late = self.wire.remove(at);
            self.clock.advance((late.due_us - self.clock.us()).max(0));
            self.carry_out(late);
        }
        self.clock.advance((until - self.clock.us()).max(0));
    }

    fn carry_out(&mut self, late: Late) {
        let name = self.vendors[late.vendor].shape.name;
        self.note(format_args!("{name} late{}: {:?} {:?}", if late.copy { " copy" } else { "" }, late.kind, late.item.key));
        self.execute(late.vendor, &late.read, &late.kind, &late.item, true);
    }

    /// Somebody else does something between two requests.
    pub fn meanwhile(&mut self) {
        if self.thrown(|rates| rates.meanwhile) {
            super::user::act(self);
        }
    }
}
