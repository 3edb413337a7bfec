//! What is owed, made and removed: recomputed from what is seen, never from what was planned before.

use super::class::{self, NewRecord};
use super::conflict::{Conflict, Loser};
use super::decide::stands_for;
use super::entity::{Cause, FieldIx, LinkState, Shadow, SystemIx};
use super::evidence::shifted;
use super::look::{Glimpse, Work};
use super::op::{EntryClass, FieldWrite, Op, OpKind};
use super::pace;
use super::reason::Reason;
use super::scene::{NoteKind, Silence};
use super::terms::Access;
use crate::mapping::system::Leaves;
use crate::plant::{planted, sometimes};
use crate::value::record::{Closed, Gate};
use crate::value::{Path, Value};

/// How soon a gone record is read once more before it is made anew.
const GONE_AGAIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

pub(super) fn plan(work: &mut Work) {
    if planted!("plan-shows-less") && work.scene.run == crate::id::RunId(0) {
        return;
    }
    for system in work.scene.terms.systems() {
        match work.entity.link(system).map(|link| link.state.clone()) {
            Some(LinkState::Owed(cause)) => remove(work, system, cause),
            Some(LinkState::Live) => update(work, system),
            Some(LinkState::GoneByUser { at } | LinkState::GoneByUs { at, .. }) => anew(work, system, at),
            None => create(work, system),
        }
    }
}

/// Why a field cannot be written now, or that it can.
enum Open {
    Yes,
    No(NoteKind),
}

fn gate(gate: &Gate, paths: &[&Path]) -> Open {
    let closed = match gate {
        Gate::Open => return Open::Yes,
        Gate::Only(open, closed) => {
            if paths.iter().all(|path| open.contains(path)) {
                return Open::Yes;
            }
            closed
        }
        Gate::Shut(closed) => closed,
    };
    match closed {
        Closed::Wait => Open::No(NoteKind::Locked),
        Closed::Refused(why) => Open::No(NoteKind::Shut(why.clone())),
    }
}

fn update(work: &mut Work, system: SystemIx) {
    let beyond = work.entity.link(system).is_some_and(|link| link.beyond);
    let Some(seen) = work.observation(system) else { return };
    if !work.votes(system) || beyond {
        return;
    }
    let mut fields = Vec::new();
    let mut deferred = Vec::new();
    for field in work.scene.terms.fields() {
        match owed(work, field, system) {
            Owed::No => {}
            Owed::Not(why) => {
                if why == NoteKind::Deferred {
                    deferred.push(field);
                    work.look.wait(pace::later(work));
                }
                work.look.note(system, Some(field), why);
            }
            Owed::Yes(write) if seen.locked => work.look.note(system, Some(write.field), NoteKind::Locked),
            Owed::Yes(write) => match gate(&seen.gate, &work.scene.terms.paths(field, system)) {
                Open::Yes => fields.push(write),
                Open::No(why) => work.look.note(system, Some(field), why),
            },
        }
    }
    let abilities = &work.scene.abilities[system.0 as usize];
    if fields.is_empty() {
        return;
    }
    if abilities.update.is_none() {
        return work.look.note(system, None, NoteKind::CannotWrite);
    }
    let class = class::of_update(abilities, seen.version.as_ref());
    let lost = fields.iter().filter(|write| write.want.is_blank() && write.pre.as_ref().is_some_and(|pre| !pre.is_blank()));
    let blanks: Vec<_> = lost.map(|write| (system, write.field)).collect();
    work.look.counts.blanks.extend(blanks);
    work.look.counts.updates.push(system);
    if fields.iter().any(|write| write.want.is_blank()) {
        sometimes!("a value is replaced by a blank");
    }
    let reason = fields[0].reason;
    push(work, system, OpKind::Update, fields, deferred, reason, class);
}

enum Owed {
    No,
    /// Owed, and it cannot be said there.
    Not(NoteKind),
    Yes(FieldWrite),
}

fn owed(work: &Work, field: FieldIx, system: SystemIx) -> Owed {
    let access = work.scene.terms.access(field, system);
    let (true, Some(fact)) = (access.writes(), work.entity.fact(field)) else { return Owed::No };
    if work.frozen[field.0 as usize] {
        return Owed::No;
    }
    let same = |a: &Value, b: &Value| work.same(field, a, b);
    let (pre, refused) = match work.shadow(field, system) {
        Shadow::NoCell => return Owed::No,
        Shadow::Unknown if access == Access::WriteOnly => (None, None),
        Shadow::Unknown => return Owed::No,
        Shadow::Known(known) if stands_for(known, &fact.value, same) => return Owed::No,
        Shadow::Known(known) => (Some(&known.seen), known.refused.as_ref()),
    };
    // Only what this very look read may be written over; a value that we cannot understand is left alone.
    if access != Access::WriteOnly && !matches!(work.shown(field, system), Glimpse::Value(_)) {
        return Owed::No;
    }
    let Some(want) = work.form(field, system, &fact.value) else {
        sometimes!("a system has no form of what is agreed");
        return Owed::Not(if is_reference(&fact.value) { NoteKind::Deferred } else { NoteKind::NoForm });
    };
    if access != Access::WriteOnly && pre.is_some_and(|pre| same(pre, &want)) {
        return Owed::No;
    }
    if refused.is_some_and(|refused| same(refused, &fact.value)) {
        sometimes!("a refused value is not written again");
        return Owed::Not(NoteKind::Refused);
    }
    let reason =
        if work.put_back.contains(&(field, system)) { Reason::PutBack { in_system: system } } else { work.reasons[field.0 as usize].unwrap_or(Reason::Owed) };
    let pre = work.value(field, system).or(pre).cloned();
    Owed::Yes(FieldWrite { field, pre, want, stands_for: fact.value.clone(), reason })
}

fn is_reference(value: &Value) -> bool {
    match value {
        Value::Ref(_) => true,
        Value::Set(elements) => elements.iter().any(|one| matches!(one, Value::Ref(_))),
        _ => false,
    }
}

/// A record that we removed and whose wall holds again, or whose delete a person forgave: made anew, once a later read still finds it gone.
fn anew(work: &mut Work, system: SystemIx, gone_at: jiff::Timestamp) {
    let allowed = match work.entity.link(system) {
        Some(_) if planted!("deleted-made-anew") => true,
        // What went because its run was taken back is not made again by itself.
        Some(link) => link.kept || matches!(link.state, LinkState::GoneByUs { cause, .. } if cause != Cause::Undone),
        None => false,
    };
    let archived = work.observation(system).is_some_and(|seen| seen.archived);
    let wanted = may_hold(work, system) && (archived || may_be_made(work, system));
    if !allowed || work.entity.links.iter().flatten().all(|link| !link.state.is_live()) || !wanted {
        return;
    }
    let lag = jiff::SignedDuration::try_from(work.scene.abilities[system.0 as usize].read_lag).unwrap_or(jiff::SignedDuration::MAX);
    let earliest = shifted(gone_at, lag);
    let first_look = work.scene.entity.link(system).is_some_and(|link| link.state.is_live());
    if first_look || work.scene.now < earliest || !work.stand(system).read_gone {
        sometimes!("what is gone is read once more before it is made anew");
        return work.look.wait(earliest.max(shifted(work.scene.now, GONE_AGAIN)));
    }
    if work.observation(system).is_some_and(|seen| seen.archived) {
        if work.scene.abilities[system.0 as usize].restore.is_some() {
            sometimes!("an archived record is made live again");
            return restore(work, system);
        }
        sometimes!("an archived record cannot be made live again");
        work.look.note(system, None, NoteKind::StaysArchived);
    }
    if may_create(work, system) {
        sometimes!("a record is made anew");
        create(work, system);
    }
}

/// The record that we archived is still there: it is made live again, and owed what it missed once it shows so.
fn restore(work: &mut Work, system: SystemIx) {
    let Some(seen) = work.observation(system) else { return };
    if seen.locked {
        return work.look.note(system, None, NoteKind::Locked);
    }
    let class = class::of_removal(work.scene.abilities[system.0 as usize].restore, seen.version.as_ref());
    work.look.counts.updates.push(system);
    push(work, system, OpKind::Restore, Vec::new(), Vec::new(), Reason::Returns, class);
}

fn may_create(work: &Work, system: SystemIx) -> bool {
    may_hold(work, system) && may_be_made(work, system)
}

/// Nothing stands between the system and a record of this entity.
fn may_hold(work: &Work, system: SystemIx) -> bool {
    let terms = work.scene.terms;
    let stand = work.stand(system);
    let silent = matches!(work.scene.sights[system.0 as usize], super::scene::Sight::Silent(_));
    !stand.create_open && !silent && !work.scene.waiting.contains(&system) && (!terms.walled(system) || terms.inside_wall(system, &work.view(&work.forgiven)))
}

fn may_be_made(work: &Work, system: SystemIx) -> bool {
    work.scene.terms.creates(system) && work.scene.terms.create_wanted(system, &work.view(&work.forgiven))
}

/// A field that is blank only because nobody knows yet which entity the record is that somebody refers to.
fn is_unlinked(work: &Work, field: FieldIx) -> bool {
    work.entity.agreed(field).is_blank() && work.look.notes.iter().any(|note| note.field == Some(field) && note.what == NoteKind::Unresolved)
}

/// A create that does not hold may hold once what is referred to is linked.
fn asks_for_unlinked(work: &mut Work, system: SystemIx) {
    let terms = work.scene.terms;
    if !terms.creates(system) || work.stand(system).create_open || terms.create_wanted(system, &work.view(&work.forgiven)) {
        return;
    }
    if let Some(field) = terms.fields().find(|field| terms.create_asks(system, *field) && is_unlinked(work, *field)) {
        work.look.note(system, Some(field), NoteKind::CreateUnlinked);
    }
}

fn create(work: &mut Work, system: SystemIx) {
    let alive = work.entity.links.iter().flatten().any(|link| link.state.is_live());
    if !alive {
        return;
    }
    if !may_create(work, system) {
        return asks_for_unlinked(work, system);
    }
    let terms = work.scene.terms;
    let mut fields = Vec::new();
    let mut deferred = Vec::new();
    for field in terms.fields() {
        let value = work.entity.agreed(field);
        if value.is_blank() {
            let unlinked = is_unlinked(work, field);
            if terms.required(field) {
                return work.look.note(system, Some(field), if unlinked { NoteKind::RequiredUnlinked } else { NoteKind::RequiredBlank });
            }
            if unlinked && terms.writes_new(field, system) {
                deferred.push(field);
            }
            continue;
        }
        if !terms.writes_new(field, system) {
            continue;
        }
        if work.frozen[field.0 as usize] {
            if terms.required(field) {
                return;
            }
            continue;
        }
        match work.form(field, system, value) {
            Some(want) => {
                fields.push(FieldWrite { field, pre: None, want, stands_for: value.clone(), reason: work.reasons[field.0 as usize].unwrap_or(Reason::Owed) })
            }
            None => {
                let why = if is_reference(value) { NoteKind::Deferred } else { NoteKind::NoForm };
                let deferring = why == NoteKind::Deferred;
                if deferring {
                    work.look.wait(pace::later(work));
                }
                work.look.note(system, Some(field), why);
                if terms.required(field) {
                    return;
                }
                if deferring {
                    deferred.push(field);
                }
            }
        }
    }
    let record = NewRecord {
        terms,
        abilities: &work.scene.abilities[system.0 as usize],
        system,
        entity: work.entity.id,
        instance: work.scene.instance,
        fields: &fields,
        now: work.scene.now,
    };
    if record.abilities.create.is_empty() {
        return work.look.note(system, None, NoteKind::CannotWrite);
    }
    let class = record.class();
    work.look.counts.creates.push(system);
    push(work, system, OpKind::Create, fields, deferred, Reason::Missing, class);
}

fn remove(work: &mut Work, system: SystemIx, cause: Cause) {
    let trusted = matches!(work.stand(system).silence, None | Some(Silence::Wall));
    let Some(seen) = work.observation(system).filter(|_| trusted) else { return };
    if seen.locked {
        return work.look.note(system, None, NoteKind::Locked);
    }
    if let Open::No(why) = gate(&seen.gate, &[]) {
        return work.look.note(system, None, why);
    }
    let abilities = &work.scene.abilities[system.0 as usize];
    let (kind, guarded) = match work.scene.terms.leaves(system) {
        Leaves::Stop => return,
        Leaves::Archive => (OpKind::Archive(cause), abilities.archive),
        Leaves::Delete => (OpKind::Delete(cause), abilities.delete),
        Leaves::Ask if abilities.delete.is_some() => (OpKind::Delete(cause), abilities.delete),
        Leaves::Ask => (OpKind::Archive(cause), abilities.archive),
    };
    if guarded.is_none() {
        return work.look.note(system, None, NoteKind::CannotLeave);
    }
    let class = class::of_removal(guarded, seen.version.as_ref());
    log_lost(work, system);
    match kind {
        OpKind::Archive(_) => work.look.counts.archives.push(system),
        OpKind::Create | OpKind::Update | OpKind::Delete(_) | OpKind::Restore => work.look.counts.deletes.push(system),
    }
    push(work, system, kind, Vec::new(), Vec::new(), Reason::Leaves { cause }, class);
}

/// A person said to delete it although it was edited: the edits can be found again.
fn log_lost(work: &mut Work, system: SystemIx) {
    if work.votes(system) {
        return;
    }
    for (field, value) in work.stand(system).edits.clone() {
        sometimes!("edits go with a record that a person lets go");
        let seen = work.observation(system);
        let (until, actor) = (seen.and_then(|seen| seen.time), seen.and_then(|seen| seen.actor.clone()));
        work.look.conflicts.push(Conflict {
            entity: work.entity.id,
            field,
            run: work.scene.run,
            at: work.scene.now,
            losers: vec![Loser { system: Some(system), value, shadow: None, until, actor }],
            winner: work.entity.agreed(field).clone(),
            winner_system: None,
            winner_until: work.entity.fact(field).map(|fact| fact.changed.until),
            winner_actor: None,
            policy: "delete".to_owned(),
            grade: None,
        });
    }
}

fn push(work: &mut Work, system: SystemIx, kind: OpKind, fields: Vec<FieldWrite>, deferred: Vec<FieldIx>, reason: Reason, class: EntryClass) {
    let is_create = kind == OpKind::Create;
    let key = work.observation(system).map(|seen| seen.key.clone()).filter(|_| !is_create);
    let version = work.observation(system).and_then(|seen| seen.version.clone()).filter(|_| !is_create);
    let op = Op { entity: work.entity.id, system, kind, key, version, fields, deferred, reason };
    work.look.ops.push((op, class));
}
