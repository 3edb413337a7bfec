//! `run`: once through the mappings, now.

use std::path::PathBuf;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::out::Out;
use super::outcomes::Outcomes;
use super::plan::read_plan;
use super::progress::Bars;
use super::stop::Stop;
use super::{Global, approve, ground, handed, logs, open};
use crate::run::{self, Ended, Ground, Hooks, Intent, Laid, Request};
use crate::store::Wake;

/// Bring the systems into agreement, once. The first run of a mapping, and one beyond its limits, waits until its plan is approved:
/// by the answer at a terminal, or by applying a saved plan.
#[derive(Debug, Args)]
#[command(after_help = "\
The first run of a mapping, and one beyond its limits, waits until its plan is approved: by the answer at a terminal, or by \
applying a saved plan. While a daemon serves the project, it runs the run and this command watches.

Examples:
  syncline run
  syncline run deals
  syncline plan --out first.plan && less first.plan && syncline run --plan first.plan")]
pub struct Run {
    /// Only these mappings
    mappings: Vec<String>,
    /// Apply the ops of this plan and no others; what moved since is dropped and named
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Look for deletes where only reading all keys tells
    #[arg(long)]
    sweep: bool,
}

impl Run {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some(project) = open::signed_in(global, out)? else { return Ok(Exit::Usage) };
        logs::start(global, Some(&project.log), "warn", out)?;
        let clock = ground::wall_clock();
        let stop = Stop::listen()?;
        if let Some(exit) = handed::run(&project, &self.mappings, self.plan.as_deref(), self.sweep, out, &stop.token).await? {
            return Ok(exit);
        }
        let store = ground::store_to_write(&project, &*clock)?;
        let ground = ground::lay(&project, store.clone(), clock).await?;
        let (intent, only) = self.intent(&ground)?;
        let chosen = ground::named(&ground, if self.mappings.is_empty() { &only } else { &self.mappings })?;
        let exit = all(&ground, &chosen, &intent, self.sweep, out, &stop.token).await;
        store.release_lease().await?;
        exit
    }

    /// What to do, and the mappings that a plan names.
    fn intent(&self, ground: &Ground) -> anyhow::Result<(Intent, Vec<String>)> {
        match &self.plan {
            None => Ok((Intent::Apply, Vec::new())),
            Some(path) => {
                let (approval, mappings) = read_plan(path, &*ground.store)?;
                Ok((Intent::Approved(approval), mappings))
            }
        }
    }
}

/// Runs mapping after mapping; one that fails does not stop the next.
pub async fn all(ground: &Ground, chosen: &[&Laid], intent: &Intent, sweep: bool, out: &Out, stop: &CancellationToken) -> anyhow::Result<Exit> {
    let mut outcomes = Outcomes::new(out);
    for laid in chosen {
        let name = &laid.mapping.name;
        match one(ground, laid, intent, sweep, out, stop).await {
            Ok(ended) => outcomes.ended(name, &ended, &ground.store.totals(laid.id).await?)?,
            Err(error) => outcomes.failed(name, &error)?,
        }
        if stop.is_cancelled() {
            break;
        }
    }
    outcomes.exit(stop.is_cancelled())
}

async fn one(ground: &Ground, laid: &Laid, intent: &Intent, sweep: bool, out: &Out, stop: &CancellationToken) -> anyhow::Result<Ended> {
    let bars = Bars::new(&laid.mapping, out);
    let (mut seen, mut asked) = approve::pair(&laid.mapping, out, &bars, stop);
    let request = Request { wake: Wake::Person, poll: true, sweep, intent: intent.clone() };
    let ended = run::once(ground, laid, &request, &mut Hooks { progress: &bars, plan: &mut *seen, approve: &mut *asked, stop }).await;
    bars.finish();
    Ok(ended?)
}
