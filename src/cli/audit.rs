//! `audit`: all systems are read anew and compared, with a number at the end.

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::exit::{Exit, Misused};
use super::out::{self, Out, styled};
use super::{Global, agreement, ground, handed, logs, open};
use crate::daemon::audit::kept;
use crate::project::Project;
use crate::report::agreement::{MappingAgreement, Part, Question, of_mapping};
use crate::run::{Ground, Laid};
use crate::server::local::Doubted;
use crate::store::{Adoption, Touched};

/// Read all systems anew, and tell how far they agree: each difference with what explains it.
#[derive(Debug, Args)]
#[command(after_help = "\
Every record is read and held against the agreed values. A difference has one of these classes: owned elsewhere, owed, held, dead letter, \
unreadable, no permission, lossy, unlinked, or unexplained. Unexplained must be 0: the command ends with 3 if it is not, and --repair lets \
the next run look at those records. The daemon does the same on a schedule: `audit: every 24h` in syncline.yaml.

Examples:
  syncline audit
  syncline audit deals --sample 5%
  syncline audit --repair && syncline run
  syncline audit --json             one object with counts by mapping, system and class")]
pub struct Audit {
    /// Only these mappings
    mappings: Vec<String>,
    /// Only this share of the entities, another one each time: 5%
    #[arg(long, value_name = "SHARE")]
    sample: Option<String>,
    /// Let the next run look at what nothing explains
    #[arg(long)]
    repair: bool,
}

impl Audit {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some(project) = open::signed_in(global, out)? else { return Ok(Exit::Usage) };
        logs::start(global, Some(&project.log), "warn", out)?;
        let clock = ground::wall_clock();
        let part = match &self.sample {
            Some(text) => Part::Sample { share: share(text)?, seed: clock.now().as_nanosecond() as u64 },
            None => Part::Whole,
        };
        let ground = ground::lay(&project, ground::store_to_look(&project, &*clock)?, clock).await?;
        let chosen = ground::named(&ground, &self.mappings)?;
        let kept = kept(&ground);
        let question = Question { store: &*ground.store, systems: &ground.systems, kept: &kept, today: ground.today(), part };
        let mut all = Vec::with_capacity(chosen.len());
        for laid in chosen {
            if ground.store.adoption(laid.id).await? == Adoption::First {
                out.remark(format!("{}: nothing is agreed before its first run", laid.mapping.name))?;
                continue;
            }
            let kept = kept.iter().find(|kept| kept.id == laid.id).ok_or_else(|| anyhow!("the mapping {} was not laid", laid.mapping.name))?;
            all.push(of_mapping(&question, kept).await?);
        }
        let unexplained = agreement::tell(&all, out)?;
        if self.repair && unexplained > 0 {
            repair(&project, &ground, &all, out).await?;
        } else if unexplained > 0 && !out.json {
            out.line(styled(out::QUIET, "Let the next run look at them with --repair"))?;
        }
        Ok(if unexplained > 0 { Exit::Waiting } else { Exit::Done })
    }
}

/// Touches what nothing explains, here or in the daemon.
async fn repair(project: &Project, ground: &Ground, all: &[MappingAgreement], out: &Out) -> anyhow::Result<()> {
    let mut touched = 0;
    let mut here = false;
    for told in all.iter().filter(|told| !told.repair.is_empty()) {
        let laid: &Laid = ground.find(&told.mapping).map(|at| &ground.mappings[at]).ok_or_else(|| anyhow!("the mapping {} was not laid", told.mapping))?;
        let records = told.repair.iter().map(|touch| Doubted {
            system: laid.mapping.system(touch.system).name.to_string(),
            key: touch.key.to_string(),
            gone: touch.why == Touched::Gone,
        });
        if !handed::repair(project, &told.mapping, records.collect()).await? {
            ground.store.touch(told.repair.clone(), None, ground.clock.now()).await?;
            here = true;
        }
        touched += told.repair.len() as u64;
    }
    if here {
        ground.store.release_lease().await?;
    }
    if out.json {
        return Ok(out.json(&json!({ "touched": touched }))?);
    }
    let then = if here { "The next run looks at them:\n  syncline run" } else { "The daemon looks at them now." };
    Ok(out.line(format!("{}. {then}", out::counted(touched, "record touched")))?)
}

/// `5%`, `0.5%`: a share between 0 and 1.
fn share(text: &str) -> anyhow::Result<f64> {
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let wrong = || Misused::because(format!("`{text}` is no share"), "Write it in percent, more than 0 and at most 100: 5%");
    percent.filter(|percent| *percent > 0.0 && *percent <= 100.0).map(|percent| percent / 100.0).ok_or_else(wrong)
}
