//! The second pass: commit a slice, write what it owes in the vendors' batches, settle every outcome; then the next slice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use futures::future::join_all;
use futures::stream;

use super::commit::{self, Commits, Owing};
use super::ground::{Ground, Laid};
use super::progress::{Progress, Step};
use super::source::Source;
use super::{Ended, Hooks, Request, RunError, batch};
use crate::bounds::{BATCHES_IN_FLIGHT, WRITES_TOGETHER};
use crate::id::RunId;
use crate::mapping::{Observation, SystemIx};
use crate::store::RunEnd;
use crate::sync::entity::Entity;
use crate::sync::neighbours::Neighbours;
use crate::sync::op::{Entry, EntryClass, OpKind};
use crate::system::WriteKind;
use crate::value::{Path, Value};

/// An entity under its writes: several systems settle into it, one at a time.
pub struct Work {
    pub entity: Mutex<Entity>,
    pub neighbours: Arc<Neighbours>,
    pub hints: Vec<super::prepare::Hint>,
    /// What records that leave without a version showed when that was planned.
    pub seen: Vec<(SystemIx, Observation)>,
    /// Some write of it has to be looked at again.
    pub again: Mutex<bool>,
}

/// One entry to be written, and the entity it belongs to.
pub struct Due {
    pub work: usize,
    pub entry: Entry,
}

/// Everything the writes of one slice share.
pub struct Ctx<'a> {
    pub ground: &'a Ground,
    pub laid: &'a Laid,
    pub works: &'a [Work],
    pub end: &'a Mutex<RunEnd>,
    /// External ids that were upserted already: a second entity with one would write over the first one's record.
    pub upserted: &'a Mutex<BTreeSet<(SystemIx, Value)>>,
    pub progress: &'a dyn Progress,
}

/// Applies all slices. True: it was stopped, and what is left waits as touched.
pub async fn all(
    ground: &Ground,
    laid: &Laid,
    request: &Request,
    run: RunId,
    source: &mut Source,
    hooks: &mut Hooks<'_>,
    ended: &mut Ended,
) -> Result<bool, RunError> {
    let mut owing = Vec::new();
    let mut commits = Commits::default();
    let repeats = source.repeats();
    while let Some(slice) = source.next(ground, laid).await? {
        owing.extend(commit::merge(ground, laid, request, run, slice, &mut commits, ended).await?);
        // An entity that was linked before may come once more in a first match: it is written before it is looked at again.
        let again = repeats && slice.prepared.iter().any(|prepared| prepared.before.is_some());
        // Writes of several slices leave together, so that the vendors' batches are full.
        if again || owing.len() >= WRITES_TOGETHER {
            commits.end().await?;
            write(ground, laid, std::mem::take(&mut owing), hooks.progress, ended).await?;
        }
        if hooks.stop.is_cancelled() {
            commits.end().await?;
            write(ground, laid, owing, hooks.progress, ended).await?;
            return Ok(true);
        }
    }
    commits.end().await?;
    write(ground, laid, owing, hooks.progress, ended).await?;
    Ok(false)
}

/// Writes what these entities owe: systems side by side; in each, creates first and deletes last.
pub async fn write(ground: &Ground, laid: &Laid, owing: Vec<Owing>, progress: &dyn Progress, ended: &mut Ended) -> Result<(), RunError> {
    if owing.is_empty() {
        return Ok(());
    }
    let mut works = Vec::with_capacity(owing.len());
    let mut due: Vec<Vec<Due>> = laid.mapping.systems_ix().map(|_| Vec::new()).collect();
    for (work, owing) in owing.into_iter().enumerate() {
        works.push(Work { entity: Mutex::new(owing.entity), neighbours: owing.neighbours, hints: owing.hints, seen: owing.seen, again: Mutex::new(false) });
        for entry in owing.entries {
            due[entry.op.system.0 as usize].push(Due { work, entry });
        }
    }
    let end = Mutex::new(std::mem::take(&mut ended.end));
    let upserted = Mutex::default();
    let ctx = Ctx { ground, laid, works: &works, end: &end, upserted: &upserted, progress };
    let systems = due.into_iter().enumerate().filter(|(_, due)| !due.is_empty());
    let written = systems.map(|(at, due)| system(&ctx, SystemIx(at as u16), due));
    let outcomes = join_all(written).await;
    ended.end = end.into_inner().expect("no holder of this lock can panic");
    outcomes.into_iter().collect::<Result<Vec<()>, RunError>>()?;
    let answered = works.into_iter().filter(|work| !*work.again.lock().expect("no holder of this lock can panic"));
    commit::untouch(ground, answered.flat_map(|work| work.hints)).await
}

async fn system(ctx: &Ctx<'_>, system: SystemIx, due: Vec<Due>) -> Result<(), RunError> {
    let mut kinds: Vec<(u8, WriteKind, Vec<Due>)> = Vec::new();
    for due in due {
        let (order, kind) = kind(&due.entry);
        match kinds.iter_mut().find(|(_, known, _)| *known == kind) {
            Some((_, _, group)) => group.push(due),
            None => kinds.push((order, kind, vec![due])),
        }
    }
    kinds.sort_by_key(|(order, ..)| *order);
    for (_, kind, due) in kinds {
        let size = batch_size(ctx, system, &kind);
        let batches: Vec<Vec<Due>> = super::observe::chunks(due, size).collect();
        let mut running = stream::iter(batches.into_iter().map(|batch| {
            let kind = &kind;
            async move {
                let ops = batch.len();
                batch::write(ctx, system, kind, batch).await.map(|()| ops)
            }
        }))
        .buffer_unordered(BATCHES_IN_FLIGHT);
        while let Some(written) = running.next().await {
            ctx.progress.step(Step::Applied { system, ops: written? });
        }
    }
    Ok(())
}

/// How an entry is written, and when among the others.
pub fn kind(entry: &Entry) -> (u8, WriteKind) {
    match (&entry.op.kind, &entry.class) {
        (OpKind::Create, EntryClass::Upsert { path, .. }) => (0, WriteKind::Upsert(Path::clone(path))),
        (OpKind::Create, _) => (0, WriteKind::Create),
        (OpKind::Update, _) => (1, WriteKind::Update),
        (OpKind::Restore, _) => (1, WriteKind::Restore),
        (OpKind::Archive(_), _) => (2, WriteKind::Archive),
        (OpKind::Delete(_), _) => (3, WriteKind::Delete),
    }
}

fn batch_size(ctx: &Ctx<'_>, system: SystemIx, kind: &WriteKind) -> usize {
    let abilities = &ctx.laid.seat(system).abilities;
    let size = match kind {
        WriteKind::Create | WriteKind::Upsert(_) => abilities.create_batch,
        WriteKind::Update | WriteKind::Restore => abilities.update_batch,
        WriteKind::Archive | WriteKind::Delete => abilities.delete_batch,
    };
    size.max(1)
}
