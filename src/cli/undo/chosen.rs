//! Which runs `undo` is about: named, or all since a time; only those whose journal is still there.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, civil};

use super::Undo;
use crate::cli::exit::Misused;
use crate::cli::ground;
use crate::id::RunId;
use crate::project::Project;
use crate::run::{Back, Ground, Laid, retention};
use crate::store::RunRecord;

impl Undo {
    /// The runs of each mapping; what refers to others comes first, as its records go first.
    pub async fn chosen<'g>(&self, project: &Project, ground: &'g Ground) -> anyhow::Result<Vec<(&'g Laid, Back)>> {
        let names: Vec<String> = self.mapping.iter().cloned().collect();
        let mappings = ground::named(ground, &names)?;
        let wanted = self.runs.iter().map(|text| number(text)).collect::<anyhow::Result<Vec<RunId>>>()?;
        let since = self.since.as_deref().map(|text| instant(text, ground.clock.now(), project.time_zone.get()?)).transpose()?;
        let now = ground.clock.now();
        let (mut chosen, mut found) = (Vec::new(), Vec::new());
        for laid in mappings.into_iter().rev() {
            let mut back = Back { runs: BTreeSet::new(), at: now };
            for run in ground.store.runs(Some(laid.id), usize::MAX >> 1).await? {
                if !(wanted.is_empty() || wanted.contains(&run.id)) || since.is_some_and(|since| run.started_at < since) {
                    continue;
                }
                found.push(run.id);
                if wanted.contains(&run.id) {
                    still_kept(&run, now)?;
                }
                if !ground.store.written(laid.id, &[run.id], None, 1).await?.is_empty() {
                    back.runs.insert(run.id);
                }
            }
            if !back.runs.is_empty() {
                chosen.push((laid, back));
            }
        }
        match wanted.iter().find(|run| !found.contains(run)) {
            Some(run) => Err(Misused::because(
                format!("There is no {run}{}", self.mapping.as_ref().map_or(String::new(), |name| format!(" of `{name}`"))),
                format!("Runs are kept for {} days; `syncline status` names the last of each mapping", days()),
            )),
            None => Ok(chosen),
        }
    }
}

fn days() -> i64 {
    retention::LOOKED_BACK_AT.as_hours() / 24
}

/// A run whose journal may be gone in part would be taken back in part.
fn still_kept(run: &RunRecord, now: Timestamp) -> anyhow::Result<()> {
    if now.duration_since(run.started_at) <= retention::LOOKED_BACK_AT {
        return Ok(());
    }
    Err(Misused::because(
        format!("{} of {} cannot be taken back: what it wrote is not known any more", run.id, run.started_at),
        format!("The journal is kept for {} days", days()),
    ))
}

/// `run-12` or `12`.
fn number(text: &str) -> anyhow::Result<RunId> {
    let number = text.strip_prefix("run-").unwrap_or(text).parse().ok();
    number.map(RunId).ok_or_else(|| Misused::because(format!("`{text}` is no run"), "Write it as `syncline run` shows it: run-12"))
}

/// An instant, a local time or day of the project, or so long ago.
fn instant(text: &str, now: Timestamp, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let local = |at: civil::DateTime| at.to_zoned(zone.clone()).map(|at| at.timestamp());
    let ago = |span: Span| now.to_zoned(zone.clone()).checked_sub(span).map(|at| at.timestamp());
    let read = text
        .parse::<Timestamp>()
        .or_else(|_| text.parse::<civil::DateTime>().and_then(local))
        .or_else(|_| text.parse::<civil::Date>().and_then(|day| local(day.into())))
        .or_else(|_| text.parse::<Span>().and_then(ago));
    read.map_err(|_| Misused::because(format!("`{text}` is no time"), "Write 2h, 3d, 2027-01-31 or 2027-01-31T09:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_instant_a_local_time_a_day_or_a_while_ago() {
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a literal");
        let zone = TimeZone::get("Europe/Berlin").expect("a zone of the database");
        let read = |text: &str| instant(text, now, &zone).map(|at| at.to_string()).ok();
        assert_eq!(read("2026-11-20T09:00:00Z").as_deref(), Some("2026-11-20T09:00:00Z"));
        assert_eq!(read("2026-11-20T09:00").as_deref(), Some("2026-11-20T08:00:00Z"));
        assert_eq!(read("2026-11-20").as_deref(), Some("2026-11-19T23:00:00Z"));
        assert_eq!(read("2h").as_deref(), Some("2026-11-20T08:00:00Z"));
        assert_eq!(read("3d").as_deref(), Some("2026-11-17T10:00:00Z"));
        assert_eq!(read("yesterday"), None);
    }
}
