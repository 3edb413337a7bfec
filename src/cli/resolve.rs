//! `resolve`: what a person says, of one question or of many, and of values that lost.

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Misused};
use super::out::{self, Out, styled};
use super::{Global, ground, handed, open};
use crate::daemon::bring_back::{self, Taking};
use crate::daemon::resolve::{self, Said};
use crate::id::{ConflictId, MappingName, ReviewId};
use crate::project::Project;
use crate::run::Ground;

/// Answer reviews, or bring back a value that lost. The next run uses it.
#[derive(Debug, Args)]
#[command(after_help = "\
`syncline reviews` names the answers that each review takes; `syncline conflicts` names the values that lost. The next
run uses what you say; a daemon uses it at once. A value brought back is your own word from then on.

Answers: link <entity>, link <record>, new, leave, value <value>, delete, keep, again. A value may stand without `value`, too.

Examples:
  syncline resolve rev-3 link e17
  syncline resolve rev-4 new
  syncline resolve rev-5 value '12500 USD'
  syncline resolve rev-6 rev-7 rev-8 keep
  syncline resolve rev-9 again
  syncline resolve cfl-7 --take erp
  syncline resolve cfl-8 --take agreed")]
pub struct Resolve {
    /// Which reviews (rev-3) or conflicts (cfl-7), and then the answer
    #[arg(required = true, value_names = ["REVIEW", "ANSWER"], num_args = 1.., allow_negative_numbers = true)]
    words: Vec<String>,
    /// Of a conflict: the value of this system; or `agreed`, what was agreed before
    #[arg(long, value_name = "SYSTEM")]
    take: Option<String>,
}

/// What is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Review(ReviewId),
    Conflict(ConflictId),
}

/// What is said of it.
#[derive(Clone, Debug, PartialEq)]
enum Word {
    Review(ReviewId, Said),
    Conflict(ConflictId, Taking),
}

impl Resolve {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let words = read(&self.words, self.take.as_deref())?;
        let Some(project) = open::signed_in(global, out)? else { return Ok(Exit::Usage) };
        let mut here = None;
        let (mut told, mut failed) = (Vec::new(), false);
        for word in words {
            let name = word.name();
            match say(&project, &mut here, word).await {
                Ok((mapping, by_daemon)) => told.push((name, mapping, by_daemon)),
                Err(error) if self.words.len() > 2 => {
                    failed = true;
                    out.remark(format!("{} {name}: {error:#}", styled(out::BAD, "not taken")))?;
                }
                Err(error) => {
                    release(here).await?;
                    return Err(error);
                }
            }
        }
        release(here).await?;
        if out.json {
            tell_json(&told, failed, out)?;
        } else {
            tell(&told, out)?;
        }
        Ok(if failed { Exit::Failed } else { Exit::Done })
    }
}

type Told = (String, MappingName, bool);

/// One object of one answer, as ever; of several, a list.
fn tell_json(told: &[Told], failed: bool, out: &Out) -> std::io::Result<()> {
    let one = |(name, mapping, _): &Told| {
        let kind = if name.starts_with("cfl-") { "conflict" } else { "review" };
        json!({ kind: name, "mapping": mapping.as_str() })
    };
    match told {
        [only] if !failed => out.json(&one(only)),
        all => out.json(&json!({ "resolved": all.iter().map(one).collect::<Vec<_>>() })),
    }
}

fn tell(told: &[Told], out: &Out) -> std::io::Result<()> {
    let mut mappings: Vec<&str> = told.iter().map(|(_, mapping, _)| mapping.as_str()).collect();
    mappings.sort_unstable();
    mappings.dedup();
    match told.first() {
        None => Ok(()),
        Some((.., true)) => out.line(format!("Kept. The daemon uses it now, in {}.", mappings.join(", "))),
        Some((.., false)) => out.line(format!("Kept. The next run of {} uses it:\n  syncline run {}", mappings.join(", "), mappings.join(" "))),
    }
}

/// Hands it to the daemon; without one it is kept here, in a store that is opened once.
async fn say(project: &Project, here: &mut Option<Ground>, word: Word) -> anyhow::Result<(MappingName, bool)> {
    if here.is_none() {
        let handed = match word.clone() {
            Word::Review(review, said) => handed::resolve(project, review, said).await?,
            Word::Conflict(conflict, taking) => handed::bring_back(project, conflict, taking).await?,
        };
        if let Some(mapping) = handed {
            return Ok((mapping, true));
        }
        let clock = ground::wall_clock();
        let store = ground::store_to_write(project, &*clock)?;
        *here = Some(ground::lay(project, store, clock).await?);
    }
    let ground = here.as_ref().expect("it was laid above");
    let mapping = match word {
        Word::Review(review, said) => resolve::resolve(ground, review, said).await?,
        Word::Conflict(conflict, taking) => bring_back::bring_back(ground, conflict, taking).await?,
    };
    Ok((mapping, false))
}

async fn release(here: Option<Ground>) -> anyhow::Result<()> {
    if let Some(ground) = here {
        ground.store.release_lease().await?;
    }
    Ok(())
}

impl Word {
    fn name(&self) -> String {
        match self {
            Word::Review(review, _) => review.to_string(),
            Word::Conflict(conflict, _) => conflict.to_string(),
        }
    }
}

/// First what it is about, then what is said of it.
fn read(words: &[String], take: Option<&str>) -> anyhow::Result<Vec<Word>> {
    let first = words.first().map(String::as_str).unwrap_or_default();
    // `3` means rev-3 where it stands first; later it may be a value.
    let mut about =
        vec![about(first).or_else(|| first.parse().ok().map(|number| About::Review(ReviewId(number)))).ok_or_else(|| {
            Misused::because(format!("`{first}` is no review and no conflict"), "List them with\n    syncline reviews\n    syncline conflicts")
        })?];
    about.extend(words[1..].iter().map_while(|word| self::about(word)));
    let rest = &words[about.len()..];
    about.iter().map(|about| one(*about, rest, take)).collect()
}

fn about(word: &str) -> Option<About> {
    let number = |prefix: &str| word.strip_prefix(prefix)?.parse().ok();
    number("rev-").map(|number| About::Review(ReviewId(number))).or_else(|| number("cfl-").map(|number| About::Conflict(ConflictId(number))))
}

fn one(about: About, rest: &[String], take: Option<&str>) -> anyhow::Result<Word> {
    match (about, take) {
        (About::Conflict(conflict), Some(system)) if rest.is_empty() => Ok(Word::Conflict(conflict, Taking::From(system.to_owned()))),
        (About::Conflict(conflict), None) => match said(rest)? {
            Said::Value(value) => Ok(Word::Conflict(conflict, Taking::Value(value))),
            _ => Err(Misused::because(
                format!("{conflict} is decided already"),
                format!("Bring a value back with\n    syncline resolve {conflict} --take <system>"),
            )),
        },
        (About::Review(review), None) => Ok(Word::Review(review, said(rest)?)),
        (About::Review(review), Some(_)) => Err(Misused::because(
            "`--take` is for conflicts",
            format!("Answer a review with its value, or the name of the system that is right:\n    syncline resolve {review} value crm"),
        )),
        (About::Conflict(_), Some(_)) => Err(Misused::because("`--take` and a value cannot both be meant", "Leave one of them out.")),
    }
}

fn said(rest: &[String]) -> anyhow::Result<Said> {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    Ok(match words[..] {
        ["new"] => Said::New,
        ["leave"] => Said::Leave,
        ["delete"] => Said::Delete,
        ["keep"] => Said::Keep,
        ["again"] => Said::Again,
        // `e17` is an entity, whatever else may be a record's key.
        ["link", what] => what.strip_prefix('e').and_then(|number| number.parse().ok()).map_or_else(|| Said::Record(what.to_owned()), Said::Link),
        ["value", value] => Said::Value(value.to_owned()),
        [] | ["link" | "value"] => return Err(Misused::because("The answer is missing", "`syncline reviews` names the answers that each review takes.")),
        [value] => Said::Value(value.to_owned()),
        _ => return Err(Misused::because(format!("`{}` is no answer", words.join(" ")), "A value of several words stands in quotes: value 'Acme Group'")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn one_or_many_are_answered_alike() {
        let review = |number, said| Word::Review(ReviewId(number), said);
        assert_eq!(read(&words("rev-3 link e17"), None).expect("good"), [review(3, Said::Link(17))]);
        assert_eq!(read(&words("3 value 5"), None).expect("good"), [review(3, Said::Value("5".into()))]);
        assert_eq!(read(&words("rev-3 rev-4 keep"), None).expect("good"), [review(3, Said::Keep), review(4, Said::Keep)]);
        assert_eq!(read(&words("rev-3 -5"), None).expect("good"), [review(3, Said::Value("-5".into()))]);
        assert!(read(&words("rev-3"), None).is_err());
        assert!(read(&words("deals keep"), None).is_err());
        assert!(read(&words("rev-3"), Some("crm")).is_err());
    }

    #[test]
    fn lost_values_are_taken_by_system_or_said() {
        let conflict = |taking| Word::Conflict(ConflictId(7), taking);
        assert_eq!(read(&words("cfl-7"), Some("erp")).expect("good"), [conflict(Taking::From("erp".into()))]);
        assert_eq!(read(&words("cfl-7 value new"), None).expect("good"), [conflict(Taking::Value("new".into()))]);
        assert!(read(&words("cfl-7 keep"), None).is_err());
        assert!(read(&words("cfl-7 value 5"), Some("erp")).is_err());
    }
}
