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
use crate::daemon::bring_back::Taking;
use crate::daemon::resolve::Said;
use crate::daemon::retry::Retried;
use crate::id::{ConflictId, DeadLetterId, MappingName, ReviewId};
use crate::mapping::{Mapping, SystemIx};
use crate::project::Project;
use crate::report::Kept;
use crate::run::plan::Approval;
use crate::run::progress::{Progress, Step};
use crate::run::{Back, Ended};
use crate::server::local::{Ask, Call, Done, Doubted, Reply, call, socket_path};
use crate::store::{Store, sqlite};

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
    let asks = ground::kept(project, &*store, names).await?.into_iter().map(|kept| {
        let name = &kept.mapping.name;
        (Ask::Run { mapping: name.to_string(), sweep, plan: approval.as_ref().map(|approval| ids(approval, name)) }, kept)
    });
    each(project, &*store, asks.collect(), approval.as_ref(), Outcomes::new(out), out, stop).await.map(Some)
}

/// Takes back these runs of each mapping in the daemon; `None` if there is no daemon.
///
/// # Errors
/// When the daemon breaks off.
pub async fn undo(
    project: &Project,
    runs: &[(Kept, Back)],
    approval: Option<&Approval>,
    outcomes: Outcomes<'_>,
    out: &Out,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Exit>> {
    if !is_there(&socket_path(&project.store)).await? {
        return Ok(None);
    }
    let store = sqlite::open_read_only(&project.store)?;
    let mut asks = Vec::with_capacity(runs.len());
    for (kept, back) in runs {
        let name = &kept.mapping.name;
        let runs = back.runs.iter().map(|run| run.0).collect();
        let ask = Ask::Undo { mapping: name.to_string(), runs, plan: approval.map(|approval| ids(approval, name)) };
        // The number that this connection to the store gives it.
        let kept = ground::kept(project, &*store, &[name.to_string()]).await?.remove(0);
        asks.push((ask, kept));
    }
    each(project, &*store, asks, approval, outcomes, out, stop).await.map(Some)
}

/// One mapping after another, watched here.
async fn each(
    project: &Project,
    store: &dyn Store,
    asks: Vec<(Ask, Kept)>,
    approval: Option<&Approval>,
    mut outcomes: Outcomes<'_>,
    out: &Out,
    stop: &CancellationToken,
) -> anyhow::Result<Exit> {
    let socket = socket_path(&project.store);
    let clock = ground::wall_clock();
    for (ask, kept) in asks {
        let name = &kept.mapping.name;
        let ran = tokio::select! {
            () = stop.cancelled() => {
                out.remark(format!("\nThe daemon goes on with {name}; only nobody watches it here any more. How it ended tells: syncline status"))?;
                break;
            }
            ran = one(&socket, &ask, &kept.mapping, out, stop) => ran,
        };
        match ran {
            Ok(done) => {
                let mut ended = done.into_ended(clock.now());
                in_words(&mut ended, approval);
                outcomes.ended(name, &ended, &store.totals(kept.id).await?)?;
            }
            Err(error) => outcomes.failed(name, &error)?,
        }
    }
    outcomes.exit(stop.is_cancelled())
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
    asked(project, &Ask::Resolve { review: review.0, answer: said }).await
}

async fn asked(project: &Project, ask: &Ask) -> anyhow::Result<Option<MappingName>> {
    let Some(mut call) = call(&socket_path(&project.store), ask).await? else { return Ok(None) };
    match call.next().await? {
        Some(Reply::Resolved { mapping }) => Ok(Some(MappingName::new(mapping))),
        Some(Reply::Failed { why }) => bail!(why),
        _ => bail!("the daemon is of another version; start it again"),
    }
}

/// Lets the daemon go on with a store that was restored; `false` if there is no daemon.
///
/// # Errors
/// When the daemon breaks off.
pub async fn accept(project: &Project) -> anyhow::Result<bool> {
    let Some(mut call) = call(&socket_path(&project.store), &Ask::Accept).await? else { return Ok(false) };
    match call.next().await? {
        Some(Reply::Accepted) => Ok(true),
        Some(Reply::Failed { why }) => bail!(why),
        _ => bail!("the daemon is of another version; start it again"),
    }
}

/// Brings a lost value back in the daemon; `None` if there is no daemon.
///
/// # Errors
/// When there is no such value, or the daemon breaks off.
pub async fn bring_back(project: &Project, conflict: ConflictId, taking: Taking) -> anyhow::Result<Option<MappingName>> {
    asked(project, &Ask::BringBack { conflict: conflict.0, taking }).await
}

/// Lets the daemon plan dead letters anew; `None` if there is no daemon.
///
/// # Errors
/// When the daemon breaks off.
pub async fn retry(project: &Project, ids: &[DeadLetterId]) -> anyhow::Result<Option<Retried>> {
    let ask = Ask::Retry { dead_letters: ids.iter().map(|id| id.0).collect() };
    let Some(mut call) = call(&socket_path(&project.store), &ask).await? else { return Ok(None) };
    match call.next().await? {
        Some(Reply::Retried { dead_letters, mappings, not_open }) => Ok(Some(Retried {
            letters: dead_letters.into_iter().map(DeadLetterId).collect(),
            mappings: mappings.into_iter().map(MappingName::new).collect(),
            not_open: not_open.into_iter().map(DeadLetterId).collect(),
        })),
        Some(Reply::Failed { why }) => bail!(why),
        _ => bail!("the daemon is of another version; start it again"),
    }
}

/// Lets the daemon look at records that an audit could not explain; `false` if there is no daemon.
///
/// # Errors
/// When the daemon breaks off.
pub async fn repair(project: &Project, mapping: &MappingName, records: Vec<Doubted>) -> anyhow::Result<bool> {
    /// A few tens of kilobytes on one line.
    const AT_ONCE: usize = 500;
    for records in records.chunks(AT_ONCE) {
        let ask = Ask::Repair { mapping: mapping.to_string(), records: records.to_vec() };
        let Some(mut call) = call(&socket_path(&project.store), &ask).await? else { return Ok(false) };
        match call.next().await? {
            Some(Reply::Touched(_)) => {}
            Some(Reply::Failed { why }) => bail!(why),
            _ => bail!("the daemon is of another version; start it again"),
        }
    }
    Ok(true)
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
            Reply::Resolved { .. } | Reply::Retried { .. } | Reply::Accepted | Reply::Touched(_) | Reply::Status(_) => break,
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
