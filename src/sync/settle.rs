//! Open journal entries and ghosts against what is seen: our own late write must never pass for a user's edit.

use jiff::{SignedDuration, Timestamp};

use super::conflict::{Conflict, Loser};
use super::entity::{FieldIx, Known, LinkState, Shadow, Standing, SystemIx};
use super::evidence::shifted;
use super::look::Work;
use super::lossy::is_lossy_form;
use super::op::{Entry, EntryClass, EntryState, FieldWrite, OpKind};
use super::review::{Answer, ReviewAbout, ReviewInput};
use super::scene::{NoteKind, Silence};
use crate::plant::{planted, sometimes};
use crate::value::Value;

/// How long a vendor may go on with a request after our deadline.
pub(super) const SERVER_GRACE: SignedDuration = SignedDuration::from_secs(60);

/// After this nothing of the entry can land any more.
pub(super) fn lands_until(entry: &Entry, now: Timestamp) -> Timestamp {
    shifted(entry.deadline.or(entry.first_sent_at).unwrap_or(now), SERVER_GRACE)
}

pub(super) fn settle(work: &mut Work) {
    let scene = work.scene;
    retry(work);
    for entry in scene.entries {
        match (entry.state, &entry.op.kind) {
            // Nothing was sent, or surely nothing was done: planned anew.
            (EntryState::Ready, _) => set(work, entry, EntryState::Superseded),
            (_, OpKind::Update) if planted!("update-in-doubt-dropped") => set(work, entry, EntryState::Superseded),
            (_, OpKind::Create) => settle_create(work, entry),
            (_, OpKind::Archive(_) | OpKind::Delete(_)) => settle_delete(work, entry),
            (_, OpKind::Restore) => settle_restore(work, entry),
            (_, OpKind::Update) => {}
        }
    }
    for system in scene.terms.systems().filter(|_| !planted!("update-in-doubt-dropped")) {
        settle_updates(work, system);
        confirm(work, system);
    }
}

/// What a person wants to be tried again is owed as if it had never been refused, and planned from what is read now.
fn retry(work: &mut Work) {
    let scene = work.scene;
    for review in scene.reviews {
        let ReviewAbout::Refused { system, fields, .. } = &review.about else { continue };
        for field in fields.iter().filter(|_| review.answer == Some(Answer::Again)) {
            sometimes!("a person has a refused value tried again");
            if let Shadow::Known(known) = work.shadow(*field, *system) {
                let lifted = Known { refused: None, ..known.clone() };
                work.set_shadow(*field, *system, Shadow::Known(lifted));
            }
        }
        work.look.closed_reviews.push(review.id);
    }
}

fn is_retried(work: &Work, entry: &Entry) -> bool {
    let is = |review: &&ReviewInput| matches!(&review.about, ReviewAbout::Refused { entry: about, .. } if *about == entry.id);
    work.scene.reviews.iter().find(is).is_some_and(|review| review.answer == Some(Answer::Again))
}

fn set(work: &mut Work, entry: &Entry, state: EntryState) {
    if entry.state != state {
        work.look.entry_states.push((entry.id, state));
    }
}

fn settle_create(work: &mut Work, entry: &Entry) {
    let system = entry.op.system;
    let answer = work.scene.reviews.iter().find(|review| matches!(&review.about, ReviewAbout::InDoubt { entry: about, .. } if *about == entry.id));
    let linked = work.entity.live(system).is_some();
    let again = answer.is_some_and(|review| review.answer == Some(Answer::New));
    let lifted = entry.state == EntryState::Review && answer.is_none() && (has_moved(work, entry) || is_retried(work, entry));
    if linked && entry.state == EntryState::Review && answer.is_some() && !recognise(work, entry) {
        return;
    }
    if linked || again || lifted {
        if again {
            sometimes!("a person says that a create in doubt made nothing");
        }
        if lifted && !linked {
            sometimes!("a refused create is tried for other values");
        }
        set(work, entry, EntryState::Superseded);
        work.look.closed_reviews.extend(answer.map(|review| review.id));
    } else {
        work.stand_mut(system).create_open = true;
    }
}

/// A create that nobody could look for landed after all, and its record found the entity by its match key: what it shows of our values is ours, in
/// whatever form. False: it cannot be told yet.
fn recognise(work: &mut Work, entry: &Entry) -> bool {
    let system = entry.op.system;
    if work.stand(system).silence.is_some() || work.observation(system).is_none() {
        return false;
    }
    let shows = |write: &FieldWrite| {
        work.value(write.field, system).is_none_or(|shown| work.same(write.field, shown, &write.want) || is_lossy_form(&write.want, shown))
    };
    let met = |write: &&FieldWrite| *work.shadow(write.field, system) == Shadow::Unknown;
    if !entry.op.fields.iter().all(shows) || !entry.op.fields.iter().any(|write| met(&write)) {
        return true;
    }
    for write in entry.op.fields.iter().filter(met).collect::<Vec<_>>() {
        let Some(shown) = work.value(write.field, system).cloned() else { continue };
        sometimes!("a create that a person was asked about is met by its key");
        if !work.same(write.field, &shown, &write.want) {
            log_lossy(work, write.field, system, &shown);
        }
        let stands_for = Standing::For(write.stands_for.clone());
        work.set_shadow(
            write.field,
            system,
            Shadow::Known(Known { seen: shown, stands_for, confirmed: true, refused: None, unchanged_at: entry.first_sent_at }),
        );
    }
    true
}

/// A refused create is tried again only for other values.
fn has_moved(work: &Work, entry: &Entry) -> bool {
    entry.op.fields.iter().any(|write| !work.same(write.field, &write.stands_for, work.entity.agreed(write.field)))
}

/// A delete in doubt: gone is left to existence; alive and changed is a conflict; alive and as it was is simply owed again.
fn settle_delete(work: &mut Work, entry: &Entry) {
    let system = entry.op.system;
    if work.stand(system).silence.is_some() || work.observation(system).is_none_or(|seen| seen.archived) {
        return;
    }
    if matches!(work.entity.link(system).map(|link| &link.state), Some(LinkState::Live | LinkState::Owed(_))) {
        sometimes!("a delete is in doubt and its record is there");
        work.stand_mut(system).moved_under_delete |= moved(work, system);
    }
    expire(work, entry);
}

/// A record being made live again: live it is done; archived still, it may yet come.
fn settle_restore(work: &mut Work, entry: &Entry) {
    sometimes!("a restore of ours is in doubt");
    let system = entry.op.system;
    match (work.stand(system).silence, work.observation(system)) {
        (None, Some(seen)) if !seen.archived => set(work, entry, EntryState::Done),
        (None, _) => {
            work.stand_mut(system).create_open = work.scene.now < lands_until(entry, work.scene.now);
            expire(work, entry);
        }
        (Some(_), _) => work.stand_mut(system).create_open = true,
    }
}

fn moved(work: &Work, system: SystemIx) -> bool {
    work.scene.terms.fields().any(|field| match (work.value(field, system), work.shadow(field, system)) {
        (Some(shown), Shadow::Known(known)) => !work.same(field, shown, &known.seen),
        (_, Shadow::NoCell | Shadow::Unknown | Shadow::Known(_)) => false,
    })
}

fn expire(work: &mut Work, entry: &Entry) {
    if entry.state == EntryState::Review {
        return;
    }
    let until = lands_until(entry, work.scene.now);
    if work.scene.now >= until || planted!("ghost-forgotten") {
        set(work, entry, EntryState::Superseded);
    } else {
        sometimes!("a write may still land although it is planned anew");
        set(work, entry, EntryState::Ghost);
        work.look.wait(until);
    }
}

fn settle_updates(work: &mut Work, system: SystemIx) {
    let scene = work.scene;
    let is_ours =
        |entry: &&Entry| entry.op.system == system && entry.op.kind == OpKind::Update && !matches!(entry.state, EntryState::Ready | EntryState::Review);
    let entries: Vec<&Entry> = scene.entries.iter().filter(is_ours).collect();
    if entries.is_empty() {
        return;
    }
    let silent = work.stand(system).silence;
    let readable = silent.is_none() && work.observation(system).is_some_and(|seen| !seen.archived);
    if !readable {
        let gone = work.entity.live(system).is_none() || silent.is_none();
        entries.iter().filter(|_| gone).for_each(|entry| expire(work, entry));
        return;
    }
    let fields: Vec<FieldIx> = scene.terms.fields().filter(|field| entries.iter().any(|entry| wanted(entry, *field).is_some())).collect();
    if entries.len() > 1 {
        sometimes!("several writes of a record are open");
    }
    // Judged on the shadows before any of them moves.
    let landed: Vec<(FieldIx, Fate)> = fields.iter().map(|field| (*field, fate(work, &entries, *field, system))).collect();
    for (field, fate) in &landed {
        take(work, &entries, *field, system, fate);
    }
    for (at, entry) in entries.iter().enumerate() {
        close(work, entry, at, &landed);
    }
}

fn wanted(entry: &Entry, field: FieldIx) -> Option<&FieldWrite> {
    entry.op.fields.iter().find(|write| write.field == field)
}

/// What became of a field that we may have written.
enum Fate {
    /// The entry at this place landed.
    Landed {
        at: usize,
        lossy: bool,
    },
    /// It shows what it showed before: not landed yet.
    NotYet,
    /// Somebody wrote after us, or instead.
    Other,
    Untold,
}

fn fate(work: &Work, entries: &[&Entry], field: FieldIx, system: SystemIx) -> Fate {
    let Some(shown) = work.value(field, system) else { return Fate::Untold };
    let seen = match work.shadow(field, system) {
        Shadow::Known(known) => Some(&known.seen),
        Shadow::NoCell | Shadow::Unknown => None,
    };
    let exact = |entry: &&Entry| wanted(entry, field).is_some_and(|write| work.same(field, shown, &write.want));
    if let Some(at) = entries.iter().rposition(exact) {
        return Fate::Landed { at, lossy: false };
    }
    let before = |entry: &&Entry| wanted(entry, field).is_some_and(|write| write.pre.as_ref().is_some_and(|pre| work.same(field, shown, pre)));
    if seen.is_some_and(|seen| work.same(field, shown, seen)) || entries.iter().any(before) {
        return Fate::NotYet;
    }
    let form = |entry: &&Entry| wanted(entry, field).is_some_and(|write| is_lossy_form(&write.want, shown));
    match entries.iter().position(form) {
        Some(at) => {
            sometimes!("a form of a write in doubt is met");
            Fate::Landed { at, lossy: true }
        }
        None => {
            sometimes!("a user wrote over a write in doubt");
            Fate::Other
        }
    }
}

fn take(work: &mut Work, entries: &[&Entry], field: FieldIx, system: SystemIx, fate: &Fate) {
    let Fate::Landed { at, lossy } = fate else { return };
    sometimes!("a write in doubt has landed");
    let (Some(write), Some(shown)) = (wanted(entries[*at], field), work.value(field, system).cloned()) else { return };
    if *lossy {
        log_lossy(work, field, system, &shown);
    }
    let sent_at = entries[*at].first_sent_at;
    let known = Known { seen: shown, stands_for: Standing::For(write.stands_for.clone()), confirmed: true, refused: None, unchanged_at: sent_at };
    work.set_shadow(field, system, Shadow::Known(known));
}

fn close(work: &mut Work, entry: &Entry, at: usize, landed: &[(FieldIx, Fate)]) {
    let fate_of = |field: FieldIx| landed.iter().find(|(one, _)| *one == field).map(|(_, fate)| fate);
    let all = entry.op.fields.iter().all(|write| matches!(fate_of(write.field), Some(Fate::Landed { at: by, .. }) if *by == at));
    if all {
        return set(work, entry, EntryState::Done);
    }
    let not_yet = entry.op.fields.iter().any(|write| matches!(fate_of(write.field), Some(Fate::NotYet | Fate::Untold)));
    let until = lands_until(entry, work.scene.now);
    if not_yet && work.scene.now < until && entry.class != EntryClass::Guarded && !planted!("doubt-not-waited-for") {
        sometimes!("a record waits for a write that may still land");
        // Without a precondition at the vendor, what we plan now and what still lands cannot be told apart.
        let blocked = &mut work.stand_mut(entry.op.system).blocked;
        *blocked = Some(blocked.map_or(until, |known| known.max(until)));
    }
    // Nothing of it can land any more, but what was not told may show that it did: until then it is ours.
    let untold =
        |write: &super::op::FieldWrite| matches!(fate_of(write.field), Some(Fate::Untold)) && work.scene.terms.access(write.field, entry.op.system).reads();
    if work.scene.now >= until && entry.state != EntryState::Review && entry.op.fields.iter().any(untold) {
        return set(work, entry, EntryState::Ghost);
    }
    expire(work, entry);
}

/// A value that we sent without being told what came of it: the first read confirms it, or shows a form of it.
fn confirm(work: &mut Work, system: SystemIx) {
    // A record that is back in this very look, too: what it shows of our last write is no edit.
    if work.stand(system).silence.is_some() || work.entity.link(system).is_none() {
        return;
    }
    for field in work.scene.terms.fields() {
        let Shadow::Known(known) = work.shadow(field, system) else { continue };
        if known.confirmed {
            continue;
        }
        let Some(shown) = work.value(field, system) else { continue };
        let exact = work.same(field, shown, &known.seen);
        if !exact && !is_lossy_form(&known.seen, shown) {
            continue;
        }
        let (shown, mut known) = (shown.clone(), known.clone());
        if !exact {
            sometimes!("an undeclared form is met");
            log_lossy(work, field, system, &shown);
        }
        known.seen = shown;
        known.confirmed = true;
        work.set_shadow(field, system, Shadow::Known(known));
    }
}

/// It counts as ours; should it have been a user's, it can be found again.
fn log_lossy(work: &mut Work, field: FieldIx, system: SystemIx, shown: &Value) {
    work.look.note(system, Some(field), NoteKind::Lossy);
    let winner = work.entity.agreed(field).clone();
    let seen = work.observation(system);
    work.look.conflicts.push(Conflict {
        entity: work.entity.id,
        field,
        run: work.scene.run,
        at: work.scene.now,
        losers: vec![Loser { system: Some(system), value: shown.clone(), shadow: None, until: seen.and_then(|seen| seen.time), actor: None }],
        winner,
        winner_system: None,
        winner_until: work.entity.fact(field).map(|fact| fact.changed.until),
        winner_actor: None,
        policy: "lossy".to_owned(),
        grade: None,
    });
}

/// Applies what [`settle`] found out about writes that may still land.
pub(super) fn block(work: &mut Work) {
    for system in work.scene.terms.systems() {
        if work.stand(system).blocked.is_some() && work.stand(system).silence.is_none() {
            work.silenced(system, Silence::InDoubt);
        }
    }
}
