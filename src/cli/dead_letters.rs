//! `dead-letters` and `retry`: what a vendor refused for good, and trying it again.

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;

use super::exit::{Exit, Misused};
use super::narrow::Narrowed;
use super::out::{self, Out, counted, styled};
use super::status::age;
use super::{Global, ground, handed, open};
use crate::daemon::retry::{self, Retried};
use crate::id::DeadLetterId;
use crate::project::Project;
use crate::report::logs::{self, LetterTold};

/// List what systems refused for good, with what they said.
#[derive(Debug, Args)]
#[command(after_help = "\
An op that a system refused is not sent again by itself, unless the value or the mapping changes. Mend what the system
says, then let it be planned anew with `retry`.

Examples:
  syncline dead-letters
  syncline dead-letters deals --system erp --since 7d
  syncline dead-letters --json | jq '.dead_letters[].message'
  syncline retry dl-3")]
pub struct DeadLetters {
    #[command(flatten)]
    narrowed: Narrowed,
}

impl DeadLetters {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, _)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        let (all, more) = list(&project, &self.narrowed).await?;
        if out.json {
            out.json(&json!({ "dead_letters": all, "more": more }))?;
            return Ok(Exit::Done);
        }
        all.iter().try_for_each(|one| tell(one, out))?;
        if more {
            out.line(styled(out::QUIET, "There are more; narrow them down, or raise --limit."))?;
        }
        match all.first() {
            None => out.line("No system refused anything that is still owed.")?,
            Some(first) => out.line(styled(out::QUIET, format!("Once it is mended, let it be planned anew:\n  syncline retry {}", first.dead_letter)))?,
        }
        Ok(Exit::Done)
    }
}

async fn list(project: &Project, narrowed: &Narrowed) -> anyhow::Result<(Vec<LetterTold>, bool)> {
    let clock = ground::wall_clock();
    let store = ground::store_to_read(project, &*clock)?;
    let kept = ground::kept(project, &*store, &narrowed.mappings).await?;
    let narrow = narrowed.read(project, clock.now())?;
    let (mut all, mut more) = (Vec::new(), false);
    for kept in &kept {
        let (told, cut) = logs::dead_letters(&*store, kept, &narrow, clock.now()).await?;
        all.extend(told);
        more |= cut;
    }
    Ok((all, more))
}

fn tell(one: &LetterTold, out: &Out) -> std::io::Result<()> {
    let old = age(SignedDuration::from_secs(one.age_s));
    out.flow(format!("{}  {} {} \"{}\" in {}, {old} ago", styled(out::TITLE, &one.dead_letter), one.mapping, one.entity, one.label, one.system))?;
    out.flow(styled(out::QUIET, format!("  {}", one.records.join(", "))))?;
    out.flow(format!("  {} {}", styled(out::BAD, &one.code), one.message))?;
    if !one.fields.is_empty() {
        out.flow(format!("  fields: {}", one.fields.join(", ")))?;
    }
    out.line("")
}

/// Let what a system refused be planned anew, from what the systems show then.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is sent again as it was: the records are read, and what is owed by then is planned. A running daemon does it
at once; else the next run does.

Examples:
  syncline retry dl-3 dl-4
  syncline retry --mapping deals --system erp
  syncline retry --all")]
pub struct Retry {
    /// Which dead letters: dl-3
    #[arg(required_unless_present_any = ["all", "mapping", "system"])]
    letters: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "letters")]
    all: bool,
    /// All of this mapping
    #[arg(long, value_name = "MAPPING", conflicts_with = "letters")]
    mapping: Vec<String>,
    /// All of this system
    #[arg(long, value_name = "SYSTEM", conflicts_with = "letters")]
    system: Option<String>,
}

impl Retry {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some(project) = open::signed_in(global, out)? else { return Ok(Exit::Usage) };
        let ids = self.ids(&project).await?;
        let (retried, by_daemon) = match handed::retry(&project, &ids).await? {
            Some(retried) => (retried, true),
            None => (self::retry(&project, &ids).await?, false),
        };
        tell_retried(&retried, by_daemon, out)
    }

    async fn ids(&self, project: &Project) -> anyhow::Result<Vec<DeadLetterId>> {
        if !self.letters.is_empty() {
            let id = |text: &String| {
                let number = text.strip_prefix("dl-").unwrap_or(text).parse().ok().map(DeadLetterId);
                number.ok_or_else(|| Misused::because(format!("`{text}` is no dead letter"), "List them with\n    syncline dead-letters"))
            };
            return self.letters.iter().map(id).collect();
        }
        let (all, _) = list(project, &Narrowed::all(self.mapping.clone(), self.system.clone())).await?;
        Ok(all.iter().filter_map(|one| one.dead_letter.strip_prefix("dl-")?.parse().ok().map(DeadLetterId)).collect())
    }
}

fn tell_retried(retried: &Retried, by_daemon: bool, out: &Out) -> anyhow::Result<Exit> {
    let mappings: Vec<&str> = retried.mappings.iter().map(|mapping| mapping.as_str()).collect();
    let exit = if retried.not_open.is_empty() { Exit::Done } else { Exit::Failed };
    if out.json {
        let words = |ids: &[DeadLetterId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        out.json(&json!({ "retried": words(&retried.letters), "mappings": mappings, "not_open": words(&retried.not_open) }))?;
        return Ok(exit);
    }
    for id in &retried.not_open {
        out.remark(format!("{id} is not open; `syncline dead-letters` lists those that are"))?;
    }
    match (retried.letters.len() as u64, by_daemon) {
        (0, _) => out.line("Nothing to try again.")?,
        (count, true) => out.line(format!("{} to be planned anew. The daemon does it now, in {}.", counted(count, "dead letter"), mappings.join(", ")))?,
        (count, false) => {
            out.line(format!("{} to be planned anew. The next run does it:\n  syncline run {}", counted(count, "dead letter"), mappings.join(" ")))?
        }
    }
    Ok(exit)
}

async fn retry(project: &Project, ids: &[DeadLetterId]) -> anyhow::Result<Retried> {
    let clock = ground::wall_clock();
    let store = ground::store_to_write(project, &*clock)?;
    let ground = ground::lay(project, store.clone(), clock).await?;
    let retried = retry::retry(&ground, ids).await;
    store.release_lease().await?;
    Ok(retried?)
}
