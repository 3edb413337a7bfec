//! What runs came to, told as each one ends: `run` tells the same of its own runs and of those it handed to the daemon.

use serde_json::json;

use super::exit::Exit;
use super::out::{self, Out, styled};
use crate::id::MappingName;
use crate::run::Ended;
use crate::store::{RunState, Totals};

/// What the runs of one command came to, told as they end.
pub struct Outcomes<'a> {
    out: &'a Out,
    failed: bool,
    waiting: bool,
    told: Vec<serde_json::Value>,
    /// How a held run is approved; `None`: by a plan of the mapping.
    approve: Option<String>,
}

impl<'a> Outcomes<'a> {
    pub fn new(out: &'a Out) -> Self {
        Self { out, failed: false, waiting: false, told: Vec::new(), approve: None }
    }

    /// For runs that no plan of the mapping approves.
    pub fn approved_by(self, how: String) -> Self {
        Self { approve: Some(how), ..self }
    }

    pub fn ended(&mut self, name: &MappingName, ended: &Ended, totals: &Totals) -> anyhow::Result<()> {
        self.failed |= ended.end.state == RunState::Failed || !ended.down.is_empty();
        self.waiting |= ended.end.state == RunState::Held || !ended.moved.is_empty() || totals.reviews + totals.dead_letters > 0;
        if self.out.json {
            self.told.push(as_json(name, ended));
            return Ok(());
        }
        tell(name, ended, self.approve.as_deref(), self.out)?;
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

fn tell(name: &MappingName, ended: &Ended, approve: Option<&str>, out: &Out) -> anyhow::Result<()> {
    let end = &ended.end;
    let state = match end.state {
        RunState::Done | RunState::Running => styled(out::GOOD, "done"),
        RunState::Held => styled(out::WAITING, "held"),
        RunState::Failed => styled(out::BAD, "failed"),
        RunState::Stopped => styled(out::WAITING, "stopped"),
    };
    let parts =
        [(end.read, "read"), (end.linked, "linked"), (end.created, "created"), (end.updated, "updated"), (end.archived, "archived"), (end.deleted, "deleted")];
    let mut parts: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", out::grouped(count))).collect();
    if end.conflicts > 0 {
        parts.push(format!("{} decided", out::counted(end.conflicts, "conflict")));
    }
    let what = if parts.is_empty() { "nothing new".to_owned() } else { parts.join(", ") };
    // What was written can be taken back by this name.
    let wrote = end.created + end.updated + end.archived + end.deleted > 0;
    let run = ended.run.filter(|_| wrote).map_or(String::new(), |run| format!("  {}", styled(out::QUIET, run)));
    out.flow(format!("{}  {state}  {what}{run}", styled(out::TITLE, name)))?;
    if let Some(message) = &end.message {
        out.flow(format!("  {message}"))?;
    }
    let held = end.state == RunState::Held;
    for why in ended.held.iter().filter(|_| held) {
        out.flow(format!("  {} {why}", styled(out::WAITING, "held:")))?;
    }
    // A restored store is confirmed as a whole.
    if held && !ended.restored {
        let own = || format!("    syncline plan {name} --out {name}.plan\n    syncline run --plan {name}.plan");
        out.line(format!("  Look at its plan and approve it:\n{}", approve.map_or_else(own, str::to_owned)))?;
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
        "mapping": name.as_str(), "run": ended.run.map(|run| run.to_string()), "state": end.state.word(), "message": end.message,
        "read": end.read, "unchanged": end.unchanged, "linked": end.linked, "created": end.created, "updated": end.updated, "archived": end.archived,
        "deleted": end.deleted, "conflicts": end.conflicts, "reviews": end.reviews, "dead_letters": end.dead_letters, "in_doubt": end.in_doubt,
        "held": ended.held, "moved": ended.moved, "left_alone": ended.remarks,
        "down": ended.down.iter().map(|(system, why)| json!({ "system": system.as_str(), "why": why })).collect::<Vec<_>>(),
    })
}
