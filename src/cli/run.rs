//! `run`: once through the mappings, now.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Misused};
use super::out::{self, Out, styled};
use super::progress::Bars;
use super::stop::Stop;
use super::{Global, approve, ground, handed, logs, open};
use crate::id::MappingName;
use crate::run::plan::Approval;
use crate::run::{self, Ended, Ground, Hooks, Intent, Laid, Request};
use crate::store::{RunState, Store, Totals, Wake};

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

/// A saved plan: its ops, and the mappings that it names.
pub fn read_plan(path: &Path, store: &dyn Store) -> anyhow::Result<(Approval, Vec<String>)> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let (head, approval) = Approval::read(BufReader::new(file)).with_context(|| format!("{} is no plan that can be applied", path.display()))?;
    if head.store != store.instance() {
        return Err(Misused::because(format!("{} was made with another store", path.display()), "Make a new one with\n    syncline plan --out FILE"));
    }
    Ok((approval, head.mappings))
}

/// What the runs of one command came to, told as they end.
pub struct Outcomes<'a> {
    out: &'a Out,
    failed: bool,
    waiting: bool,
    told: Vec<serde_json::Value>,
}

impl<'a> Outcomes<'a> {
    pub fn new(out: &'a Out) -> Self {
        Self { out, failed: false, waiting: false, told: Vec::new() }
    }

    pub fn ended(&mut self, name: &MappingName, ended: &Ended, totals: &Totals) -> anyhow::Result<()> {
        self.failed |= ended.end.state == RunState::Failed || !ended.down.is_empty();
        self.waiting |= ended.end.state == RunState::Held || !ended.moved.is_empty() || totals.reviews + totals.dead_letters > 0;
        if self.out.json {
            self.told.push(as_json(name, ended));
            return Ok(());
        }
        tell(name, ended, self.out)?;
        Ok(wait_remarks(totals, self.out)?)
    }

    pub fn failed(&mut self, name: &MappingName, error: &anyhow::Error) -> anyhow::Result<()> {
        self.failed = true;
        if self.out.json {
            self.told.push(json!({ "mapping": name.as_str(), "state": "failed", "message": format!("{error:#}") }));
            return Ok(());
        }
        Ok(self.out.flow(format!("{}  {}: {error:#}", styled(out::TITLE, name), styled(out::BAD, "failed")))?)
    }

    pub fn exit(self, stopped: bool) -> anyhow::Result<Exit> {
        if self.out.json {
            self.out.json(&json!({ "runs": self.told }))?;
        }
        Ok(match (self.failed || stopped, self.waiting) {
            (true, _) => Exit::Failed,
            (false, true) => Exit::Waiting,
            (false, false) => Exit::Done,
        })
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

fn tell(name: &MappingName, ended: &Ended, out: &Out) -> anyhow::Result<()> {
    let end = &ended.end;
    let state = match end.state {
        RunState::Done | RunState::Running => styled(out::GOOD, "done"),
        RunState::Held => styled(out::WAITING, "held"),
        RunState::Failed => styled(out::BAD, "failed"),
        RunState::Stopped => styled(out::WAITING, "stopped"),
    };
    let parts = [
        (end.read, "read"),
        (end.linked, "linked"),
        (end.created, "created"),
        (end.updated, "updated"),
        (end.archived, "archived"),
        (end.deleted, "deleted"),
        (end.conflicts, "conflicts decided"),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", out::grouped(count))).collect();
    let what = if parts.is_empty() { "nothing new".to_owned() } else { parts.join(", ") };
    out.flow(format!("{}  {state}  {what}", styled(out::TITLE, name)))?;
    if let Some(message) = &end.message {
        out.flow(format!("  {message}"))?;
    }
    let held = end.state == RunState::Held;
    for why in ended.held.iter().filter(|_| held) {
        out.flow(format!("  {} {why}", styled(out::WAITING, "held:")))?;
    }
    if held {
        out.line(format!("  Look at its plan and approve it:\n    syncline plan {name} --out {name}.plan\n    syncline run --plan {name}.plan"))?;
    }
    for moved in &ended.moved {
        out.flow(format!("  {} {moved}", styled(out::WAITING, "dropped:")))?;
    }
    for remark in &ended.remarks {
        out.flow(format!("  {} {remark}", styled(out::WAITING, "left alone:")))?;
    }
    for (system, why) in &ended.down {
        out.flow(format!("  {} {system}: {why}", styled(out::BAD, "not read")))?;
    }
    Ok(())
}

fn wait_remarks(totals: &crate::store::Totals, out: &Out) -> std::io::Result<()> {
    if totals.reviews > 0 {
        out.line(format!("  {} for a person: syncline reviews", styled(out::WAITING, format!("{} waiting", out::counted(totals.reviews, "review")))))?;
    }
    if totals.dead_letters > 0 {
        out.line(format!("  {} for good by a system: syncline status", styled(out::BAD, format!("{} refused", out::counted(totals.dead_letters, "op")))))?;
    }
    Ok(())
}

/// A run for scripts.
pub fn as_json(name: &MappingName, ended: &Ended) -> serde_json::Value {
    let end = &ended.end;
    json!({
        "mapping": name.as_str(), "run": ended.run.map(|run| run.to_string()), "state": word(end.state), "message": end.message,
        "read": end.read, "unchanged": end.unchanged, "linked": end.linked, "created": end.created, "updated": end.updated, "archived": end.archived,
        "deleted": end.deleted, "conflicts": end.conflicts, "reviews": end.reviews, "dead_letters": end.dead_letters, "in_doubt": end.in_doubt,
        "held": ended.held, "moved": ended.moved, "left_alone": ended.remarks,
        "down": ended.down.iter().map(|(system, why)| json!({ "system": system.as_str(), "why": why })).collect::<Vec<_>>(),
    })
}

/// The word for how a run ended.
pub fn word(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Done => "done",
        RunState::Held => "held",
        RunState::Failed => "failed",
        RunState::Stopped => "stopped",
    }
}
