//! `test`: the examples written in mappings, offline.

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::out::{self, Out, styled};
use super::{Global, ground, open};
use crate::trial::{self, ExampleResult};

/// Run the examples written under `tests:` in mappings, offline.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  syncline test
  syncline test deals --json")]
pub struct Test {
    /// Only these mappings
    mappings: Vec<String>,
}

impl Test {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, _)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        for name in &self.mappings {
            if project.mapping(name).is_none() {
                return Err(ground::unknown("mapping", name, project.mappings.iter().map(|mapping| mapping.name.as_str())));
            }
        }
        let mut results = trial::run_examples(&project.mappings, project.time_zone.get()?).await;
        results.retain(|result| self.mappings.is_empty() || self.mappings.iter().any(|name| *name == result.mapping.as_str()));
        if out.json {
            out.json(&json!({ "tests": results.iter().map(as_json).collect::<Vec<_>>() }))?;
        } else {
            results.iter().try_for_each(|result| tell(result, out))?;
            let failed = results.iter().filter(|result| !result.passed()).count();
            out.line(format!("{} passed, {failed} failed", results.len() - failed))?;
        }
        Ok(if results.iter().all(ExampleResult::passed) { Exit::Done } else { Exit::Failed })
    }
}

fn tell(result: &ExampleResult, out: &Out) -> std::io::Result<()> {
    let verdict = if result.passed() { styled(out::GOOD, "passed") } else { styled(out::BAD, "failed") };
    let about = if result.about.is_empty() { format!("example {}", result.number) } else { result.about.clone() };
    out.line(format!("{verdict}  {}: {about}", result.mapping))?;
    if let (false, Some(place)) = (result.passed(), &result.place) {
        out.line(format!("  {}:{}", place.file, place.line))?;
    }
    result.failures.iter().flat_map(|failure| failure.lines()).try_for_each(|line| out.line(format!("    {line}")))
}

fn as_json(result: &ExampleResult) -> serde_json::Value {
    let place = result.place.as_ref().map(|place| json!({ "file": place.file, "line": place.line }));
    json!({ "mapping": result.mapping.as_str(), "number": result.number, "about": result.about, "place": place, "passed": result.passed(), "failures": result.failures })
}
