//! `undo`: what runs wrote is taken back where it still stands; shown like a plan first, then applied like any run.

mod chosen;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Misused};
use super::out::{self, Out, styled};
use super::outcomes::Outcomes;
use super::plan::{Both, file, read_plan, save};
use super::plan_view::PlanView;
use super::progress::Bars;
use super::stop::Stop;
use super::{Global, approve, ground, handed, logs, open};
use crate::project::Project;
use crate::report::Kept;
use crate::run::plan::{Approval, Approved, PlanSink, PlannedOp};
use crate::run::{self, Back, Ended, Ground, Hooks, Intent, Laid, NobodyAgrees};

/// Take back what runs wrote, field by field, where it still stands. It is shown first, then applied like any run.
#[derive(Debug, Args)]
#[command(after_help = "\
What a field showed before the run becomes the agreed value again, in every system, as if a person had typed it. What was edited or \
written again since is left alone and named. Records that the run made go again where `leaves` says archive or delete. An undo is a \
run as well: taking that one back brings everything to where it was.

Examples:
  syncline undo run-12               shows it, and asks
  syncline undo run-12 --yes
  syncline undo --since 2h --mapping deals
  syncline undo --since 2027-01-31T09:00 --out back.plan && syncline undo --since 2027-01-31T09:00 --plan back.plan
  syncline undo run-12 --json        one op a line, then a line with the totals; writes nothing without --yes")]
pub struct Undo {
    /// Which runs: run-12, as `syncline status` and `syncline run` name them
    #[arg(value_name = "RUN")]
    runs: Vec<String>,
    /// All runs since then: 2h, 3d, 2027-01-31, 2027-01-31T09:00
    #[arg(long, value_name = "TIME", conflicts_with = "runs")]
    since: Option<String>,
    /// Only runs of this mapping; alone, all that the journal holds
    #[arg(long, value_name = "MAPPING")]
    mapping: Option<String>,
    /// Apply it without asking; beyond the mapping's limits it is held
    #[arg(long)]
    yes: bool,
    /// Save what it would write to a file that --plan applies
    #[arg(long, value_name = "FILE", conflicts_with = "yes")]
    out: Option<PathBuf>,
    /// Apply the ops of this file and no others
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "out"])]
    plan: Option<PathBuf>,
    /// Ops shown of each mapping; the totals count all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// Shows ops, saves them where a file is wanted, and remembers what was shown.
struct Shown {
    both: Both,
    approval: Approval,
}

impl PlanSink for Shown {
    fn op(&mut self, op: PlannedOp) -> std::io::Result<()> {
        self.approval.ops.insert(op.id.clone(), Approved { mapping: op.mapping.clone(), words: op.words() });
        self.both.op(op)
    }

    fn questions(&mut self, count: usize) {
        self.both.questions(count);
    }
}

impl Undo {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some(project) = open::signed_in(global, out)? else { return Ok(Exit::Usage) };
        logs::start(global, Some(&project.log), "warn", out)?;
        if self.runs.is_empty() && self.since.is_none() && self.mapping.is_none() {
            return Err(Misused::because("Nothing says what to take back", "Name a run, or say --since or --mapping; `syncline status` names the last runs"));
        }
        let clock = ground::wall_clock();
        let store = ground::store_to_look(&project, &*clock)?;
        let ground = ground::lay(&project, store, clock).await?;
        let stop = Stop::listen()?;
        let chosen = self.chosen(&project, &ground).await?;
        self.show(&project, &ground, &chosen, out, &stop.token).await
    }

    /// Shows what would be taken back, and applies it where somebody says so.
    async fn show(&self, project: &Project, ground: &Ground, chosen: &[(&Laid, Back)], out: &Out, stop: &CancellationToken) -> anyhow::Result<Exit> {
        if let Some(path) = &self.plan {
            let (approval, _) = read_plan(path, &*ground.store)?;
            return self.apply(project, ground, chosen, Intent::Approved(approval), out, stop).await;
        }
        let laid: Vec<&Laid> = chosen.iter().map(|(laid, _)| *laid).collect();
        let view = PlanView::new(out.clone(), self.limit);
        let mut shown = Shown { both: Both { view, file: file(self.out.as_deref(), ground, &laid)? }, approval: Approval::default() };
        let mut down = false;
        for (laid, back) in chosen {
            let ended = one(ground, laid, &Intent::Plan, back, &mut shown, out, stop).await?;
            if stop.is_cancelled() {
                bail!("stopped before it was known what would be taken back; nothing was written");
            }
            shown.both.view.mapping_done(&laid.mapping, &ended)?;
            down |= !ended.down.is_empty();
        }
        shown.both.view.done()?;
        if let (Some(path), Some(file)) = (&self.out, shown.both.file.take()) {
            save(file, path)?;
            if out.json {
                out.json(&json!({ "saved": path.display().to_string() }))?;
            } else {
                out.line(format!("Saved. Apply exactly this with the same command and --plan {}", path.display()))?;
            }
            return Ok(if down { Exit::Failed } else { Exit::Done });
        }
        if shown.both.view.ops == 0 {
            if !out.json {
                out.line("Nothing is left to be taken back.")?;
            }
            return Ok(if down { Exit::Failed } else { Exit::Done });
        }
        if self.yes {
            return self.apply(project, ground, chosen, Intent::Apply, out, stop).await;
        }
        if out.can_ask() && approve::yes("Take this back?", out, stop).await? {
            return self.apply(project, ground, chosen, Intent::Approved(shown.approval), out, stop).await;
        }
        if !out.json {
            out.line(styled(out::QUIET, "Nothing was written. Take it back with --yes, or save it with --out FILE and apply it with --plan FILE"))?;
        }
        Ok(Exit::Waiting)
    }

    async fn apply(
        &self,
        project: &Project,
        ground: &Ground,
        chosen: &[(&Laid, Back)],
        intent: Intent,
        out: &Out,
        stop: &CancellationToken,
    ) -> anyhow::Result<Exit> {
        let again = "    the same `syncline undo` with --out FILE\n    the same `syncline undo` with --plan FILE";
        let outcomes = Outcomes::new(out).approved_by(again.to_owned());
        let approval = match &intent {
            Intent::Approved(approval) => Some(approval),
            Intent::Plan | Intent::Apply => None,
        };
        let handed: Vec<(Kept, Back)> = chosen.iter().map(|(laid, back)| (Kept { mapping: laid.mapping.clone(), id: laid.id }, back.clone())).collect();
        if let Some(exit) = handed::take_back(project, &handed, approval, outcomes, out, stop).await? {
            return Ok(exit);
        }
        let mut outcomes = Outcomes::new(out).approved_by(again.to_owned());
        // No daemon has the store, so this process took it when it opened it.
        for (laid, back) in chosen {
            let name = &laid.mapping.name;
            let bars = Bars::new(&laid.mapping, out);
            let (mut seen, mut asked) = approve::pair(&laid.mapping, out, &bars, stop);
            let mut hooks = Hooks { progress: &bars, plan: &mut *seen, approve: &mut *asked, stop };
            let ended = run::take_back(ground, laid, &intent, back, &mut hooks).await;
            bars.finish();
            match ended {
                Ok(ended) => outcomes.ended(name, &ended, &ground.store.totals(laid.id).await?)?,
                Err(error) => outcomes.failed(name, &error.into())?,
            }
            if stop.is_cancelled() {
                break;
            }
        }
        ground.store.release_lease().await?;
        outcomes.exit(stop.is_cancelled())
    }
}

async fn one(
    ground: &Ground,
    laid: &Laid,
    intent: &Intent,
    back: &Back,
    sink: &mut dyn PlanSink,
    out: &Out,
    stop: &CancellationToken,
) -> anyhow::Result<Ended> {
    let bars = Bars::new(&laid.mapping, out);
    let ended = run::take_back(ground, laid, intent, back, &mut Hooks { progress: &bars, plan: sink, approve: &mut NobodyAgrees, stop }).await;
    bars.finish();
    Ok(ended?)
}
