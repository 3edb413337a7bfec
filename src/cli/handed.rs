//! Commands that act are handed to the project's daemon while one runs; it owns the store.

use std::path::Path;

use anyhow::{anyhow, bail};
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::out::Out;
use super::outcomes::Outcomes;
use super::plan::read_plan;
use super::progress::Bars;
use super::{approve, ground};
use crate::daemon::asked::Shown;
use crate::daemon::resolve::Said;
use crate::id::{MappingName, ReviewId};
use crate::mapping::{Mapping, SystemIx};
use crate::project::Project;
use crate::run::Ended;
use crate::run::plan::Approval;
use crate::run::progress::{Progress, Step};
use crate::server::local::{Ask, Call, Done, Reply, call, socket_path};
use crate::store::sqlite;

/// Runs the mappings in the daemon; `None` if there is no daemon.
///
/// # Errors
/// When a name or a plan is wrong, or the daemon breaks off.
pub async fn run(project: &Project, names: &[String], plan: Option<&Path>, sweep: bool, out: &Out, stop: &CancellationToken) -> anyhow::Result<Option<Exit>> {
    let socket = socket_path(&project.store);
    if !is_there(&socket).await? {
        return Ok(None);
    }
    let store = sqlite::open_read_only(&project.store)?;
    let (approval, planned) = plan.map(|path| read_plan(path, &*store)).transpose()?.unzip();
    let planned = planned.unwrap_or_default();
    let names = if names.is_empty() { &planned } else { names };
    let clock = ground::wall_clock();
    let mut outcomes = Outcomes::new(out);
    for kept in ground::kept(project, &*store, names).await? {
        let name = &kept.mapping.name;
        let ask = Ask::Run { mapping: name.to_string(), sweep, plan: approval.as_ref().map(|approval| ids(approval, name)) };
        let ran = tokio::select! {
            () = stop.cancelled() => {
                out.remark(format!("\nThe daemon goes on with {name}; only nobody watches it here any more. How it ended tells: syncline status"))?;
                break;
            }
            ran = one(&socket, &ask, &kept.mapping, out, stop) => ran,
        };
        let ended = ran.and_then(|done| done.into_ended(clock.now()).ok_or_else(|| anyhow!("the daemon is of another version; start it again")));
        match ended {
            Ok(mut ended) => {
                in_words(&mut ended, approval.as_ref());
                outcomes.ended(name, &ended, &store.totals(kept.id).await?)?;
            }
            Err(error) => outcomes.failed(name, &error)?,
        }
    }
    outcomes.exit(stop.is_cancelled()).map(Some)
}

/// The approved ops of one mapping: the daemon needs no more of them than their ids.
fn ids(approval: &Approval, mapping: &MappingName) -> Vec<String> {
    let own = approval.ops.iter().filter(|(_, op)| op.mapping == mapping.as_str());
    own.map(|(id, _)| id.clone()).collect()
}

/// The daemon names ops by their ids; the plan knows them in words.
fn in_words(ended: &mut Ended, approval: Option<&Approval>) {
    for moved in &mut ended.moved {
        let told = moved.strip_prefix("op ").and_then(|rest| rest.split_once(':'));
        let words = told.and_then(|(id, why)| Some(format!("{}:{why}", approval?.ops.get(id)?.words)));
        if let Some(words) = words {
            *moved = words;
        }
    }
}

/// Answers a review in the daemon; `None` if there is no daemon.
///
/// # Errors
/// When the answer does not fit, or the daemon breaks off.
pub async fn resolve(project: &Project, review: ReviewId, said: Said) -> anyhow::Result<Option<MappingName>> {
    let ask = Ask::Resolve { review: review.0, answer: said };
    let Some(mut call) = call(&socket_path(&project.store), &ask).await? else { return Ok(None) };
    match call.next().await? {
        Some(Reply::Resolved { mapping }) => Ok(Some(MappingName::new(mapping))),
        Some(Reply::Failed { why }) => bail!(why),
        _ => bail!("the daemon is of another version; start it again"),
    }
}

/// Whether a daemon of the project answers.
///
/// # Errors
/// When what answers is no daemon.
pub async fn is_there(socket: &Path) -> anyhow::Result<bool> {
    let Some(mut call) = call(socket, &Ask::Status).await? else { return Ok(false) };
    Ok(matches!(call.next().await?, Some(Reply::Status(_))))
}

async fn one(socket: &Path, ask: &Ask, mapping: &Mapping, out: &Out, stop: &CancellationToken) -> anyhow::Result<Done> {
    let mut call = call(socket, ask).await?.ok_or_else(|| anyhow!("the daemon ended meanwhile; run it again"))?;
    let bars = Bars::new(mapping, out);
    let done = watch(&mut call, mapping, out, &bars, stop).await;
    bars.finish();
    done
}

async fn watch(call: &mut Call, mapping: &Mapping, out: &Out, bars: &Bars, stop: &CancellationToken) -> anyhow::Result<Done> {
    let (mut seen, mut asked) = approve::pair(mapping, out, bars, stop);
    let mut before = Shown::default();
    while let Some(reply) = call.next().await? {
        match reply {
            Reply::Step(shown) => {
                seen.questions(shown.questions.saturating_sub(before.questions) as usize);
                step(&before, &shown, bars);
                before = shown;
            }
            Reply::Op(op) => seen.op(*op)?,
            Reply::Held { why } => {
                let agree = asked.agree(&why).await;
                call.agree(agree).await?;
            }
            Reply::Done(done) => return Ok(done),
            Reply::Failed { why } => bail!(why),
            Reply::Resolved { .. } | Reply::Status(_) => break,
        }
    }
    bail!("the daemon broke off; what it did is in `syncline status`")
}

/// The daemon tells totals; a bar wants what is new.
fn step(before: &Shown, now: &Shown, bars: &Bars) {
    let new = |of: fn(&Shown) -> &Vec<u64>, at: usize| of(now)[at].saturating_sub(of(before).get(at).copied().unwrap_or(0)) as usize;
    for at in 0..now.read.len() {
        match new(|shown| &shown.read, at) {
            0 => {}
            records => bars.step(Step::Read { system: SystemIx(at as u16), records }),
        }
    }
    if now.looked > before.looked {
        bars.step(Step::Looked { entities: (now.looked - before.looked) as usize });
    }
    if let (None, Some(ops)) = (before.planned, now.planned) {
        bars.step(Step::Planned { ops });
    }
    for at in 0..now.applied.len() {
        match new(|shown| &shown.applied, at) {
            0 => {}
            ops => bars.step(Step::Applied { system: SystemIx(at as u16), ops }),
        }
    }
}
