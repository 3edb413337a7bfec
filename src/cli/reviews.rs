//! `reviews` and `resolve`: what waits for a person, and the person's answer.

use clap::{Args, Subcommand};
use serde_json::json;

use super::exit::{Exit, Misused};
use super::out::{self, Out, styled};
use super::{Global, ground, handed, open};
use crate::daemon::resolve::{self, Said};
use crate::id::{MappingName, ReviewId};
use crate::project::Project;
use crate::report::review::{self, Question};

/// List what waits for a person.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  syncline reviews
  syncline reviews deals
  syncline reviews --json | jq '.reviews[].asks'")]
pub struct Reviews {
    /// Only these mappings
    mappings: Vec<String>,
}

impl Reviews {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, _)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        let store = ground::store_to_look(&project, &*ground::wall_clock())?;
        let kept = ground::kept(&project, &*store, &self.mappings).await?;
        let questions = review::open(&*store, &kept).await?;
        if out.json {
            out.json(&json!({ "reviews": questions.iter().map(as_json).collect::<Vec<_>>() }))?;
            return Ok(Exit::Done);
        }
        questions.iter().try_for_each(|question| tell(question, out))?;
        match questions.as_slice() {
            [] => out.line("Nothing waits for a person.")?,
            [first, ..] => out.line(styled(out::QUIET, format!("Answer with, for example:\n  syncline resolve {} leave", first.review)))?,
        }
        Ok(Exit::Done)
    }
}

fn tell(question: &Question, out: &Out) -> std::io::Result<()> {
    let answered = if question.answered { format!("  {}", styled(out::GOOD, "answered; the next run uses it")) } else { String::new() };
    out.line(format!("{}  {} {}{answered}", styled(out::TITLE, question.review), question.mapping, question.kind))?;
    out.flow(format!("  {}", question.asks))?;
    let width = question.answers.iter().map(|(answer, _)| answer.chars().count()).max().unwrap_or(0);
    for (answer, meaning) in &question.answers {
        out.flow(format!("    {answer:width$}  {}", styled(out::QUIET, meaning)).trim_end())?;
    }
    out.line("")
}

fn as_json(question: &Question) -> serde_json::Value {
    let answers: Vec<_> = question.answers.iter().map(|(answer, meaning)| json!({ "answer": answer, "meaning": meaning })).collect();
    json!({
        "review": question.review.to_string(), "mapping": question.mapping.as_str(), "kind": question.kind, "asks": question.asks, "answers": answers,
        "opened_at": question.opened_at.to_string(), "answered": question.answered,
    })
}

/// Answer a review. The next run uses the answer.
#[derive(Debug, Args)]
#[command(after_help = "\
`syncline reviews` names the answers that each review takes. The next run uses the answer; a daemon uses it at once.

Examples:
  syncline resolve rev-3 link e17
  syncline resolve rev-4 new
  syncline resolve rev-5 value '12500 USD'
  syncline resolve rev-6 keep
  syncline resolve rev-7 again")]
pub struct Resolve {
    /// Which review: rev-3
    review: String,
    #[command(subcommand)]
    said: Saying,
}

#[derive(Clone, Debug, Subcommand)]
enum Saying {
    /// It is this entity
    Link {
        /// As `syncline reviews` shows it: e17
        entity: String,
    },
    /// It is something new
    New,
    /// Leave it as it is
    Leave,
    /// The field is this: a value, or the name of the system that is right
    Value {
        /// Such as '12500 USD', 2027-01-31, or crm
        value: String,
    },
    /// Delete or archive it there, too
    Delete,
    /// Keep it
    Keep,
    /// Write it again
    Again,
}

impl Resolve {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let review = ReviewId(
            number(&self.review, "rev-").ok_or_else(|| Misused::because(format!("`{}` is no review", self.review), "List them with\n    syncline reviews"))?,
        );
        let said = match &self.said {
            Saying::Link { entity } => Said::Link(
                number(entity, "e").ok_or_else(|| Misused::because(format!("`{entity}` is no entity"), "Write it as `syncline reviews` shows it: e17"))?,
            ),
            Saying::New => Said::New,
            Saying::Leave => Said::Leave,
            Saying::Value { value } => Said::Value(value.clone()),
            Saying::Delete => Said::Delete,
            Saying::Keep => Said::Keep,
            Saying::Again => Said::Again,
        };
        let Some(project) = open::signed_in(global, out)? else { return Ok(Exit::Usage) };
        let handed = handed::resolve(&project, review, said.clone()).await?;
        let (mapping, runs) = match handed {
            Some(mapping) => (mapping, true),
            None => (self::resolve(&project, review, said).await?, false),
        };
        if out.json {
            out.json(&json!({ "review": review.to_string(), "mapping": mapping.as_str() }))?;
        } else if runs {
            out.line(format!("Kept. The daemon uses it now, in {mapping}."))?;
        } else {
            out.line(format!("Kept. The next run of {mapping} uses it:\n  syncline run {mapping}"))?;
        }
        Ok(Exit::Done)
    }
}

async fn resolve(project: &Project, review: ReviewId, said: Said) -> anyhow::Result<MappingName> {
    let clock = ground::wall_clock();
    let store = ground::store_to_write(project, &*clock)?;
    let ground = ground::lay(project, store.clone(), clock).await?;
    let resolved = resolve::resolve(&ground, review, said).await;
    store.release_lease().await?;
    Ok(resolved?)
}

/// `rev-3` or `3`.
fn number(text: &str, prefix: &str) -> Option<i64> {
    text.strip_prefix(prefix).unwrap_or(text).parse().ok()
}
