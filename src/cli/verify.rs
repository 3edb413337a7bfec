//! `verify`: a store that was restored from a backup is held against what the systems show, and a person lets runs go on.

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::out::{self, Out, styled};
use super::{Global, agreement, ground, handed, logs, open};
use crate::daemon::audit::kept;
use crate::project::Project;
use crate::report::agreement::{Part, Question, of_mapping};
use crate::store::Adoption;

/// Hold a store that was restored from a backup against what the systems show. Nothing is written by it until --accept.
#[derive(Debug, Args)]
#[command(after_help = "\
A store that was put back from a backup does not know what was written since. It is noticed by a file beside it (syncline.db.mark), and \
runs are held until a person has looked: links are checked by reading every record, and what was about to be sent counts as in doubt. \
Once accepted, the next run of each mapping reads everything anew, under its limits.

Examples:
  syncline verify                   how far the systems agree with what the backup remembers
  syncline plan                     what the next run would write
  syncline verify --accept
  syncline verify --restored        the whole directory was restored, the file beside the store included: say so")]
pub struct Verify {
    /// It is well: let runs go on
    #[arg(long)]
    accept: bool,
    /// Say that the store was restored, where nothing beside it tells
    #[arg(long, conflicts_with = "accept")]
    restored: bool,
}

impl Verify {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some(project) = open::signed_in(global, out)? else { return Ok(Exit::Usage) };
        logs::start(global, Some(&project.log), "warn", out)?;
        if self.accept {
            return accept(&project, out).await;
        }
        let clock = ground::wall_clock();
        if self.restored {
            let store = ground::store_to_write(&project, &*clock)?;
            store.note_restored(clock.now()).await?;
            store.release_lease().await?;
        }
        let ground = ground::lay(&project, ground::store_to_look(&project, &*clock)?, clock).await?;
        let Some(since) = ground.store.restored() else {
            if out.json {
                out.json(&json!({ "restored": null }))?;
            } else {
                out.line("The store was not restored, so there is nothing to confirm.")?;
            }
            return Ok(Exit::Done);
        };
        if !out.json {
            out.flow(format!("{} from a backup, noticed at {since}. Runs are held.\n", styled(out::WAITING, "restored")))?;
        }
        let kept = kept(&ground);
        let question = Question { store: &*ground.store, systems: &ground.systems, kept: &kept, today: ground.today(), part: Part::Whole };
        let (mut all, mut in_doubt) = (Vec::new(), 0);
        for kept in &kept {
            in_doubt += ground.store.totals(kept.id).await?.in_doubt;
            if ground.store.adoption(kept.id).await? != Adoption::First {
                all.push(of_mapping(&question, kept).await?);
            }
        }
        if out.json {
            out.json(&json!({ "restored": since.to_string(), "in_doubt": in_doubt }))?;
        }
        agreement::tell(&all, out)?;
        if !out.json {
            out.line(format!("in doubt: {}", out::counted(in_doubt, "op")))?;
            out.flow("\nWhat is unexplained happened after the backup was made. Look at what the next run would write, then let it:")?;
            out.line("  syncline plan\n  syncline verify --accept")?;
        }
        Ok(Exit::Waiting)
    }
}

async fn accept(project: &Project, out: &Out) -> anyhow::Result<Exit> {
    let handed = handed::accept(project).await?;
    if !handed {
        let store = ground::store_to_write(project, &*ground::wall_clock())?;
        store.confirm_restored().await?;
        store.release_lease().await?;
    }
    if out.json {
        out.json(&json!({ "restored": null }))?;
    } else if handed {
        out.line("Accepted. The daemon goes on.")?;
    } else {
        out.line("Accepted. The next run reads everything anew:\n  syncline run")?;
    }
    Ok(Exit::Done)
}
