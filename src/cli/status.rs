//! `status`: how the mappings stand, out of the store; and whether the daemon is alive.

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::exit::Exit;
use super::out::{self, Out, grouped, styled};
use super::{Global, ground, open};
use crate::report::status::{Refused, Standing, standing};
use crate::store::Totals;

/// A daemon that is alive answers within this.
const HEALTHY_WITHIN: Duration = Duration::from_secs(3);

/// Show how each mapping stands: last run, what is open, what was refused.
#[derive(Debug, Args)]
#[command(after_help = "\
Last run, what is open, what was refused. Out of the store: no system is asked.

Examples:
  syncline status
  syncline status --json
  syncline status --healthy     exit code 0 if the daemon answers, else 1; for containers")]
pub struct Status {
    /// Only these mappings
    mappings: Vec<String>,
    /// Ask the daemon of this project whether it is alive
    #[arg(long)]
    healthy: bool,
}

impl Status {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, _)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        if self.healthy {
            return healthy(&format!("http://{}/healthz", project.server.listen), out).await;
        }
        let clock = ground::wall_clock();
        let store = ground::store_to_look(&project, &*clock)?;
        let kept = ground::kept(&project, &*store, &self.mappings).await?;
        let now = clock.now();
        let all = standing(&*store, &kept, now).await?;
        if out.json {
            out.json(&json!({ "mappings": all.iter().map(as_json).collect::<Vec<_>>() }))?;
            return Ok(Exit::Done);
        }
        table(&all, now, out)?;
        for standing in &all {
            if let Some(run) = &standing.last
                && let Some(message) = &run.end.message
            {
                out.flow(format!("{}  {}: {message}", styled(out::TITLE, &standing.mapping), run.end.state.word()))?;
            }
        }
        if all.iter().any(|standing| standing.totals.reviews > 0) {
            out.line(styled(out::QUIET, "\nWhat waits for a person: syncline reviews"))?;
        }
        for standing in &all {
            if let Some(message) = standing.last.as_ref().and_then(|run| run.end.message.as_ref()) {
                out.line(format!("\n{} {}: {message}", styled(out::BAD, "trouble"), standing.mapping))?;
            }
            for refused in &standing.dead_letters {
                tell(standing, refused, out)?;
            }
        }
        Ok(Exit::Done)
    }
}

async fn healthy(url: &str, out: &Out) -> anyhow::Result<Exit> {
    let client = reqwest::Client::builder().no_proxy().timeout(HEALTHY_WITHIN).build()?;
    let (alive, why) = match client.get(url).send().await {
        Ok(answer) => (answer.status().is_success(), answer.status().to_string()),
        Err(error) => (false, if error.is_connect() { "nothing listens there".to_owned() } else { error.without_url().to_string() }),
    };
    if out.json {
        out.json(&json!({ "alive": alive, "url": url, "why": why }))?;
    } else if alive {
        out.line(format!("{} ({url})", styled(out::GOOD, "alive")))?;
    } else {
        out.line(format!("{} ({url}): {why}", styled(out::BAD, "not alive")))?;
    }
    Ok(if alive { Exit::Done } else { Exit::Failed })
}

/// The head of a column, and what it counts.
type Open = (&'static str, fn(&Totals) -> u64);

/// What is open has a column where there is any of it.
fn table(all: &[Standing], now: Timestamp, out: &Out) -> std::io::Result<()> {
    let open: [Open; 4] = [("reviews", |of| of.reviews), ("refused", |of| of.dead_letters), ("in doubt", |of| of.in_doubt), ("touched", |of| of.touched)];
    let open: Vec<_> = open.into_iter().filter(|(_, count)| all.iter().any(|standing| count(&standing.totals) > 0)).collect();
    let head: Vec<&str> = ["mapping", "entities", "records", "last run", "ended"].into_iter().chain(open.iter().map(|(name, _)| *name)).collect();
    let rows = all.iter().map(|standing| row(standing, now).into_iter().chain(open.iter().map(|(_, count)| grouped(count(&standing.totals)))).collect());
    out.table(&head, rows.collect())
}

fn row(standing: &Standing, now: Timestamp) -> Vec<String> {
    let records = standing.links.iter().map(|(system, links)| format!("{system} {}", grouped(*links))).collect::<Vec<_>>().join(", ");
    let (last, ended) = match &standing.last {
        None => ("never".to_owned(), String::new()),
        Some(run) => (run.end.state.word().to_owned(), run.ended_at.map_or(String::new(), |at| format!("{} ago", age(now.duration_since(at))))),
    };
    vec![standing.mapping.to_string(), grouped(standing.entities), records, last, ended]
}

fn tell(standing: &Standing, refused: &Refused, out: &Out) -> std::io::Result<()> {
    out.line("")?;
    out.flow(format!("{} {} {} \"{}\" in {}", styled(out::BAD, "refused"), standing.mapping, refused.entity, refused.label, refused.system))?;
    out.flow(format!("  {} {}", refused.code, refused.message))?;
    if !refused.fields.is_empty() {
        out.line(format!("  fields: {}", refused.fields.join(", ")))?;
    }
    out.line(styled(out::QUIET, "  Sent again when the record or the mapping changes."))
}

/// `3 s`, `5 min`, `2 h`, `4 d`.
pub fn age(age: SignedDuration) -> String {
    let seconds = age.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn as_json(standing: &Standing) -> serde_json::Value {
    let totals = &standing.totals;
    let last = standing.last.as_ref().map(|run| {
        let end = &run.end;
        json!({
            "run": run.id.to_string(), "state": end.state.word(), "started_at": run.started_at.to_string(), "ended_at": run.ended_at.map(|at| at.to_string()),
            "message": end.message, "read": end.read, "created": end.created, "updated": end.updated, "archived": end.archived, "deleted": end.deleted,
        })
    });
    let letters: Vec<_> = standing
        .dead_letters
        .iter()
        .map(|refused| json!({ "system": refused.system.as_str(), "entity": refused.entity, "label": refused.label, "code": refused.code, "message": refused.message, "fields": refused.fields, "at": refused.at.to_string() }))
        .collect();
    json!({
        "mapping": standing.mapping.as_str(), "about": standing.about, "entities": standing.entities,
        "records": standing.links.iter().map(|(system, links)| (system.to_string(), json!(links))).collect::<serde_json::Map<_, _>>(),
        "read": standing.feeds.iter().map(|(system, read)| (system.to_string(), json!(read))).collect::<serde_json::Map<_, _>>(),
        "last": last, "reviews": totals.reviews, "dead_letters": totals.dead_letters, "conflicts": totals.conflicts, "in_doubt": totals.in_doubt,
        "waiting": totals.waiting, "touched": totals.touched, "oldest_touched_s": standing.oldest_touched.map(|age| age.as_secs()), "refused": letters,
    })
}
