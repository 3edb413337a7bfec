//! `check`: every problem of every file, and what each mapping adds up to.

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::open;
use super::out::{self, Out, styled};
use super::{Global, ground, logs};
use crate::connector::meter::{Meter, Unmetered};
use crate::diag::render::{Paint, render_all, to_json};
use crate::diag::{Diagnostic, has_error};
use crate::mapping::summary::summary;
use crate::project::{Loaded, Project};
use crate::report::live;
use crate::run::connect;

/// Check all files: every problem at once, with file, line, what was found and what to do.
#[derive(Debug, Args)]
#[command(after_help = "\
Every problem of every file at once, with file, line, what was found and what to do; then one sentence per system that says \
what will happen there.

Examples:
  syncline check                      check the project in this directory
  syncline check --live               and ask the systems whether it is so
  syncline check --json | jq .problems
  syncline --project production.yaml check")]
pub struct Check {
    /// Ask the systems, too: objects, fields, permissions, picklist values
    #[arg(long)]
    live: bool,
}

impl Check {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let mut loaded = open::load(global);
        if self.live
            && let Some(project) = &loaded.project
        {
            logs::start(global, Some(&project.log), "error", out)?;
            let missing: Vec<_> = project.missing().cloned().collect();
            if missing.is_empty() {
                let found = live(project).await?;
                loaded.problems.extend(found);
            } else {
                // Who asks the systems must sign in: what was a warning stops it.
                loaded.problems.retain(|problem| !missing.iter().any(|missing| missing.span == problem.span));
                loaded.problems.extend(missing);
            }
        }
        tell(&loaded, out)?;
        Ok(if has_error(&loaded.problems) { Exit::Usage } else { Exit::Done })
    }
}

async fn live(project: &Project) -> anyhow::Result<Vec<Diagnostic>> {
    let meter: Arc<dyn Meter> = Arc::new(Unmetered);
    let connections = connect::all(project, &ground::wall_clock(), &meter)?;
    // Where the vendor describes its objects, what it does not name is not there.
    let complete = project.connections.iter().filter(|connection| connection.connector.describe.is_some()).map(|connection| connection.name.clone()).collect();
    Ok(live::check(&project.mappings, &connect::systems(&connections), &complete).await)
}

fn tell(loaded: &Loaded, out: &Out) -> anyhow::Result<()> {
    let mappings = loaded.project.iter().flat_map(|project| &project.mappings);
    if out.json {
        let mappings = mappings.map(|mapping| {
            let systems = summary(mapping).into_iter().map(|(name, sentence)| json!({ "system": name.as_str(), "sentence": sentence }));
            json!({ "mapping": mapping.name.as_str(), "about": mapping.about, "systems": systems.collect::<Vec<_>>() })
        });
        let problems: Vec<_> = loaded.problems.iter().map(|problem| to_json(problem, &loaded.files)).collect();
        out.json(&json!({ "ok": !has_error(&loaded.problems), "problems": problems, "mappings": mappings.collect::<Vec<_>>() }))?;
        return Ok(());
    }
    if !loaded.problems.is_empty() {
        out.line(render_all(&loaded.problems, &loaded.files, Paint::Colour))?;
        out.line("")?;
    }
    for mapping in mappings {
        let about = mapping.about.as_ref().map_or(String::new(), |about| format!("  {}", styled(out::QUIET, about)));
        out.flow(format!("{}{about}", styled(out::TITLE, &mapping.name)))?;
        for (system, sentence) in summary(mapping) {
            out.flow(format!("  {system}: {sentence}"))?;
        }
    }
    if let Some(project) = &loaded.project {
        let count = |count: usize, one| out::counted(count as u64, one);
        let whole = format!("{}, {}", count(project.connections.len(), "connection"), count(project.mappings.len(), "mapping"));
        out.line(format!("{whole}: {}", open::verdict(&loaded.problems)))?;
    } else {
        out.line(open::verdict(&loaded.problems))?;
    }
    Ok(())
}
