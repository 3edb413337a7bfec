//! The books of a run: every record that was read is in one class at its end, system by system. A record in none was lost on the way, and that is a bug.
//!
//! What is read is counted where it comes in: a page of a feed, a list, an answer by key. What became of it is counted where that is settled.

use super::Ended;
use super::ground::Laid;
use super::observe::Gathered;
use super::prepare::Prepared;
use crate::mapping::SystemIx;
use crate::store::{Ledger, RunEnd, RunState, WaitingWhy};
use crate::sync::entity::{Link, Shadow};
use crate::sync::op::{EntryState, Op, OpKind};
use crate::sync::scene::{Look, NoteKind, Sight, Silence};

/// Counts by system, before the run has a place for them.
#[derive(Clone, Debug, Default)]
pub struct Books(Vec<Ledger>);

impl Books {
    pub fn of(&mut self, system: SystemIx) -> &mut Ledger {
        let at = usize::from(system.0);
        if self.0.len() <= at {
            self.0.resize_with(at + 1, Ledger::default);
        }
        &mut self.0[at]
    }
}

/// Empty books.
pub fn open(laid: &Laid) -> Vec<Ledger> {
    laid.mapping.systems.iter().map(|system| Ledger { system: system.name.to_string(), ..Ledger::default() }).collect()
}

/// Takes over what reading counted; what was read and is not taken up now waits as touched.
pub fn take_over(gathered: &mut Gathered, end: &mut RunEnd) {
    for ((system, _), _) in gathered.fresh.drain() {
        gathered.books.of(system).held += 1;
    }
    for (ledger, counted) in end.ledger.iter_mut().zip(std::mem::take(&mut gathered.books).0) {
        ledger.add(&counted);
    }
}

/// An unlinked record that leads to no entity.
pub fn apart(why: WaitingWhy, ledger: &mut Ledger) {
    match why {
        WaitingWhy::Review => ledger.held += 1,
        WaitingWhy::StartsNever | WaitingWhy::Outside | WaitingWhy::BeyondWall | WaitingWhy::LeftAlone => ledger.filtered += 1,
    }
}

/// Takes over what placing unlinked records counted.
pub fn placed(books: &Books, end: &mut RunEnd) {
    end.ledger.iter_mut().zip(&books.0).for_each(|(ledger, counted)| ledger.add(counted));
}

/// The records of an entity that a plan did not have: they wait for a new one.
pub fn left_out(prepared: &Prepared, end: &mut RunEnd) {
    read_by_key(prepared, end);
    for (at, sight) in prepared.sights.iter().enumerate() {
        end.ledger[at].held += u64::from(matches!(sight, Sight::Live(_)));
    }
}

/// The records of an entity that was looked at. One that is to be written is counted when its write is settled.
pub fn looked(prepared: &Prepared, look: &Look, end: &mut RunEnd) {
    read_by_key(prepared, end);
    for (at, sight) in prepared.sights.iter().enumerate() {
        let Sight::Live(seen) = sight else { continue };
        let system = SystemIx(at as u16);
        let ledger = &mut end.ledger[at];
        if look.ops.iter().any(|(op, _)| op.system == system && op.kind != OpKind::Create) {
            continue;
        }
        if seen.takes_part != Some(true) {
            ledger.filtered += 1;
            continue;
        }
        match noted(look, system) {
            Some(Class::Filtered) => ledger.filtered += 1,
            Some(Class::Held) => ledger.held += 1,
            Some(Class::DeadLettered) => ledger.dead_lettered += 1,
            None if moved(prepared, look, at) => ledger.agreed += 1,
            None => ledger.unchanged += 1,
        }
    }
}

fn read_by_key(prepared: &Prepared, end: &mut RunEnd) {
    prepared.fetched.iter().for_each(|system| end.ledger[usize::from(system.0)].read += 1);
    prepared.displaced.iter().for_each(|system| end.ledger[usize::from(system.0)].filtered += 1);
}

enum Class {
    Filtered,
    Held,
    DeadLettered,
}

/// What the look told of the system, the weightiest first.
fn noted(look: &Look, system: SystemIx) -> Option<Class> {
    let mut class = None;
    for note in look.notes.iter().filter(|note| note.system == system) {
        match note.what {
            NoteKind::Silent(Silence::Asleep | Silence::Wall) => return Some(Class::Filtered),
            NoteKind::Refused => class = Some(Class::DeadLettered),
            NoteKind::Silent(_)
            | NoteKind::Asked
            | NoteKind::Waits
            | NoteKind::Locked
            | NoteKind::Shut(_)
            | NoteKind::CannotWrite
            | NoteKind::CannotLeave
            | NoteKind::NoForm
            | NoteKind::Deferred
            | NoteKind::Unresolved
            | NoteKind::NotComputed(_)
            | NoteKind::Unfit(_) => class = class.or(Some(Class::Held)),
            NoteKind::Lossy
            | NoteKind::PutBack
            | NoteKind::RequiredBlank
            | NoteKind::RequiredUnlinked
            | NoteKind::CreateUnlinked
            | NoteKind::StaysArchived
            | NoteKind::NotBack(_) => {}
        }
    }
    class
}

/// Whether the look took something from the record: it was linked, or shows what was not known.
fn moved(prepared: &Prepared, look: &Look, at: usize) -> bool {
    let Some(after) = look.entity.as_ref().and_then(|after| after.links[at].as_ref()) else { return prepared.before.is_none() };
    let before = prepared.before.as_ref().and_then(|before| before.links[at].as_ref());
    before.is_none_or(|before| !shows_the_same(before, after))
}

fn shows_the_same(before: &Link, after: &Link) -> bool {
    let same = |(before, after): (&Shadow, &Shadow)| match (before, after) {
        (Shadow::Known(before), Shadow::Known(after)) => before.seen == after.seen && before.stands_for == after.stands_for,
        (Shadow::NoCell | Shadow::Unknown | Shadow::Known(_), _) => before == after,
    };
    before.identity == after.identity && before.state == after.state && before.shadows.iter().zip(&after.shadows).all(same)
}

/// The record of a write, by what became of it. A record that was made was never read.
pub fn written(op: &Op, state: EntryState, refused: bool, end: &mut RunEnd) {
    let Some(ledger) = end.ledger.get_mut(usize::from(op.system.0)).filter(|_| op.kind != OpKind::Create) else { return };
    match state {
        _ if refused => ledger.dead_lettered += 1,
        EntryState::Done => ledger.written += 1,
        EntryState::Ready | EntryState::Sent | EntryState::InDoubt | EntryState::Ghost | EntryState::Superseded | EntryState::Refused | EntryState::Review => {
            ledger.held += 1
        }
    }
}

/// Closes the books: what a run that was held or stopped did not come to waits. Of one that came to its end, every record is accounted for.
pub fn close(laid: &Laid, ended: &mut Ended) {
    match ended.end.state {
        RunState::Held | RunState::Stopped => {
            for ledger in &mut ended.end.ledger {
                ledger.held += u64::try_from(ledger.gap()).unwrap_or(0);
            }
        }
        RunState::Done => {
            for ledger in ended.end.ledger.iter().filter(|ledger| ledger.gap() != 0) {
                tracing::error!(mapping = %laid.mapping.name, system = %ledger.system, gap = ledger.gap(), "records that were read are in no class: a bug in Syncline");
            }
            debug_assert!(ended.end.ledger.iter().all(|ledger| ledger.gap() == 0), "{}: {:?}", laid.mapping.name, ended.end.ledger);
        }
        RunState::Running | RunState::Failed => {}
    }
}
