//! One run of one mapping: observe, link, merge, plan, guard, apply, commit. It carries out and never decides.
//!
//! A run goes twice over the same reads: once to count and show what it would do, since limits count a whole run; then, if nothing holds it,
//! to commit and write slice by slice. The core is pure, so both passes decide the same, and a big first match needs no plan in memory.

mod alike;
pub mod apply;
mod arrivals;
pub mod back;
mod batch;
pub mod breaker;
mod commit;
pub mod connect;
mod derive;
mod first;
pub mod ground;
mod kept;
mod keys;
mod late;
mod ledger;
mod look;
mod neighbours;
mod observe;
pub mod offline;
pub mod plan;
mod prepare;
pub mod progress;
mod recover;
mod remark;
pub mod retention;
mod source;
#[cfg(test)]
mod tests;
mod unlinked;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::id::{ConnectionName, EntryId, RunId, SystemName};
use crate::plant::{planted, sometimes};
use crate::store::{Adoption, MovedCursor, Run, RunEnd, RunState, StoreError, Wake};
use crate::sync::{Guard, RunCounts};
use crate::system::SystemError;
pub use back::Back;
pub use ground::{Ground, Laid};
use plan::{Approval, PlanSink};
use progress::{Progress, Step};
use source::Source;

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    pub wake: Wake,
    /// Read the feeds; a delivery's run looks only at what is touched.
    pub poll: bool,
    /// Where only a sweep tells of deletes, sweep.
    pub sweep: bool,
    pub intent: Intent,
}

#[derive(Clone, Debug)]
pub enum Intent {
    /// Show what would be done; store and send nothing.
    Plan,
    Apply,
    /// Apply these ops and no others.
    Approved(Approval),
}

impl Request {
    pub fn commits(&self) -> bool {
        !matches!(self.intent, Intent::Plan)
    }
}

/// Who watches a run, who may agree to it, and what stops it.
pub struct Hooks<'a> {
    pub progress: &'a dyn Progress,
    pub plan: &'a mut dyn PlanSink,
    pub approve: &'a mut dyn Approve,
    pub stop: &'a CancellationToken,
}

/// Asked when a run is held; a terminal asks a person, a daemon says no.
#[async_trait::async_trait]
pub trait Approve: Send {
    async fn agree(&mut self, why: &[String]) -> bool;
}

/// Nobody is there to agree.
pub struct NobodyAgrees;

#[async_trait::async_trait]
impl Approve for NobodyAgrees {
    async fn agree(&mut self, _: &[String]) -> bool {
        false
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Ended {
    pub run: Option<RunId>,
    pub started_at: Timestamp,
    /// The run until it is stored as running.
    pub(crate) unbegun: Option<Run>,
    pub end: RunEnd,
    pub counts: RunCounts,
    /// Why it waits for a person.
    pub held: Vec<String>,
    /// It is held because the store was restored: that is confirmed for the whole store, and no plan approves it.
    pub restored: bool,
    /// Ops of an approved plan that were dropped because their record moved, and records that are waiting for a new plan.
    pub moved: Vec<String>,
    /// Cursors that move when the run ends.
    pub idle: Vec<MovedCursor>,
    /// Others may hang on values that it changed.
    pub spread: bool,
    /// Systems that could not be read.
    pub down: Vec<(SystemName, String)>,
    /// What was left alone, and what to do about it.
    pub remarks: Vec<String>,
}

impl Ended {
    /// Shows the run as running: one that finds nothing to do is stored by its end alone.
    async fn begin(&mut self, ground: &Ground) -> Result<(), StoreError> {
        match self.unbegun.take() {
            Some(run) => ground.store.begin_run(run).await,
            None => Ok(()),
        }
    }
}

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the project has no connection `{connection}`; name it under `connections:` in syncline.yaml")]
    NoConnection { connection: ConnectionName },
    /// A match on half a list would make twins of the other half.
    #[error("the first match needs the whole list of {system}, which could not be read to its end")]
    Incomplete {
        system: SystemName,
        #[source]
        source: SystemError,
    },
    #[error("journal entry {entry} belongs to no entity; restore the store from a backup")]
    Orphan { entry: EntryId },
    #[error("the plan cannot be written where it goes")]
    Plan(#[from] std::io::Error),
    #[error(transparent)]
    Scratch(#[from] kept::Damaged),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    System(#[from] SystemError),
}

/// How long an op waits when its system did not answer right before a write.
const SYSTEM_WAIT: Duration = Duration::from_secs(30);
/// How soon an entity is looked at again of which a system was silent.
const SILENT_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// How far a vendor's clock may be off when a record found is compared with the time of our sending.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(5);

/// Runs the mapping once.
///
/// # Errors
/// When the store fails, or the plan cannot be written. A system that is down is no error: it is silent, and the rest goes on.
pub async fn once(ground: &Ground, laid: &Laid, request: &Request, hooks: &mut Hooks<'_>) -> Result<Ended, RunError> {
    run(ground, laid, request, None, hooks).await
}

/// Takes back what runs of the mapping wrote, in a run of its own: planned, guarded, journalled and settled like any.
///
/// # Errors
/// As [`once`].
pub async fn undo(ground: &Ground, laid: &Laid, intent: &Intent, back: &Back, hooks: &mut Hooks<'_>) -> Result<Ended, RunError> {
    let request = Request { wake: Wake::Person, poll: false, sweep: false, intent: intent.clone() };
    run(ground, laid, &request, Some(back), hooks).await
}

async fn run(ground: &Ground, laid: &Laid, request: &Request, back: Option<&Back>, hooks: &mut Hooks<'_>) -> Result<Ended, RunError> {
    let started_at = ground.clock.now();
    let run = request.commits().then(|| ground.store.new_run(laid.id, request.wake, started_at));
    let mut ended = Ended {
        run: run.map(|run| run.id),
        unbegun: run,
        started_at,
        end: RunEnd { ledger: if request.commits() { ledger::open(laid) } else { Vec::new() }, ..RunEnd::default() },
        counts: RunCounts::new(laid.mapping.systems.len(), laid.mapping.fields.len()),
        held: Vec::new(),
        restored: false,
        moved: Vec::new(),
        spread: false,
        down: Vec::new(),
        idle: Vec::new(),
        remarks: Vec::new(),
    };
    // Everything that happens below, requests above all, is logged with the run it belongs to.
    let span = tracing::info_span!("run", mapping = %laid.mapping.name, id = run.map(|run| tracing::field::display(run.id)));
    let outcome = match ground.store.restored().filter(|_| request.commits()) {
        None => go(ground, laid, request, back, hooks, &mut ended).instrument(span).await,
        Some(since) => {
            ended.end.state = RunState::Held;
            ended.held.push(restored(since));
            ended.restored = true;
            Ok(())
        }
    };
    if let Err(error) = &outcome {
        ended.end.state = RunState::Failed;
        ended.end.message = Some(error.to_string());
    }
    ledger::close(laid, &mut ended);
    let pauses = ground.breakers.pauses(ground.clock.now());
    let own = pauses.iter().filter(|pause| laid.seats.iter().any(|seat| seat.object == pause.object && seat.system.connection() == &pause.connection));
    let told: Vec<String> = own.map(breaker::Pause::sentence).collect();
    if ended.end.message.is_none() && !told.is_empty() {
        ended.end.message = Some(told.join("; "));
    }
    if let Some(run) = run {
        let now = ground.clock.now();
        let idle = std::mem::take(&mut ended.idle);
        let moves = idle
            .into_iter()
            .map(|moved| async move { ground.store.commit_page(&moved.connection, &moved.object, moved.feed, Some(moved.cursor), Vec::new(), now).await });
        // Together: the store writes what waits at once in one transaction.
        tokio::try_join!(ground.store.end_run(run, ended.end.clone(), now), futures::future::try_join_all(moves))?;
        if ended.end.linked + ended.end.created > 0 {
            ground.arrivals.note(laid.id);
        }
        if ended.end.state == RunState::Done {
            retention::forget(ground, laid).await?;
        }
    }
    outcome.map(|()| ended)
}

/// What a store remembers that was put back is older than what happened since: nothing is written by it before a person has looked.
fn restored(since: Timestamp) -> String {
    format!(
        "the store was restored from a backup (noticed at {since}), so what was written after the backup is not known here; \
         look with `syncline verify` and `syncline plan`, then confirm with `syncline verify --accept`"
    )
}

async fn go(ground: &Ground, laid: &Laid, request: &Request, back: Option<&Back>, hooks: &mut Hooks<'_>, ended: &mut Ended) -> Result<(), RunError> {
    let run = ended.run.unwrap_or(RunId(0));
    if request.commits() {
        recover::settle(ground, laid, hooks.progress, ended).await?;
    }
    ended.end.message = back.map(Back::sentence);
    if request.sweep || ground.store.adoption(laid.id).await? != Adoption::Done {
        ended.begin(ground).await?;
    }
    let mut request = request.clone();
    let (mut looked, mut left) = (0, u64::MAX);
    let mut after = None;
    // A run takes up so many touched records at a time; the feeds are read once.
    loop {
        let mut source = match back {
            Some(back) => Source::back(ground, laid, &request, back, &mut after, ended).await?,
            None => Source::open(ground, laid, &request, hooks.progress, ended).await?,
        };
        if !source.is_empty() {
            ended.begin(ground).await?;
        }
        let ends = round(ground, laid, &request, run, &mut source, looked, hooks, ended).await? == Round::Ended;
        // Records that stay touched (their system is down, say) are for the next run.
        if ends || source.left() >= left {
            return source.close(ground, laid, ended.end.state == RunState::Done && request.commits()).await;
        }
        looked += source.looked();
        left = source.left();
        (request.poll, request.sweep) = (false, false);
    }
}

#[derive(PartialEq)]
enum Round {
    Ended,
    More,
}

/// Both passes over one source.
async fn round(
    ground: &Ground,
    laid: &Laid,
    request: &Request,
    run: RunId,
    source: &mut Source,
    looked: u64,
    hooks: &mut Hooks<'_>,
    ended: &mut Ended,
) -> Result<Round, RunError> {
    let shown = look::count(ground, laid, request, run, source, hooks, ended).await?;
    hooks.progress.step(Step::Planned { ops: shown.ops });
    name_moved(laid, request, &shown.ids, ended);
    ended.end.state = RunState::Done;
    if !request.commits() {
        return Ok(Round::Ended);
    }
    if !ended.counts.is_empty()
        && let Guard::Hold(reasons) = source.guard(ground, laid, &ended.counts, looked).await?
    {
        let why: Vec<String> = reasons.iter().map(|reason| reason.sentence(&*laid.mapping)).collect();
        if !matches!(request.intent, Intent::Approved(_)) && !hooks.approve.agree(&why).await {
            if planted!("held-run-commits") {
                let mut commits = commit::Commits::default();
                while let Some(slice) = source.next(ground, laid).await? {
                    commit::merge(ground, laid, request, run, slice, &mut commits, ended).await?;
                }
                commits.end().await?;
            }
            ended.held = why;
            ended.end.state = RunState::Held;
            return Ok(Round::Ended);
        }
    }
    if apply::all(ground, laid, request, run, source, hooks, ended).await? {
        ended.end.state = RunState::Stopped;
        return Ok(Round::Ended);
    }
    Ok(if source.left() > 0 { Round::More } else { Round::Ended })
}

/// Ops of the plan that are not planned any more, by their ids.
fn name_moved(laid: &Laid, request: &Request, now: &BTreeSet<String>, ended: &mut Ended) {
    if let Intent::Approved(approval) = &request.intent {
        let own = approval.ops.iter().filter(|(_, op)| op.mapping == laid.mapping.name.as_str());
        let mut gone: Vec<&str> = own.filter(|(id, _)| !now.contains(*id)).map(|(_, op)| op.words.as_str()).collect();
        gone.sort();
        if !gone.is_empty() {
            sometimes!("an approved op is planned no more");
        }
        ended.moved.extend(gone.into_iter().map(|words| format!("{words}: its record moved since the plan, or it is done")));
    }
}
