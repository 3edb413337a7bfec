//! What an earlier run left behind is settled before anything new: intents never sent are dropped, what is in doubt is looked up.

use std::sync::{Arc, Mutex};

use super::apply::{Ctx, Due, Work, kind};
use super::ground::{Ground, Laid};
use super::prepare::Prepared;
use super::progress::Progress;
use super::{Ended, RunError, batch, commit, neighbours};
use crate::mapping::Observation;
use crate::plant::{planted, sometimes};
use crate::store::{Settled, Touch};
use crate::sync::evidence::shifted;
use crate::sync::landed::{Answered, holds_what_was_sent, landed};
use crate::sync::op::{Entry, EntryState, OpKind};
use crate::sync::recover::{Doubt, Found, Recovery, Seek, recover, seek};
use crate::sync::review::{NewReview, ReviewAbout};
use crate::system::{Outcome, SystemError};
use crate::value::record::Record;
use crate::value::{Path, Value};

/// Settles all that is open: by class, always with the same entry.
pub async fn settle(ground: &Ground, laid: &Laid, progress: &dyn Progress, ended: &mut Ended) -> Result<(), RunError> {
    for entry in ground.store.unsettled(laid.id).await? {
        ended.begin(ground).await?;
        let now = ground.clock.now();
        let Some(loaded) = ground.store.load(laid.id, &[entry.op.entity]).await?.pop() else {
            return Err(RunError::Orphan { entry: entry.id });
        };
        let prepared = Prepared::loaded(laid, loaded, now);
        match (entry.state, &entry.op.kind) {
            // Nothing was sent: planned again from fresh reads.
            (_, OpKind::Create) if planted!("create-in-doubt-dropped") => close(ground, laid, &prepared, &entry, EntryState::Superseded, Vec::new()).await?,
            (EntryState::Ready, _) => close(ground, laid, &prepared, &entry, EntryState::Superseded, Vec::new()).await?,
            (_, OpKind::Create) => create(ground, laid, prepared, entry, progress, ended).await?,
            // A read of the record tells what became of it: the look settles it.
            (_, OpKind::Update | OpKind::Archive(_) | OpKind::Delete(_) | OpKind::Restore) => again(ground, laid, &prepared, None).await?,
        }
    }
    Ok(())
}

async fn create(ground: &Ground, laid: &Laid, prepared: Prepared, entry: Entry, progress: &dyn Progress, ended: &mut Ended) -> Result<(), RunError> {
    let seat = laid.seat(entry.op.system);
    let doubt = Doubt { terms: &*laid.mapping, entry: &entry, abilities: &seat.abilities, instance: ground.store.instance(), now: ground.clock.now() };
    let found = match seek(&doubt) {
        Seek::Find { path, value } => {
            match look_up(ground, laid, &prepared, &entry, &path, &value).await? {
                Ok(found) => found,
                // The system does not answer: the entry stays in doubt, and the next run asks again.
                Err(_) => return again(ground, laid, &prepared, None).await,
            }
        }
        Seek::Get(_) | Seek::Resend => Vec::new(),
        Seek::Review => {
            sometimes!("a create without a safe way is in doubt");
            let about = ReviewAbout::InDoubt { entry: entry.id, hits: Vec::new() };
            return ask(ground, laid, &prepared, &entry, about).await;
        }
    };
    let judged: Vec<Found> = found.iter().map(|(found, ..)| found.clone()).collect();
    match recover(&doubt, &judged) {
        Recovery::Link { at, adopt } => {
            let (_, record, observation) = &found[at];
            link(ground, laid, &prepared, &entry, record, observation, adopt).await
        }
        Recovery::Late(other) => {
            sometimes!("a recovery meets a record of another entity");
            let why = "a record found for a create in doubt is linked already".to_owned();
            ask(ground, laid, &prepared, &entry, ReviewAbout::Join { other, why }).await
        }
        Recovery::Send => send(ground, laid, prepared, entry, progress, ended).await,
        Recovery::Review(hits) => ask(ground, laid, &prepared, &entry, ReviewAbout::InDoubt { entry: entry.id, hits }).await,
        Recovery::Wait(until) => again(ground, laid, &prepared, Some(until)).await,
    }
}

type Hits = Vec<(Found, Record, Observation)>;

async fn look_up(ground: &Ground, laid: &Laid, prepared: &Prepared, entry: &Entry, path: &Path, value: &Value) -> Result<Result<Hits, SystemError>, RunError> {
    let system = entry.op.system;
    let seat = laid.seat(system);
    let records = match seat.system.find(seat.read(), path, value).await {
        Ok(records) => records,
        Err(error) => return Ok(Err(error)),
    };
    let identities: Vec<_> = records.iter().map(|record| record.identity.clone()).collect();
    let linked = ground.store.linked(laid.id, system, &identities).await?;
    let predecessors = prepared.entity.link(system).map(|link| link.predecessors.clone()).unwrap_or_default();
    // The vendor's times are its own clock's, which may be far off.
    let offset = if planted!("vendors-clock-believed") { jiff::SignedDuration::ZERO } else { seat.clock_offset() };
    let hits = records.into_iter().zip(linked).map(|(record, linked)| {
        let observation = laid.mapping.observe(system, &record, &seat.positions);
        let found = Found {
            key: record.key.clone(),
            predecessor: predecessors.contains(&record.key),
            holds: holds_what_was_sent(&*laid.mapping, entry, &observation),
            since: match (record.time, entry.first_sent_at) {
                (Some(changed), Some(sent)) => shifted(changed, -offset) >= shifted(sent, -super::CLOCK_SLACK),
                _ => true,
            },
            linked,
        };
        (found, record, observation)
    });
    Ok(Ok(hits.collect()))
}

async fn link(
    ground: &Ground,
    laid: &Laid,
    prepared: &Prepared,
    entry: &Entry,
    record: &Record,
    observation: &Observation,
    adopt: bool,
) -> Result<(), RunError> {
    let now = ground.clock.now();
    let outcome = Outcome::Done { key: Some(record.key.clone()), record: None, version: record.version.clone(), created: Some(true) };
    let neighbours = neighbours::fetch(ground, laid, std::slice::from_ref(prepared)).await?;
    let result = landed(&Answered {
        terms: &*laid.mapping,
        entity: &prepared.entity,
        entry,
        outcome: &outcome,
        observation: Some(observation),
        adopt,
        neighbours: &neighbours,
        reviews: &prepared.reviews,
        sent_at: entry.first_sent_at.unwrap_or(now),
        now,
    });
    let again = commit::touch_of(laid, &result.entity).map(|touch| (touch, now));
    let settled = Settled {
        entry: entry.id,
        state: result.state,
        before: prepared.before.clone(),
        after: result.entity,
        dead_letter: None,
        reviews: result.reviews,
        conflicts: result.conflicts,
        again: again.into_iter().collect(),
        at: now,
        answer: "found".to_owned(),
    };
    Ok(ground.store.settle(laid.id, vec![settled]).await?)
}

async fn send(ground: &Ground, laid: &Laid, prepared: Prepared, mut entry: Entry, progress: &dyn Progress, ended: &mut Ended) -> Result<(), RunError> {
    // Sent once more: the journal says so, with a new deadline, before it leaves.
    entry.state = EntryState::InDoubt;
    if planted!("new-id-on-retry") {
        entry.id = crate::id::EntryId(ground.entry_id());
    }
    let neighbours = neighbours::fetch(ground, laid, std::slice::from_ref(&prepared)).await?;
    let works = [Work { entity: Mutex::new(prepared.entity), neighbours: Arc::new(neighbours), hints: Vec::new(), seen: Vec::new(), again: Mutex::new(false) }];
    let end = Mutex::new(std::mem::take(&mut ended.end));
    let upserted = Mutex::default();
    let ctx = Ctx { ground, laid, works: &works, end: &end, upserted: &upserted, progress };
    let (system, (_, kind)) = (entry.op.system, kind(&entry));
    let written = batch::write(&ctx, system, &kind, vec![Due { work: 0, entry }]).await;
    ended.end = end.into_inner().expect("no holder of this lock can panic");
    written
}

async fn ask(ground: &Ground, laid: &Laid, prepared: &Prepared, entry: &Entry, about: ReviewAbout) -> Result<(), RunError> {
    let review = NewReview { entity: Some(prepared.entity.id), about };
    close(ground, laid, prepared, entry, EntryState::Review, vec![review]).await
}

async fn close(ground: &Ground, laid: &Laid, prepared: &Prepared, entry: &Entry, state: EntryState, reviews: Vec<NewReview>) -> Result<(), RunError> {
    let now = ground.clock.now();
    let again = commit::touch_of(laid, &prepared.entity).map(|touch| (touch, now));
    let settled = Settled {
        entry: entry.id,
        state,
        before: prepared.before.clone(),
        after: prepared.entity.clone(),
        dead_letter: None,
        reviews,
        conflicts: Vec::new(),
        again: again.into_iter().collect(),
        at: now,
        answer: "recovered".to_owned(),
    };
    Ok(ground.store.settle(laid.id, vec![settled]).await?)
}

async fn again(ground: &Ground, laid: &Laid, prepared: &Prepared, at: Option<jiff::Timestamp>) -> Result<(), RunError> {
    let touches: Vec<Touch> = commit::touch_of(laid, &prepared.entity).into_iter().collect();
    Ok(ground.store.touch(touches, at, ground.clock.now()).await?)
}
