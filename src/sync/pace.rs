//! The pace of writes: a value that flaps is frozen, one record is not written without end, and what never gets through goes to a person.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::decide::Decision;
use super::entity::{FieldIx, SystemIx};
use super::evidence::shifted;
use super::look::Work;
use super::op::{EntryState, FieldWrite};
use super::reason::Reason;
use super::review::{Answer, NewReview, ReviewAbout, ReviewInput};
use super::scene::NoteKind;
use crate::id::RunId;
use crate::plant::sometimes;
use crate::value::{Str, Value};

/// How far back what was tried matters.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(48);
/// Entries of one entity that are looked back at: more than all its systems may be written in an hour.
pub const TRIED_MAX: usize = 256;
/// Flapping and the cap are counted over this time.
const WINDOW: SignedDuration = SignedDuration::from_mins(60);
/// A field that changes more often within the window flaps, if it only ever shows a few values.
const CHANGES_MAX: usize = 6;
const FLAPPING_VALUES_MAX: usize = 3;
/// Writes to one record within the window.
const WRITES_MAX: usize = 20;
/// So many attempts, or one so old, and a person is asked.
const ATTEMPTS_MAX: usize = 8;
const AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The first wait; doubled after each further attempt.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// Attempts that somebody was faster than, until we wait, too.
const STALE_AT_ONCE: usize = 5;

/// What nobody will tell us of is looked for again first after this, then ever more seldom.
const AGAIN_FIRST: SignedDuration = SignedDuration::from_mins(5);
const AGAIN_LAST: SignedDuration = SignedDuration::from_hours(24);
/// The journal's word for a write that was not answered while its system answered nobody: no attempt of the record.
pub const UNANSWERED: &str = "unanswered";

/// A write of the journal, as a look is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    pub system: SystemIx,
    pub run: RunId,
    pub at: Timestamp,
    pub state: EntryState,
    /// The journal's word for the vendor's answer.
    pub answer: String,
    pub fields: Vec<FieldWrite>,
}

/// Why writes to a record do not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StuckWhy {
    Failing {
        answer: String,
        attempts: u32,
        since: Timestamp,
    },
    /// A person can unlock it; then it is written without an answer.
    Locked {
        since: Timestamp,
    },
}

impl Tried {
    fn landed(&self) -> bool {
        self.state == EntryState::Done
    }

    /// Not carried out, and to be tried again: neither refused for good, nor dropped before it was sent, nor for its system's sake.
    fn failed(&self) -> bool {
        let answered = matches!(self.answer.as_str(), "gone" | "in_doubt" | "missing_reference" | "stale");
        let open_end = matches!(self.state, EntryState::Superseded | EntryState::Ghost | EntryState::InDoubt);
        // A value refused is remembered beside its field; a removal has none.
        (answered && open_end) || (self.state == EntryState::Refused && self.fields.is_empty())
    }

    /// The system took no writes.
    fn for_its_system(&self) -> bool {
        matches!(self.answer.as_str(), "not_done" | UNANSWERED)
    }

    fn locked(&self) -> bool {
        self.answer == "locked"
    }
}

/// When to look again for what no feed tells: a field that may be read again, a record referred to that is linked at last.
pub(super) fn later(work: &Work) -> Timestamp {
    let now = work.scene.now;
    let waited = work.scene.since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
    shifted(now, waited.clamp(AGAIN_FIRST, AGAIN_LAST))
}

/// Freezes fields that flap, and those about which a person is asked because they did: nobody is written them, no edit is used up.
pub(super) fn freeze(work: &mut Work) {
    for field in work.scene.terms.fields() {
        match asked(work, |about| matches!(about, ReviewAbout::PingPong { field: Some(about), .. } if *about == field)) {
            Some(ReviewInput { id, answer: Some(Answer::Again), .. }) => work.look.closed_reviews.push(*id),
            Some(_) => hold_field(work, field, None),
            None => {
                if let Some(system) = flaps(work, field) {
                    hold_field(work, field, Some(system));
                }
            }
        }
    }
}

fn asked<'a>(work: &Work<'a>, is: impl Fn(&ReviewAbout) -> bool) -> Option<&'a ReviewInput> {
    let scene = work.scene;
    scene.reviews.iter().find(|review| is(&review.about))
}

fn hold_field(work: &mut Work, field: FieldIx, ask: Option<SystemIx>) {
    work.frozen[field.0 as usize] = true;
    work.reasons[field.0 as usize] = Some(Reason::Asked);
    if let Some(system) = ask {
        sometimes!("a field flaps");
        work.look.note(system, Some(field), NoteKind::Asked);
        let typed = |at: &SystemIx| matches!(work.decide(field, *at), Decision::EditOnTop | Decision::EditBeside) && work.votes(*at);
        let at = work.scene.terms.systems().find(typed).unwrap_or(system);
        open(work, ReviewAbout::PingPong { system: at, field: Some(field), other: actor(work, at) });
    }
}

fn actor(work: &Work, system: SystemIx) -> Option<Str> {
    work.observation(system).and_then(|seen| seen.actor.clone())
}

fn open(work: &mut Work, about: ReviewAbout) {
    let entity = Some(work.entity.id);
    work.look.reviews.push(NewReview { entity, about });
}

/// Where the field was last written, if it is to move once more and only ever goes round among a few values.
fn flaps(work: &Work, field: FieldIx) -> Option<SystemIx> {
    let after = shifted(work.scene.now, -WINDOW);
    let writes = || {
        let recent = work.scene.tried.iter().filter(move |tried| tried.landed() && tried.at > after);
        recent.flat_map(move |tried| tried.fields.iter().filter(move |write| write.field == field).map(move |write| (tried, write)))
    };
    let changes: BTreeSet<RunId> = writes().map(|(tried, _)| tried.run).collect();
    if changes.len() < CHANGES_MAX || !moves(work, field) {
        return None;
    }
    let mut values: Vec<&Value> = Vec::new();
    for value in writes().flat_map(|(_, write)| [Some(&write.want), write.pre.as_ref()]).flatten() {
        if !values.iter().any(|known| work.same(field, known, value)) {
            values.push(value);
        }
    }
    let last = writes().next().map(|(tried, _)| tried.system);
    last.filter(|_| values.len() <= FLAPPING_VALUES_MAX)
}

fn moves(work: &Work, field: FieldIx) -> bool {
    let turned = |system| matches!(work.decide(field, system), Decision::EditOnTop | Decision::EditBeside | Decision::Owed);
    work.scene.terms.systems().any(|system| work.votes(system) && turned(system))
}

/// Takes back the ops that may not be sent now, and asks a person where nothing else helps.
pub(super) fn hold(work: &mut Work) {
    for system in work.scene.terms.systems() {
        if let Some(until) = work.scene.paused[system.0 as usize].filter(|_| work.look.ops.iter().any(|(op, _)| op.system == system)) {
            sometimes!("what is owed waits for an object that takes no writes");
            drop_ops(work, system);
            work.look.wait(until);
            continue;
        }
        let planned = work.look.ops.iter().any(|(op, _)| op.system == system);
        let locked = work.look.notes.iter().any(|note| note.system == system && note.what == NoteKind::Locked);
        match asked(work, |about| is_about(about, system)) {
            Some(ReviewInput { id, answer: Some(Answer::Again), .. }) => work.look.closed_reviews.push(*id),
            Some(review) if is_over(review, planned, locked) && work.votes(system) => work.look.closed_reviews.push(review.id),
            Some(_) => drop_ops(work, system),
            None if planned => judge(work, system),
            None if locked => wait_for_key(work, system),
            None => {}
        }
    }
}

fn is_about(about: &ReviewAbout, system: SystemIx) -> bool {
    match about {
        ReviewAbout::PingPong { system: about, field: None, .. } | ReviewAbout::Stuck { system: about, .. } => *about == system,
        _ => false,
    }
}

/// What was stuck is not owed any more, or its lock is open.
fn is_over(review: &ReviewInput, planned: bool, locked: bool) -> bool {
    match &review.about {
        ReviewAbout::Stuck { why: StuckWhy::Locked { .. }, .. } => !locked,
        ReviewAbout::Stuck { why: StuckWhy::Failing { .. }, .. } => !planned && !locked,
        _ => false,
    }
}

fn drop_ops(work: &mut Work, system: SystemIx) {
    work.look.ops.retain(|(op, _)| op.system != system);
    let counts = &mut work.look.counts;
    for list in [&mut counts.creates, &mut counts.updates, &mut counts.archives, &mut counts.deletes] {
        list.retain(|at| *at != system);
    }
    counts.blanks.retain(|(at, _)| *at != system);
}

/// Locked: what is owed waits a day for somebody to open it, then it is told.
fn wait_for_key(work: &mut Work, system: SystemIx) {
    let now = work.scene.now;
    let since = work.scene.since.unwrap_or(now);
    if now >= shifted(since, AGE_MAX) {
        open(work, ReviewAbout::Stuck { system, why: StuckWhy::Locked { since } });
    } else {
        work.look.wait(shifted(since, AGE_MAX));
    }
}

fn judge(work: &mut Work, system: SystemIx) {
    let now = work.scene.now;
    let tried = || work.scene.tried.iter().filter(move |tried| tried.system == system);
    let after = shifted(now, -WINDOW);
    if tried().filter(|tried| tried.landed() && tried.at > after).count() >= WRITES_MAX {
        drop_ops(work, system);
        let other = actor(work, system);
        return open(work, ReviewAbout::PingPong { system, field: None, other });
    }
    // What failed before or while the system took nothing says nothing of the record: it is counted anew from there.
    let streak: Vec<&Tried> = tried().take_while(|tried| !tried.landed() && !tried.for_its_system()).filter(|tried| tried.failed() || tried.locked()).collect();
    let (Some(last), Some(first)) = (streak.first(), streak.last()) else { return };
    let failures = streak.iter().filter(|tried| tried.failed()).count();
    if failures >= ATTEMPTS_MAX || now >= shifted(first.at, AGE_MAX) {
        let attempts = u32::try_from(streak.len()).unwrap_or(u32::MAX);
        let why = StuckWhy::Failing { answer: last.answer.clone(), attempts, since: first.at };
        sometimes!("a write does not get through");
        drop_ops(work, system);
        return open(work, ReviewAbout::Stuck { system, why });
    }
    let waits = match last.answer.as_str() {
        "stale" => failures.saturating_sub(STALE_AT_ONCE - 1),
        _ => 0,
    };
    if let Some(doubled) = waits.checked_sub(1) {
        let until = shifted(last.at, FIRST_WAIT * (1 << doubled.min(ATTEMPTS_MAX)));
        if now < until {
            sometimes!("a write that others were faster than waits");
            drop_ops(work, system);
            work.look.wait(until);
        }
    }
}
