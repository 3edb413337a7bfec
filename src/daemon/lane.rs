//! One lane per mapping: it alone runs the mapping, one run after another, and decides when.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::asked::{Asked, Failure};
use super::bell::{Reading, Rung};
use super::schedule::{midnight, next_wake};
use super::shared::Shared;
use super::{End, pace};
use crate::id::MappingName;
use crate::mapping::Schedule;
use crate::run::plan::{PlanSink, Unseen};
use crate::run::progress::{Progress, Step};
use crate::run::{self, Approve, Back, Ended, Hooks, Intent, Laid, NobodyAgrees, Request};
use crate::store::{Adoption, RunState, Wake};
use crate::system::GoneBy;

/// A lane looks at its clock at least this often, so that a machine that slept, or a clock that was set, is noticed.
const CLOCK_LOOK: Duration = Duration::from_secs(30);

/// Touched records that a run left: for later, or for a system that is down.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    count: u64,
    /// Looks that did not make them fewer.
    idle: u32,
    look_at: Option<Timestamp>,
}

pub(super) struct Lane {
    shared: Arc<Shared>,
    at: usize,
    asked: mpsc::Receiver<Asked>,
    /// Which mappings had their first run since the start.
    started: watch::Receiver<Vec<bool>>,
    /// The next wake by schedule; computed once, lest a late look skip it.
    scheduled: Option<Timestamp>,
    left: Left,
    /// When the day ends, where something hangs on the date.
    midnight: Option<Timestamp>,
    /// Before this only a person wakes it: its runs fail, or its whole first match waits for a person.
    not_before: Option<Timestamp>,
    adopted: bool,
    swept_at: Option<Timestamp>,
}

impl Lane {
    pub fn new(shared: Arc<Shared>, at: usize, asked: mpsc::Receiver<Asked>) -> Self {
        let started = shared.started.subscribe();
        Self { shared, at, asked, started, scheduled: None, left: Left::default(), midnight: None, not_before: None, adopted: false, swept_at: None }
    }

    fn laid(&self) -> &Laid {
        &self.shared.ground.mappings[self.at]
    }

    fn name(&self) -> &MappingName {
        &self.laid().mapping.name
    }

    fn now(&self) -> Timestamp {
        self.shared.ground.clock.now()
    }

    /// Runs the mapping whenever it wakes, until the daemon stops.
    pub async fn keep(mut self) -> Result<(), End> {
        let started = self.start().await;
        self.settle(started)?;
        self.shared.started.send_modify(|started| started[self.at] = true);
        while !self.shared.stop.is_cancelled() {
            let (shared, due, now) = (Arc::clone(&self.shared), self.due(), self.now());
            let bell = &shared.bells[self.at];
            shared.board.next_wake(self.at, due);
            let may_run = self.not_before.is_none_or(|at| at <= now);
            let step = tokio::select! {
                biased;
                () = shared.stop.cancelled() => break,
                Some(asked) = self.asked.recv() => self.answer(asked).await,
                rung = bell.rung(), if may_run => self.rung(rung).await,
                () = pace::until(due, now, CLOCK_LOOK) => self.timer().await,
            };
            self.settle(step)?;
        }
        Ok(())
    }

    /// What failed is reported and waits; what makes the store unusable ends the daemon.
    fn settle(&mut self, step: Result<(), Arc<Failure>>) -> Result<(), End> {
        let Err(failure) = step else { return Ok(()) };
        self.failed(&failure);
        End::of(failure).map_or(Ok(()), Err)
    }

    /// The first run after a start waits for those of the mappings it refers to: what they link, it needs.
    async fn start(&mut self) -> Result<(), Arc<Failure>> {
        let shared = Arc::clone(&self.shared);
        let before = shared.refers_to_before(self.at);
        loop {
            let mut started = self.started.clone();
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => return Ok(()),
                Some(asked) = self.asked.recv() => self.answer(asked).await?,
                () = all_started(&mut started, &before) => break,
            }
        }
        // Only a regular schedule says that a poll is welcome at any time.
        let reading = if matches!(self.laid().mapping.schedule, Schedule::Every(_)) { Reading::Feeds } else { Reading::Touched };
        self.woken(Wake::Start, reading).await
    }

    /// When it wakes by itself. What waits because it failed or is held is tried again then, whatever the schedule says.
    fn due(&self) -> Option<Timestamp> {
        let soonest = [self.scheduled, self.left.look_at, self.midnight].into_iter().flatten().min();
        self.not_before.or(soonest)
    }

    async fn rung(&mut self, rung: Rung) -> Result<(), Arc<Failure>> {
        // A first match lists everything: a delivery is no reason for that, and loses nothing, since what it touched is kept.
        if rung.why == Wake::Delivery && !self.is_adopted().await? {
            return Ok(());
        }
        self.woken(rung.why, rung.reading).await
    }

    async fn timer(&mut self) -> Result<(), Arc<Failure>> {
        let now = self.now();
        if self.due().is_none_or(|due| due > now) {
            return Ok(());
        }
        let waited = self.not_before.take().is_some();
        if waited || self.scheduled.is_some_and(|at| at <= now) {
            return self.woken(Wake::Schedule, Reading::Feeds).await;
        }
        if self.midnight.is_some_and(|at| at <= now) {
            return self.woken(Wake::Schedule, Reading::Touched).await;
        }
        match self.has_due().await? {
            true => self.woken(Wake::Schedule, Reading::Touched).await,
            false => self.count_left(Reading::Touched).await,
        }
    }

    async fn answer(&mut self, asked: Asked) -> Result<(), Arc<Failure>> {
        let Asked { request, back, watcher, outcome } = asked;
        let (mut plan, mut approve) = (watcher.plan(), watcher.approve());
        let came = self.run(request, back, &watcher, &mut plan, &mut approve).await;
        let failure = came.as_ref().err().cloned();
        if outcome.send(came).is_err() {
            tracing::debug!(mapping = %self.name(), "whoever asked for the run went away");
        }
        failure.map_or(Ok(()), Err)
    }

    async fn woken(&mut self, why: Wake, reading: Reading) -> Result<(), Arc<Failure>> {
        let poll = reading == Reading::Feeds;
        let request = Request { wake: why, poll, sweep: poll && self.sweep_due(), intent: Intent::Apply };
        self.run(request, None, &run::progress::Unwatched, &mut Unseen, &mut NobodyAgrees).await.map(|_| ())
    }

    /// One run, with what goes before and after it.
    async fn run(
        &mut self,
        request: Request,
        back: Option<Back>,
        watcher: &dyn Progress,
        plan: &mut dyn PlanSink,
        approve: &mut dyn Approve,
    ) -> Result<Ended, Arc<Failure>> {
        let shared = Arc::clone(&self.shared);
        let laid = &shared.ground.mappings[self.at];
        let feeds = match request.poll || !self.is_adopted().await? {
            true => shared.feeds.take(&laid.mapping).await,
            false => Vec::new(),
        };
        let started = self.now();
        shared.board.running(self.at);
        let counted = Counted { shared: &shared, laid, watcher };
        let mut hooks = Hooks { progress: &counted, plan, approve, stop: &shared.stop };
        let run = async {
            match &back {
                Some(back) => run::undo(&shared.ground, laid, &request.intent, back, &mut hooks).await,
                None => run::once(&shared.ground, laid, &request, &mut hooks).await,
            }
        };
        // A bug met in one mapping must not stop the others.
        let came = AssertUnwindSafe(run).catch_unwind().await;
        drop(feeds);
        if request.poll || self.scheduled.is_none() {
            self.scheduled = next_wake(&laid.mapping.schedule, Some(started), self.now(), &shared.ground.zone);
        }
        self.midnight = laid.mapping.hangs_on_today().then(|| midnight(started, &shared.ground.zone)).flatten();
        match came {
            Ok(Ok(ended)) => self.ended(&request, ended).await,
            Ok(Err(error)) => Err(Arc::new(Failure::Run(error))),
            Err(panic) => Err(Arc::new(Failure::bug(&*panic))),
        }
    }

    async fn ended(&mut self, request: &Request, ended: Ended) -> Result<Ended, Arc<Failure>> {
        let (shared, now) = (Arc::clone(&self.shared), self.now());
        let mapping = &shared.ground.mappings[self.at].mapping;
        log(&mapping.name, &ended);
        shared.tally.ended(mapping, &ended);
        shared.board.ended(self.at, mapping, &ended, request.poll, now);
        self.not_before = None;
        if ended.end.state == RunState::Held && !self.is_adopted().await? {
            // Nothing changes until a person says so; listing everything again meanwhile would only cost requests.
            self.not_before = Some(pace::after(now, shared.settings.held_again));
        }
        if request.sweep && ended.end.state == RunState::Done {
            self.swept_at = Some(now);
        }
        if request.commits() {
            shared.wake_others(self.at, &ended).await.map_err(Failure::store)?;
            let before = self.left.count;
            self.count_left(if request.poll { Reading::Feeds } else { Reading::Touched }).await?;
            let went_on = request.poll || self.left.count < before;
            // A run takes up only so much at once: what is due goes on without waiting.
            if went_on && ended.end.state == RunState::Done && ended.down.is_empty() && self.left.count > 0 && self.has_due().await? {
                shared.bells[self.at].ring(Wake::Schedule, Reading::Touched);
            }
        }
        Ok(ended)
    }

    fn failed(&mut self, failure: &Failure) {
        let now = self.now();
        let why = failure.chain();
        tracing::warn!(mapping = %self.name(), error = %why, "run failed");
        self.shared.tally.failed(&self.laid().mapping);
        let attempts = self.shared.board.failed(self.at, why, now);
        let seed = now.as_nanosecond() as u64 ^ ((self.at as u64) << 48);
        self.not_before = Some(pace::after(now, self.shared.settings.waits.wait(attempts, None, seed)));
    }

    async fn is_adopted(&mut self) -> Result<bool, Arc<Failure>> {
        if !self.adopted {
            let adoption = self.shared.ground.store.adoption(self.laid().id).await.map_err(Failure::store)?;
            self.adopted = adoption == Adoption::Done;
        }
        Ok(self.adopted)
    }

    fn sweep_due(&self) -> bool {
        let needed = self.laid().seats.iter().any(|seat| seat.abilities.gone == GoneBy::Sweep);
        needed && self.swept_at.is_none_or(|at| pace::after(at, self.shared.settings.sweep_every) <= self.now())
    }

    async fn has_due(&self) -> Result<bool, Arc<Failure>> {
        let due = self.shared.ground.store.touched(self.laid().id, self.now(), 1).await.map_err(Failure::store)?;
        Ok(!due.is_empty())
    }

    /// What is left touched is looked for again, more seldom the longer nothing comes of it.
    async fn count_left(&mut self, reading: Reading) -> Result<(), Arc<Failure>> {
        let (count, _) = self.shared.ground.store.touched_count(self.laid().id).await.map_err(Failure::store)?;
        let idle = if reading == Reading::Touched && count >= self.left.count { self.left.idle.saturating_add(1) } else { 1 };
        let look_at = (count > 0).then(|| pace::after(self.now(), self.shared.settings.look_again.longest(idle)));
        self.left = Left { count, idle, look_at };
        Ok(())
    }
}

async fn all_started(started: &mut watch::Receiver<Vec<bool>>, before: &[usize]) {
    let ready = started.wait_for(|started| before.iter().all(|at| started[*at])).await;
    ready.expect("the sender lives as long as the lanes");
}

/// Tells every step to the tally and to whoever watches.
struct Counted<'a> {
    shared: &'a Shared,
    laid: &'a Laid,
    watcher: &'a dyn Progress,
}

impl Progress for Counted<'_> {
    fn step(&self, step: Step) {
        self.shared.tally.step(&self.laid.mapping, step);
        self.watcher.step(step);
    }
}

/// Counts only: a log never holds a value. A poll that found nothing is nobody's news.
fn log(mapping: &MappingName, ended: &Ended) {
    let end = &ended.end;
    let quiet = end.state == RunState::Done && end.created + end.updated + end.archived + end.deleted + end.linked == 0 && ended.down.is_empty();
    if quiet {
        tracing::debug!(%mapping, run = ended.run.map(tracing::field::display), read = end.read, "run ended, nothing to do");
        return;
    }
    tracing::info!(
        %mapping,
        run = ended.run.map(tracing::field::display),
        state = end.state.word(),
        read = end.read,
        linked = end.linked,
        created = end.created,
        updated = end.updated,
        archived = end.archived,
        deleted = end.deleted,
        conflicts = end.conflicts,
        reviews = end.reviews,
        dead_letters = end.dead_letters,
        down = ended.down.len(),
        "run ended"
    );
    for why in &ended.held {
        tracing::warn!(%mapping, %why, "the run waits for a person");
    }
    for (system, why) in &ended.down {
        tracing::warn!(%mapping, %system, %why, "system could not be read");
    }
}
