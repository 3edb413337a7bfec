//! `plan`: what a run would write, field by field, with the rule that decided. Nothing is stored, nothing is sent.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Misused};
use super::out::{self, Out, styled};
use super::plan_view::PlanView;
use super::progress::Bars;
use super::stop::Stop;
use super::{Global, ground, logs, open};
use crate::run::offline;
use crate::run::plan::{Approval, Head, PLAN_VERSION, PlanFile, PlanSink, PlannedOp};
use crate::run::{self, Ended, Ground, Hooks, Intent, Laid, NobodyAgrees, Request};
use crate::store::{Store, Wake, sqlite};

/// Show what a run would write, field by field, with the rule that decided. Nothing is written.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is written, to no system. A saved plan is applied with `run --plan`: its ops and no others.

Examples:
  syncline plan
  syncline plan deals --limit 10
  syncline plan --out first.plan && syncline run --plan first.plan
  syncline plan --offline           what an edited mapping would change, without a request
  syncline plan --json              one op a line, then a line with the totals")]
pub struct Plan {
    /// Only these mappings
    mappings: Vec<String>,
    /// Save the plan to a file that `run --plan` applies
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Look for deletes where only reading all keys tells
    #[arg(long)]
    sweep: bool,
    /// Plan from what the store knows of the records, and ask no system: what an edited mapping would change
    #[arg(long, conflicts_with_all = ["out", "sweep"])]
    offline: bool,
    /// Ops shown of each mapping; the totals count all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// Shows ops, and saves them where a file is wanted.
pub struct Both {
    pub view: PlanView,
    pub file: Option<Saving>,
}

/// A plan on its way to a file: it gets the file's name when it is whole, so that half a plan is never taken for one.
pub type Saving = PlanFile<BufWriter<NamedTempFile>>;

impl PlanSink for Both {
    fn op(&mut self, op: PlannedOp) -> std::io::Result<()> {
        if let Some(file) = &mut self.file {
            file.op(op.clone())?;
        }
        self.view.op(op)
    }

    fn questions(&mut self, count: usize) {
        self.view.questions(count);
    }
}

impl Plan {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        if self.offline {
            return self.without_a_request(global, out).await;
        }
        let Some(project) = open::signed_in(global, out)? else { return Ok(Exit::Usage) };
        logs::start(global, Some(&project.log), "warn", out)?;
        let clock = ground::wall_clock();
        let store = ground::store_to_look(&project, &*clock)?;
        let laid = ground::lay(&project, store, clock).await?;
        let chosen = ground::named(&laid, &self.mappings)?;
        let stop = Stop::listen()?;
        let mut both = Both { view: PlanView::new(out.clone(), self.limit), file: file(self.out.as_deref(), &laid, &chosen)? };
        let mut down = false;
        for mapping in chosen {
            let ended = planned(&laid, mapping, self.sweep, &mut both, out, &stop.token).await?;
            if stop.token.is_cancelled() {
                bail!("stopped before the plan was whole; nothing was written, and no plan was saved");
            }
            both.view.mapping_done(&mapping.mapping, &ended)?;
            down |= !ended.down.is_empty();
        }
        both.view.done()?;
        if let (Some(path), Some(file)) = (&self.out, both.file.take()) {
            save(file, path)?;
            let path = path.display();
            if out.json {
                out.json(&json!({ "saved": path.to_string() }))?;
            } else {
                out.line(format!("\nSaved. Apply exactly this with\n  syncline run --plan {path}"))?;
            }
        } else if !out.json && both.view.ops > 0 {
            out.line(styled(out::QUIET, "\nNothing was written. Keep a plan with --out FILE, apply it with: syncline run --plan FILE"))?;
        }
        Ok(if down { Exit::Failed } else { Exit::Done })
    }

    /// Out of the store alone, which is only looked at.
    async fn without_a_request(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, _)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        logs::start(global, Some(&project.log), "warn", out)?;
        if !project.store.exists() {
            let store = project.store.display();
            return Err(Misused::because(format!("There is no store at {store}: no run was ever made"), "Plan from the systems with\n    syncline plan"));
        }
        let store = sqlite::open_read_only(&project.store)?;
        let zone = project.time_zone.get()?.clone();
        let laid = Ground::lay(store, ground::wall_clock(), zone, offline::unasked(&project), project.mappings.clone()).await?;
        let mut view = PlanView::new(out.clone(), self.limit);
        for mapping in ground::named(&laid, &self.mappings)? {
            let known = offline::plan(&laid, mapping, &mut view).await?;
            view.offline_done(&mapping.mapping, &known)?;
        }
        view.done()?;
        if !out.json && view.ops > 0 {
            out.line(styled(out::QUIET, "\nNo system was asked. What they hold now, and a plan that can be applied: syncline plan"))?;
        }
        Ok(Exit::Done)
    }
}

/// The file to save a plan to, where one is wanted.
pub fn file(path: Option<&Path>, ground: &Ground, chosen: &[&Laid]) -> anyhow::Result<Option<Saving>> {
    let Some(path) = path else { return Ok(None) };
    if path.exists() {
        return Err(taken(path));
    }
    let beside = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let to = NamedTempFile::new_in(beside).with_context(|| unwritable(path))?;
    let head = Head {
        syncline_plan: PLAN_VERSION,
        store: ground.store.instance().to_owned(),
        made_at: ground.clock.now().to_string(),
        mappings: chosen.iter().map(|laid| laid.mapping.name.to_string()).collect(),
    };
    Ok(Some(PlanFile::begin(BufWriter::new(to), &head)?))
}

/// Gives a whole plan the file's name.
pub fn save(file: Saving, path: &Path) -> anyhow::Result<()> {
    let whole = file.finish().and_then(|to| to.into_inner().map_err(std::io::IntoInnerError::into_error)).with_context(|| unwritable(path))?;
    match whole.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(taken(path)),
        Err(error) => Err(anyhow::Error::new(error.error).context(unwritable(path))),
    }
}

fn taken(path: &Path) -> anyhow::Error {
    Misused::because(format!("{} is there already", path.display()), "Name another file, or move it away")
}

fn unwritable(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

/// Plans one mapping into `sink`.
async fn planned(ground: &Ground, laid: &Laid, sweep: bool, sink: &mut dyn PlanSink, out: &Out, stop: &CancellationToken) -> anyhow::Result<Ended> {
    let bars = Bars::new(&laid.mapping, out);
    let request = Request { wake: Wake::Person, poll: true, sweep, intent: Intent::Plan };
    let ended = run::once(ground, laid, &request, &mut Hooks { progress: &bars, plan: sink, approve: &mut NobodyAgrees, stop }).await;
    bars.finish();
    Ok(ended?)
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
