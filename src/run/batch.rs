//! One batch of writes: looked at just before where the vendor checks nothing, journalled as sent, sent, and settled outcome by outcome.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::apply::{Ctx, Due};
use super::progress::Step;
use super::{RunError, commit, ledger};
use crate::id::{EntryId, RecordKey};
use crate::mapping::spell::Spelling;
use crate::mapping::{FieldIx, Observation, Seen, SystemIx};
use crate::plant::{planted, sometimes};
use crate::store::{DeadLetter, Settled, Touch, Touched};
use crate::sync::entity::Entity;
use crate::sync::landed::{Answered, Landed, landed};
use crate::sync::neighbours::View;
use crate::sync::op::{EntryClass, EntryState, OpKind};
use crate::sync::pace::UNANSWERED;
use crate::sync::terms::{Access, Terms};
use crate::system::{Outcome, WriteItem, WriteKind};
use crate::value::Value;
use crate::value::record::{Form, WriteCell};

/// An entry with what became of it.
struct Answer {
    due: Due,
    outcome: Outcome,
    observation: Option<Observation>,
    adopt: bool,
}

/// Writes one batch, unless its object takes no writes now.
pub async fn write(ctx: &Ctx<'_>, system: SystemIx, kind: &WriteKind, due: Vec<Due>) -> Result<(), RunError> {
    let (connection, object) = (&ctx.laid.mapping.system(system).connection, &ctx.laid.seat(system).object);
    let now = ctx.ground.clock.now();
    match ctx.ground.breakers.admit(connection, object, now) {
        Ok(()) => {}
        Err(wait) => {
            let outcome = || Outcome::NotDone { why: "it takes no writes now".to_owned(), wait };
            let answers = due.into_iter().map(|due| Answer { due, outcome: outcome(), observation: None, adopt: false }).collect();
            return settle(ctx, system, answers, now, true).await;
        }
    }
    let (answers, sent_at) = send(ctx, system, kind, due).await?;
    let outcomes = answers.iter().map(|answer| (answer.due.entry.op.entity, &answer.outcome));
    let paused = ctx.ground.breakers.note(connection, object, ctx.ground.clock.now(), outcomes);
    settle(ctx, system, answers, sent_at, paused).await
}

async fn send(ctx: &Ctx<'_>, system: SystemIx, kind: &WriteKind, due: Vec<Due>) -> Result<(Vec<Answer>, Timestamp), RunError> {
    let (due, mut answers) = look_before(ctx, system, kind, due).await?;
    let mut items = Vec::with_capacity(due.len());
    let mut sending = Vec::with_capacity(due.len());
    for due in due {
        match item(ctx, system, &due) {
            Ok(item) => {
                items.push(item);
                sending.push(due);
            }
            Err(refused) => answers.push(Answer { due, outcome: refused, observation: None, adopt: false }),
        }
    }
    let sent_at = ctx.ground.clock.now();
    if !items.is_empty() {
        let seat = ctx.laid.seat(system);
        let deadline = sent_at.saturating_add(seat.abilities.deadline).expect("a duration of std is never negative");
        let unsent: Vec<EntryId> = sending.iter().filter(|due| due.entry.state != EntryState::Sent).map(|due| due.entry.id).collect();
        if !unsent.is_empty() && !planted!("sent-not-journalled") {
            ctx.ground.store.mark_sent(&unsent, sent_at, deadline).await?;
        }
        let outcomes = seat.system.write(seat.read(), kind, &items).await;
        let outcomes = only_ours(ctx, system, &sending, outcomes).await?;
        for (mut due, outcome) in sending.into_iter().zip(outcomes) {
            if due.entry.state != EntryState::Sent {
                due.entry.attempt += 1;
                due.entry.first_sent_at.get_or_insert(sent_at);
                due.entry.deadline = Some(deadline);
            }
            let observation = shown(ctx, system, &outcome);
            answers.push(Answer { due, outcome, observation, adopt: false });
        }
    }
    Ok((answers, sent_at))
}

/// An upsert may have found a record that is another entity's, or another's of this very batch: a record is never linked twice.
async fn only_ours(ctx: &Ctx<'_>, system: SystemIx, sent: &[Due], outcomes: Vec<Outcome>) -> Result<Vec<Outcome>, RunError> {
    let seat = ctx.laid.seat(system);
    let mut taken: HashSet<RecordKey> = HashSet::new();
    let mut judged = Vec::with_capacity(outcomes.len());
    for (due, outcome) in sent.iter().zip(outcomes) {
        let Outcome::Done { key: Some(key), created, .. } = &outcome else {
            judged.push(outcome);
            continue;
        };
        let identity = seat.system.identity(&seat.object, key);
        let found = *created != Some(true) && matches!(due.entry.class, EntryClass::Upsert { .. });
        let anothers = found && is_anothers(ctx, system, due, &identity).await?;
        judged.push(match taken.insert(identity) && !anothers {
            true => outcome,
            false => Outcome::Duplicate { keys: vec![key.clone()], message: "the external id is taken".to_owned() },
        });
    }
    Ok(judged)
}

fn shown(ctx: &Ctx<'_>, system: SystemIx, outcome: &Outcome) -> Option<Observation> {
    let Outcome::Done { record: Some(record), .. } = outcome else {
        return None;
    };
    Some(ctx.laid.mapping.observe(system, record, &ctx.laid.seat(system).positions))
}

/// What the vendor does not check, we look at right before: a record that moved is planned again, and an external id that is taken is linked.
async fn look_before(ctx: &Ctx<'_>, system: SystemIx, kind: &WriteKind, due: Vec<Due>) -> Result<(Vec<Due>, Vec<Answer>), RunError> {
    match kind {
        WriteKind::Create => Ok((due, Vec::new())),
        WriteKind::Upsert(_) => find_first(ctx, system, due).await,
        WriteKind::Update | WriteKind::Archive | WriteKind::Restore | WriteKind::Delete => Ok(read_again(ctx, system, due).await),
    }
}

async fn find_first(ctx: &Ctx<'_>, system: SystemIx, due: Vec<Due>) -> Result<(Vec<Due>, Vec<Answer>), RunError> {
    let seat = ctx.laid.seat(system);
    let found = futures::future::join_all(due.iter().map(|due| async move {
        match &due.entry.class {
            EntryClass::Upsert { path, value } => seat.system.find(seat.read(), path, value).await,
            _ => Ok(Vec::new()),
        }
    }))
    .await;
    let mut free = Vec::new();
    let mut answers = Vec::new();
    for (due, found) in due.into_iter().zip(found) {
        let (outcome, observation, adopt) = match found {
            Ok(found) if (found.is_empty() || planted!("upsert-unasked")) && is_first(ctx, system, &due) => {
                free.push(due);
                continue;
            }
            // Who archived it, and whether it may live again, nobody can tell from here.
            Ok(found) if found.iter().any(|record| record.archived) => {
                sometimes!("an archived record holds an external id");
                let keys = found.into_iter().map(|record| record.key).collect();
                (Outcome::Duplicate { keys, message: "an archived record holds the external id".to_owned() }, None, false)
            }
            Ok(found) if found.len() == 1 && !is_anothers(ctx, system, &due, &found[0].identity).await? => {
                let record = &found[0];
                let observation = ctx.laid.mapping.observe(system, record, &seat.positions);
                let outcome = Outcome::Done { key: Some(record.key.clone()), record: None, version: record.version.clone(), created: Some(false) };
                (outcome, Some(observation), true)
            }
            Ok(found) => {
                let keys = found.into_iter().map(|record| record.key).collect();
                (Outcome::Duplicate { keys, message: "the external id is taken".to_owned() }, None, false)
            }
            Err(error) => (Outcome::NotDone { why: error.to_string(), wait: super::SYSTEM_WAIT }, None, false),
        };
        answers.push(Answer { due, outcome, observation, adopt });
    }
    Ok((free, answers))
}

/// Whether nothing was upserted by the same external id before.
fn is_first(ctx: &Ctx<'_>, system: SystemIx, due: &Due) -> bool {
    let EntryClass::Upsert { value, .. } = &due.entry.class else { return true };
    ctx.upserted.lock().expect("no holder of this lock can panic").insert((system, value.clone()))
}

/// The record belongs to another entity already: nobody but a person can tell whether the two are one.
async fn is_anothers(ctx: &Ctx<'_>, system: SystemIx, due: &Due, identity: &RecordKey) -> Result<bool, RunError> {
    let linked = ctx.ground.store.linked(ctx.laid.id, system, std::slice::from_ref(identity)).await?;
    Ok(linked.into_iter().flatten().any(|entity| entity != due.entry.op.entity))
}

async fn read_again(ctx: &Ctx<'_>, system: SystemIx, due: Vec<Due>) -> (Vec<Due>, Vec<Answer>) {
    let (unguarded, mut ready): (Vec<Due>, Vec<Due>) = due.into_iter().partition(|due| matches!(due.entry.class, EntryClass::LookedAt));
    if unguarded.is_empty() || planted!("not-looked-at-before") {
        ready.extend(unguarded);
        return (ready, Vec::new());
    }
    let seat = ctx.laid.seat(system);
    let keys: Vec<RecordKey> = unguarded.iter().filter_map(|due| due.entry.op.key.clone()).collect();
    let mut answers = Vec::new();
    let mut seen: HashMap<RecordKey, Option<Observation>> = match seat.system.get(seat.read(), &keys).await {
        Ok(got) => got.into_iter().map(|got| (got.key, got.record.map(|record| ctx.laid.mapping.observe(system, &record, &seat.positions)))).collect(),
        Err(error) => {
            let outcome = || Outcome::NotDone { why: error.to_string(), wait: super::SYSTEM_WAIT };
            let answers = unguarded.into_iter().map(|due| Answer { due, outcome: outcome(), observation: None, adopt: false });
            return (ready, answers.collect());
        }
    };
    for due in unguarded {
        let outcome = match due.entry.op.key.as_ref().and_then(|key| seen.remove(key)) {
            Some(Some(observation)) if is_as_planned(ctx, &due, &observation) => {
                ready.push(due);
                continue;
            }
            Some(Some(_)) => {
                sometimes!("somebody was faster than a write");
                Outcome::Stale
            }
            Some(None) => {
                sometimes!("a record is gone right before its write");
                Outcome::Gone
            }
            // It was not told of right before the write: read again, and planned again.
            None => Outcome::Stale,
        };
        answers.push(Answer { due, outcome, observation: None, adopt: false });
    }
    (ready, answers)
}

/// Every field to be replaced still shows what the plan rests on; a delete rests on all of them.
fn is_as_planned(ctx: &Ctx<'_>, due: &Due, observation: &Observation) -> bool {
    let op = &due.entry.op;
    let shows = |field: FieldIx, value: &Value| match &observation.fields[field.0 as usize] {
        Seen::Value(seen) => ctx.laid.mapping.same(field, seen, value),
        seen @ (Seen::Unresolved(_) | Seen::UnresolvedBy(_)) => {
            ctx.works[due.work].neighbours.entity_of(field, op.system, seen).is_some_and(|entity| *value == Value::Ref(entity))
        }
        Seen::NoCell | Seen::UnresolvedSet(_) => true,
        Seen::Unread if planted!("unread-is-as-planned") => true,
        // What is not told, or not understood, may be what somebody just typed.
        Seen::Unread | Seen::Unfit(_) => ctx.laid.mapping.access(field, op.system) == Access::WriteOnly,
    };
    // Somebody was faster.
    if op.kind == OpKind::Restore && !observation.archived {
        return false;
    }
    if matches!(op.kind, OpKind::Archive(_) | OpKind::Delete(_) | OpKind::Restore) {
        if op.version.is_some() && observation.version.is_some() {
            return op.version == observation.version;
        }
        let seen = ctx.works[due.work].seen.iter().find(|(system, _)| *system == op.system);
        let fields = seen.iter().flat_map(|(_, seen)| seen.fields.iter().enumerate());
        let mut same = fields.map(|(at, was)| match was {
            Seen::Value(value) => shows(FieldIx(at as u16), value),
            other => *other == observation.fields[at],
        });
        return same.all(|same| same) || planted!("removed-unseen");
    }
    op.fields.iter().all(|write| write.pre.as_ref().is_none_or(|pre| shows(write.field, pre)))
}

fn item(ctx: &Ctx<'_>, system: SystemIx, due: &Due) -> Result<WriteItem, Outcome> {
    let entry = &due.entry;
    let entity = ctx.works[due.work].entity.lock().expect("no holder of this lock can panic");
    let view = View { entity: &entity, neighbours: &ctx.works[due.work].neighbours, today: ctx.ground.today(), forgiven: &[] };
    let fields: Vec<(FieldIx, Value)> = entry.op.fields.iter().map(|write| (write.field, write.want.clone())).collect();
    let spelling = if entry.op.kind == OpKind::Create { Spelling::Create } else { Spelling::Update };
    let mut cells = match entry.op.kind {
        OpKind::Create | OpKind::Update => ctx.laid.mapping.spell(system, &fields, &view, spelling).map_err(|problem| Outcome::Refused {
            code: "SPELLING".to_owned(),
            message: problem.to_string(),
            fields: vec![problem.path],
        })?,
        OpKind::Archive(_) | OpKind::Delete(_) | OpKind::Restore => Vec::new(),
    };
    let mut by = None;
    match &entry.class {
        EntryClass::Marker { path, value } if cells.iter().all(|cell| cell.path != *path) => {
            cells.push(WriteCell { path: path.clone(), form: Form::Text, value: value.clone(), target: None });
        }
        EntryClass::Upsert { value, .. } => by = Some(value.clone()),
        _ => {}
    }
    Ok(WriteItem { entry: entry.id, key: entry.op.key.clone(), version: entry.op.version.clone().filter(|_| !planted!("version-not-sent")), cells, by })
}

/// `paused`: the system takes no writes, so that a lost answer is no attempt of the record.
async fn settle(ctx: &Ctx<'_>, system: SystemIx, answers: Vec<Answer>, sent_at: Timestamp, paused: bool) -> Result<(), RunError> {
    let mut settled = Vec::with_capacity(answers.len());
    let mut touches = Vec::new();
    for answer in answers {
        let work = &ctx.works[answer.due.work];
        let mut entity = work.entity.lock().expect("no holder of this lock can panic");
        let now = ctx.ground.clock.now();
        let mut result = landed(&Answered {
            terms: &*ctx.laid.mapping,
            entity: &entity,
            entry: &answer.due.entry,
            outcome: &answer.outcome,
            observation: answer.observation.as_ref(),
            adopt: answer.adopt,
            neighbours: &work.neighbours,
            reviews: &[],
            sent_at,
            now,
        });
        // An answer that names only a key leaves its identity to be worked out: the feed will show the record by it.
        if answer.observation.is_none()
            && let Some(link) = result.entity.link_mut(system)
        {
            let seat = ctx.laid.seat(system);
            link.identity = seat.system.identity(&seat.object, &link.key);
        }
        if planted!("value-in-log") {
            tracing::info!(wrote = ?answer.due.entry.op.fields.iter().map(|write| write.want.to_string()).collect::<Vec<_>>(), "settled");
        }
        tally(ctx, &answer, &result);
        touches.extend(result.touch.iter().map(|key| touch(ctx, system, key.clone())));
        if result.state == EntryState::InDoubt {
            sometimes!("a write is in doubt");
        }
        // A write that is not done keeps its entity's hints: the next run looks again, when it is time.
        if result.again.is_some() || matches!(result.state, EntryState::Ready | EntryState::InDoubt) {
            *work.again.lock().expect("no holder of this lock can panic") = true;
        }
        if planted!("outcome-without-shadow") {
            result.entity = entity.clone();
        }
        let before = std::mem::replace(&mut *entity, result.entity.clone());
        settled.push(settle_one(ctx, answer, result, before, now, paused));
    }
    ctx.ground.store.settle(ctx.laid.id, settled).await?;
    if !touches.is_empty() {
        ctx.ground.store.touch(touches, None, ctx.ground.clock.now()).await?;
    }
    Ok(())
}

fn settle_one(ctx: &Ctx<'_>, answer: Answer, result: Landed, before: Entity, now: Timestamp, paused: bool) -> Settled {
    let again = result.again.and_then(|at| Some((commit::touch_of(ctx.laid, &result.entity)?, at)));
    let dead_letter = result.refusal.map(|refusal| DeadLetter {
        mapping: ctx.laid.id,
        entity: before.id,
        system: refusal.system,
        entry: refusal.entry,
        code: refusal.code,
        message: refusal.message,
        fields: refusal.fields,
        at: now,
    });
    Settled {
        entry: answer.due.entry.id,
        // What surely was not done is planned again from fresh reads; only the hint stays.
        state: if result.state == EntryState::Ready { EntryState::Superseded } else { result.state },
        before: Some(before),
        after: result.entity,
        dead_letter,
        reviews: result.reviews,
        conflicts: result.conflicts,
        again: again.into_iter().collect(),
        at: now,
        answer: match &answer.outcome {
            Outcome::InDoubt { .. } if paused => UNANSWERED.to_owned(),
            outcome => word(outcome).to_owned(),
        },
    }
}

fn touch(ctx: &Ctx<'_>, system: SystemIx, key: RecordKey) -> Touch {
    let seat = ctx.laid.seat(system);
    Touch { mapping: ctx.laid.id, system, identity: seat.system.identity(&seat.object, &key), key, why: Touched::Reference }
}

fn tally(ctx: &Ctx<'_>, answer: &Answer, result: &Landed) {
    let mut end = ctx.end.lock().expect("no holder of this lock can panic");
    end.dead_letters += u64::from(result.refusal.is_some());
    end.in_doubt += u64::from(result.state == EntryState::InDoubt);
    end.reviews += result.reviews.len() as u64;
    if result.state == EntryState::Done && !answer.adopt {
        match answer.due.entry.op.kind {
            OpKind::Create => end.created += 1,
            OpKind::Update | OpKind::Restore => end.updated += 1,
            OpKind::Archive(_) => end.archived += 1,
            OpKind::Delete(_) => end.deleted += 1,
        }
    }
    let op = &answer.due.entry.op;
    ledger::written(op, result.state, result.refusal.is_some(), &mut end);
    drop(end);
    ctx.progress.step(Step::Settled { system: op.system, kind: op.kind.word(), outcome: word(&answer.outcome) });
}

/// The word for an outcome in the journal, logs and metrics.
pub fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { .. } => "done",
        Outcome::InDoubt { .. } => "in_doubt",
        Outcome::NotDone { .. } => "not_done",
        Outcome::Stale => "stale",
        Outcome::Gone => "gone",
        Outcome::Locked { .. } => "locked",
        Outcome::Duplicate { .. } => "duplicate",
        Outcome::MissingReference { .. } => "missing_reference",
        Outcome::Refused { .. } => "refused",
    }
}
