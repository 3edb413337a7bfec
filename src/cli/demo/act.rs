//! What the demo does again and again: run everything, and show it.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use super::ahead::Ahead;
use crate::cli::out::{self, Out, styled};
use crate::cli::plan_view::PlanView;
use crate::cli::progress::Bars;
use crate::mapping::summary::summary;
use crate::project::Project;
use crate::run::plan::{PlanSink, Unseen};
use crate::run::{self, Approve, Ended, Ground, Hooks, Intent, Laid, Request};
use crate::sandbox::Sandbox;
use crate::store::{RunState, Wake};

/// Ops shown of each mapping's first plan.
pub const FIRST_SHOWN: usize = 2;
/// Ops shown of a run of a few.
pub const ALL_SHOWN: usize = 40;

/// Everything the demo stands on.
pub struct Act<'a> {
    pub ground: &'a Ground,
    pub sandbox: &'a Sandbox,
    pub clock: &'a Ahead,
    pub stop: &'a CancellationToken,
    pub out: &'a Out,
    /// Only the result is printed.
    pub quiet: bool,
    written: AtomicU64,
}

/// The demo agrees to what it shows.
struct Agreed;

#[async_trait::async_trait]
impl Approve for Agreed {
    async fn agree(&mut self, _: &[String]) -> bool {
        true
    }
}

impl<'a> Act<'a> {
    pub fn new(ground: &'a Ground, sandbox: &'a Sandbox, clock: &'a Ahead, stop: &'a CancellationToken, out: &'a Out, quiet: bool) -> Self {
        Self { ground, sandbox, clock, stop, out, quiet, written: AtomicU64::new(0) }
    }

    /// Ops that runs have carried out so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub fn say(&self, text: impl std::fmt::Display) -> std::io::Result<()> {
        if self.quiet { Ok(()) } else { self.out.line(text) }
    }

    pub fn flow(&self, text: impl std::fmt::Display) -> std::io::Result<()> {
        if self.quiet { Ok(()) } else { self.out.flow(text) }
    }

    pub fn title(&self, text: &str) -> std::io::Result<()> {
        if self.quiet { Ok(()) } else { super::title(self.out, text) }
    }

    pub fn introduce(&self, project: &Project) -> std::io::Result<()> {
        for place in self.sandbox.places() {
            self.say(format!("  {}  {} at {}", styled(out::TITLE, place.system), place.connector, place.url))?;
        }
        self.title("What the mappings say")?;
        for mapping in &project.mappings {
            self.say(styled(out::TITLE, &mapping.name))?;
            for (system, sentence) in summary(mapping) {
                self.flow(format!("  {system}: {sentence}"))?;
            }
        }
        Ok(())
    }

    /// Lets time pass.
    pub fn later(&self, minutes: u32, why: &str) -> std::io::Result<()> {
        self.clock.by_minutes(minutes);
        if why.is_empty() { Ok(()) } else { self.say(styled(out::QUIET, format!("  {why}"))) }
    }

    /// Runs every mapping, and shows what it writes. False when something failed.
    pub async fn run_all(&self, shown: usize) -> anyhow::Result<bool> {
        let mut good = true;
        for laid in &self.ground.mappings {
            if self.stop.is_cancelled() {
                return Ok(false);
            }
            let ended = self.one(laid, shown).await?;
            good &= ended.end.state == RunState::Done && ended.down.is_empty();
        }
        Ok(good)
    }

    async fn one(&self, laid: &Laid, shown: usize) -> anyhow::Result<Ended> {
        let quiet_out = Out { progress: self.out.progress && !self.quiet, ..self.out.clone() };
        let bars = Bars::new(&laid.mapping, &quiet_out);
        let mut view = PlanView::new(self.out.clone(), shown);
        let request = Request { wake: Wake::Person, poll: true, sweep: false, intent: Intent::Apply };
        let plan: &mut dyn PlanSink = if self.quiet { &mut Unseen } else { &mut view };
        let ended = run::once(self.ground, laid, &request, &mut Hooks { progress: &bars, plan, approve: &mut Agreed, stop: self.stop }).await;
        bars.finish();
        let ended = ended?;
        if !self.quiet {
            view.mapping_done(&laid.mapping, &ended)?;
        }
        let end = &ended.end;
        self.written.fetch_add(end.created + end.updated + end.archived + end.deleted, Ordering::Relaxed);
        let done: Vec<String> = [
            (end.linked, "linked"),
            (end.created, "created"),
            (end.updated, "updated"),
            (end.archived, "archived"),
            (end.reviews, "for a person"),
            (end.dead_letters, "refused"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", out::grouped(count)))
        .collect();
        if !done.is_empty() {
            self.say(format!("{}  {}\n", styled(out::GOOD, "applied"), done.join(", ")))?;
        }
        Ok(ended)
    }
}
