//! `status`: how the mappings stand, out of the store; and whether the daemon is alive.

use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::exit::Exit;
use super::out::{self, Out, grouped, styled};
use super::run::word;
use super::{Global, ground, open};
use crate::report::status::{Refused, Standing, standing};
use crate::store::RunState;

/// A daemon that is alive answers within this.
const HEALTHY_WITHIN: Duration = Duration::from_secs(3);

/// Show how each mapping stands: last run, what is open, what was refused.
#[derive(Debug, Args)]
#[command(after_help = "\
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
        let head = ["mapping", "entities", "records", "last run", "ended", "reviews", "refused", "in doubt", "touched"];
        out.table(&head, all.iter().map(|standing| row(standing, now)).collect())?;
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

fn row(standing: &Standing, now: Timestamp) -> Vec<String> {
    let records = standing.links.iter().map(|(system, links)| format!("{system} {}", grouped(*links))).collect::<Vec<_>>().join(", ");
    let (last, ended) = match &standing.last {
        None => ("never".to_owned(), String::new()),
        Some(run) => (state(run.end.state), run.ended_at.map_or(String::new(), |at| format!("{} ago", age(now.duration_since(at))))),
    };
    let totals = &standing.totals;
    let mut row = vec![standing.mapping.to_string(), grouped(standing.entities), records, last, ended];
    row.extend([totals.reviews, totals.dead_letters, totals.in_doubt, totals.touched].map(grouped));
    row
}

fn state(state: RunState) -> String {
    word(state).to_owned()
}

fn tell(standing: &Standing, refused: &Refused, out: &Out) -> std::io::Result<()> {
    out.line("")?;
    out.line(format!("{} {} {} \"{}\" in {}", styled(out::BAD, "refused"), standing.mapping, refused.entity, refused.label, refused.system))?;
    out.line(format!("  {} {}", refused.code, refused.message))?;
    if !refused.fields.is_empty() {
        out.line(format!("  fields: {}", refused.fields.join(", ")))?;
    }
    out.line(styled(out::QUIET, "  Sent again when the record or the mapping changes."))
}

/// `3 s`, `5 min`, `2 h`, `4 d`.
fn age(age: SignedDuration) -> String {
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
            "run": run.id.to_string(), "state": word(end.state), "started_at": run.started_at.to_string(), "ended_at": run.ended_at.map(|at| at.to_string()),
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
