//! `conflicts`: what lost, so that a person can bring it back.

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::explain_view::{by, quoted, time};
use super::narrow::Narrowed;
use super::out::{self, Out, styled};
use super::{Global, ground, open};
use crate::report::logs::{self, ConflictTold, ValueTold};

/// List conflicts that were decided, with the values that lost.
#[derive(Debug, Args)]
#[command(after_help = "\
The newest first, out of the store, as long as they are kept. What lost can be brought back with `resolve`.

Examples:
  syncline conflicts
  syncline conflicts deals --field amount --since 7d
  syncline conflicts --system erp --json | jq '.conflicts[].lost'
  syncline resolve cfl-7 --take erp")]
pub struct Conflicts {
    #[command(flatten)]
    narrowed: Narrowed,
}

impl Conflicts {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, _)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        let clock = ground::wall_clock();
        let store = ground::store_to_read(&project, &*clock)?;
        let kept = ground::kept(&project, &*store, &self.narrowed.mappings).await?;
        let narrow = self.narrowed.read(&project, clock.now())?;
        let (mut all, mut more) = (Vec::new(), false);
        for kept in &kept {
            let (told, cut) = logs::conflicts(&*store, kept, &narrow).await?;
            all.extend(told);
            more |= cut;
        }
        if out.json {
            out.json(&json!({ "conflicts": all, "more": more }))?;
            return Ok(Exit::Done);
        }
        all.iter().try_for_each(|one| tell(one, out))?;
        if more {
            out.line(styled(out::QUIET, "There are more; narrow them down, or raise --limit."))?;
        }
        match all.first().and_then(|one| Some((one, one.lost.first()?))) {
            None => out.line("No conflict was logged.")?,
            Some((one, lost)) => {
                out.line(styled(out::QUIET, format!("Bring a value back with, for example:\n  syncline resolve {} --take {}", one.conflict, lost.by)))?
            }
        }
        Ok(Exit::Done)
    }
}

fn tell(one: &ConflictTold, out: &Out) -> std::io::Result<()> {
    let evidence = one.evidence.as_deref().map_or(String::new(), |grade| format!(" ({grade})"));
    out.flow(format!("{}  {} {} \"{}\"  `{}`", styled(out::TITLE, &one.conflict), one.mapping, one.entity, one.label, one.field))?;
    out.flow(styled(out::QUIET, format!("  {}; {} at {}", one.records.join(", "), one.run, time(one.at))))?;
    out.flow(format!("  {} {}  by {}{evidence}", styled(out::GOOD, "won "), side(&one.won), one.policy))?;
    one.lost.iter().try_for_each(|lost| out.flow(format!("  {} {}", styled(out::WAITING, "lost"), side(lost))))?;
    out.line("")
}

/// `erp '40 000' after '38 500', not after 10:02`.
fn side(one: &ValueTold) -> String {
    let before = one.before.as_deref().map_or(String::new(), |before| format!(" after {}", quoted(before)));
    let until = one.until.map_or(String::new(), |until| format!(", changed not after {}", time(until)));
    format!("{} {}{before}{until}{}", one.by, quoted(&one.value), by(one.actor.as_deref()))
}
