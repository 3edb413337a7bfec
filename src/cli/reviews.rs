//! `reviews`: what waits for a person.

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::narrow::Narrowed;
use super::out::{self, Out, styled};
use super::{Global, ground, open};
use crate::report::review::{self, Question, Which};

/// List what waits for a person.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  syncline reviews
  syncline reviews deals --system crm --since 7d
  syncline reviews --left
  syncline reviews --json | jq '.reviews[].asks'")]
pub struct Reviews {
    #[command(flatten)]
    narrowed: Narrowed,
    /// Those that somebody said to leave as they are; they still take another answer
    #[arg(long)]
    left: bool,
}

impl Reviews {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, _)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        let clock = ground::wall_clock();
        let store = ground::store_to_look(&project, &*clock)?;
        let kept = ground::kept(&project, &*store, &self.narrowed.mappings).await?;
        let narrow = self.narrowed.read(&project, clock.now())?;
        let (questions, more) = review::open(&*store, &kept, &narrow, if self.left { Which::Left } else { Which::Open }).await?;
        if out.json {
            out.json(&json!({ "reviews": questions.iter().map(as_json).collect::<Vec<_>>(), "more": more }))?;
            return Ok(Exit::Done);
        }
        questions.iter().try_for_each(|question| tell(question, out))?;
        if more {
            out.line(styled(out::QUIET, "There are more; narrow them down, or raise --limit."))?;
        }
        match questions.as_slice() {
            [] if self.left => out.line("Nothing was left as it is.")?,
            [] => out.line("Nothing waits for a person.")?,
            [first, ..] => out.line(styled(out::QUIET, format!("Answer with, for example:\n  syncline resolve {} leave", first.review)))?,
        }
        Ok(Exit::Done)
    }
}

fn tell(question: &Question, out: &Out) -> std::io::Result<()> {
    let answered = match (question.answered, question.left) {
        (true, _) => format!("  {}", styled(out::GOOD, "answered; the next run uses it")),
        (false, true) => format!("  {}", styled(out::QUIET, "left as it is, until it is another question")),
        (false, false) => String::new(),
    };
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
        "opened_at": question.opened_at.to_string(), "answered": question.answered, "left": question.left,
    })
}
