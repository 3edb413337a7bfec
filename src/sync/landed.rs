//! The result of one write: what came back is seen, and it stands for the value that was sent, even if the hub moved meanwhile.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::conflict::Conflict;
use super::entity::{Cause, Entity, FieldIx, Known, Link, LinkState, Shadow, Standing, SystemIx};
use super::evidence::shifted;
use super::lossy::is_lossy_form;
use super::neighbours::Neighbours;
use super::op::{Entry, EntryState, FieldWrite, OpKind};
use super::review::{Answer, NewReview, ReviewAbout, ReviewInput};
use super::scene::{Note, NoteKind};
use super::terms::{Access, Terms};
use crate::id::{EntryId, RecordKey, ReviewId};
use crate::mapping::{Observation, Seen};
use crate::plant::{planted, sometimes};
use crate::system::Outcome;
use crate::value::{Path, Str, Value};

/// A missing reference is looked for again this much later, should nothing wake it sooner.
const REFERENCE_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// One write with its answer.
pub struct Answered<'a> {
    pub terms: &'a dyn Terms,
    pub entity: &'a Entity,
    pub entry: &'a Entry,
    pub outcome: &'a Outcome,
    /// The record of the answer, or of the look-up that found it again, in agreed terms.
    pub observation: Option<&'a Observation>,
    /// The record was found and does not hold what was sent, or an upsert hit somebody else's: its values are adopted, not taken for ours.
    pub adopt: bool,
    pub neighbours: &'a Neighbours,
    pub reviews: &'a [ReviewInput],
    pub sent_at: Timestamp,
    pub now: Timestamp,
}

impl Answered<'_> {
    /// That a repeat of a create surely was not carried out says nothing of the request before it: it stays in doubt, and is looked for again.
    fn tells_nothing_of_the_first(&self) -> Option<Duration> {
        let repeat = self.entry.op.kind == OpKind::Create && self.entry.state == EntryState::InDoubt && !planted!("repeat-settles-the-first");
        match self.outcome {
            Outcome::NotDone { wait, .. } | Outcome::Locked { wait, .. } if repeat => Some(*wait),
            Outcome::Stale | Outcome::Gone | Outcome::MissingReference { .. } if repeat => Some(Duration::ZERO),
            _ => None,
        }
    }

    /// A create that is repeated with its token may have been done by the first request: since then a user may have typed.
    fn first_sent_at(&self) -> Timestamp {
        self.entry.first_sent_at.map_or(self.sent_at, |first| first.min(self.sent_at))
    }

    /// Whether the record came with the answer to the one request there was: then all that differs from what was sent is the vendor's own doing.
    /// In a record found later, or shown by the answer to a repeat, a user may have typed it.
    fn is_first_answer(&self) -> bool {
        planted!("found-later-is-ours") || matches!(self.outcome, Outcome::Done { record: Some(_), .. }) && self.entry.attempt <= 1
    }
}

/// What is to be stored in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Landed {
    pub entity: Entity,
    pub state: EntryState,
    pub refusal: Option<Refusal>,
    pub reviews: Vec<NewReview>,
    pub closed_reviews: Vec<ReviewId>,
    pub conflicts: Vec<Conflict>,
    pub notes: Vec<Note>,
    /// Look again then, reading all links.
    pub again: Option<Timestamp>,
    /// Records that the vendor named instead.
    pub touch: Vec<RecordKey>,
}

/// What becomes a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub entry: EntryId,
    pub system: SystemIx,
    pub code: String,
    pub message: String,
    /// The fields that the vendor names; all of the op's, if none.
    pub fields: Vec<FieldIx>,
}

/// Applies one outcome to its entity.
pub fn landed(answered: &Answered) -> Landed {
    let mut landed = Landed {
        entity: answered.entity.clone(),
        state: EntryState::Done,
        refusal: None,
        reviews: Vec::new(),
        closed_reviews: Vec::new(),
        conflicts: Vec::new(),
        notes: Vec::new(),
        again: None,
        touch: Vec::new(),
    };
    if let Some(wait) = answered.tells_nothing_of_the_first() {
        sometimes!("a repeat tells nothing of the first request");
        close(&mut landed, EntryState::InDoubt, Some(later(answered.now, wait)));
        return landed;
    }
    match answered.outcome {
        Outcome::Done { key, version, created, .. } => done(answered, &mut landed, key.as_ref(), version.as_ref(), *created),
        Outcome::InDoubt { .. } => in_doubt(answered, &mut landed),
        Outcome::NotDone { wait, .. } => close(&mut landed, EntryState::Ready, Some(later(answered.now, *wait))),
        Outcome::Locked { wait, .. } => close(&mut landed, EntryState::Superseded, Some(later(answered.now, *wait))),
        Outcome::Stale => close(&mut landed, EntryState::Superseded, Some(answered.now)),
        Outcome::Gone => gone(answered, &mut landed),
        Outcome::MissingReference { .. } => close(&mut landed, EntryState::Superseded, Some(shifted(answered.now, REFERENCE_WAIT))),
        Outcome::Duplicate { keys, .. } => duplicate(answered, &mut landed, keys),
        Outcome::Refused { code, message, fields } => refused(answered, &mut landed, code, message, fields),
    }
    landed
}

fn later(now: Timestamp, wait: std::time::Duration) -> Timestamp {
    shifted(now, SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX))
}

fn close(landed: &mut Landed, state: EntryState, again: Option<Timestamp>) {
    landed.state = state;
    landed.again = again;
}

fn done(answered: &Answered, landed: &mut Landed, key: Option<&RecordKey>, version: Option<&Str>, created: Option<bool>) {
    match answered.entry.op.kind {
        OpKind::Create => created_record(answered, landed, key, version, created),
        OpKind::Update => updated(answered, landed, version),
        OpKind::Archive(cause) | OpKind::Delete(cause) => removed(answered, landed, cause),
        OpKind::Restore => restored(answered, landed),
    }
}

/// The next read shows it live, and what it missed meanwhile is owed then.
fn restored(answered: &Answered, landed: &mut Landed) {
    if let Some(link) = landed.entity.link_mut(answered.entry.op.system) {
        link.written_at = Some(answered.sent_at);
    }
    landed.again = Some(answered.now);
}

fn created_record(answered: &Answered, landed: &mut Landed, key: Option<&RecordKey>, version: Option<&Str>, created: Option<bool>) {
    let system = answered.entry.op.system;
    let Some(key) = key.or(answered.observation.map(|seen| &seen.key)) else {
        // Made, and nobody said under which key: found again like any create in doubt.
        return in_doubt(answered, landed);
    };
    let identity = answered.observation.map_or(key, |seen| &seen.identity);
    let shadows = answered.terms.fields().map(|field| match answered.terms.access(field, system) {
        Access::None => Shadow::NoCell,
        Access::Both | Access::ReadOnly | Access::WriteOnly => Shadow::Unknown,
    });
    let mut link = Link::adopted(key.clone(), identity.clone(), shadows.collect());
    if let Some(before) = landed.entity.links[system.0 as usize].take() {
        sometimes!("a record takes the place of another");
        link.predecessors = before.predecessors;
        link.predecessors.push(before.key);
    }
    // An upsert that found a record on its first try found somebody else's.
    let theirs = answered.adopt || (created == Some(false) && answered.entry.attempt <= 1);
    if theirs {
        sometimes!("a create comes upon a record that is not ours");
        landed.again = Some(answered.now);
    } else {
        link.inside = true;
        link.unchanged_at = Some(answered.first_sent_at());
        take_over(answered, landed, &mut link, version);
        if answered.is_first_answer() {
            leave_out(answered, &mut link);
        }
    }
    // Found later, it may have been made at any time until now; a read may lag behind that.
    link.written_at = Some(if answered.is_first_answer() { answered.sent_at } else { answered.now });
    landed.entity.links[system.0 as usize] = Some(link);
    landed.entity.closed = false;
    if !answered.entry.op.deferred.is_empty() {
        landed.again = Some(answered.now);
    }
}

/// Fields that the create left out are seen as they came back, and stand for nothing.
fn leave_out(answered: &Answered, link: &mut Link) {
    let system = answered.entry.op.system;
    for field in answered.terms.fields() {
        let shadow = &mut link.shadows[field.0 as usize];
        if let (Shadow::Unknown, Some(seen)) = (&*shadow, came_back(answered, field, system)) {
            *shadow =
                Shadow::Known(Known { seen, stands_for: Standing::Nothing, confirmed: true, refused: None, unchanged_at: Some(answered.first_sent_at()) });
        }
    }
}

fn updated(answered: &Answered, landed: &mut Landed, version: Option<&Str>) {
    let system = answered.entry.op.system;
    let Some(mut link) = landed.entity.links[system.0 as usize].take() else { return };
    take_over(answered, landed, &mut link, version);
    link.written_at = Some(answered.sent_at);
    landed.entity.links[system.0 as usize] = Some(link);
}

fn take_over(answered: &Answered, landed: &mut Landed, link: &mut Link, version: Option<&Str>) {
    let system = answered.entry.op.system;
    link.version = version.cloned().or_else(|| answered.observation.and_then(|seen| seen.version.clone()));
    if let Some(time) = answered.observation.and_then(|seen| seen.time) {
        link.changed_at = Some(time);
    }
    for write in &answered.entry.op.fields {
        let returned = came_back(answered, write.field, system);
        if returned.as_ref().is_some_and(|shown| !answered.terms.same(write.field, shown, &write.want)) {
            sometimes!("an answer shows a form of what was written");
            landed.notes.push(Note { system, field: Some(write.field), what: NoteKind::Lossy });
        }
        link.shadows[write.field.0 as usize] = Shadow::Known(written(answered, write, returned));
    }
}

fn written(answered: &Answered, write: &FieldWrite, returned: Option<Value>) -> Known {
    let write_only = answered.terms.access(write.field, answered.entry.op.system) == Access::WriteOnly;
    let ours = |shown: &Value| answered.is_first_answer() || answered.terms.same(write.field, shown, &write.want) || is_lossy_form(&write.want, shown);
    let returned = returned.filter(ours);
    Known {
        confirmed: returned.is_some() || write_only,
        seen: returned.unwrap_or_else(|| write.want.clone()),
        stands_for: Standing::For(if planted!("stands-for-agreed-now") { answered.entity.agreed(write.field).clone() } else { write.stands_for.clone() }),
        refused: None,
        unchanged_at: Some(answered.first_sent_at()),
    }
}

fn came_back(answered: &Answered, field: FieldIx, system: SystemIx) -> Option<Value> {
    let seen = &answered.observation?.fields[field.0 as usize];
    match seen {
        Seen::Value(value) => Some(value.clone()),
        Seen::Unresolved(_) | Seen::UnresolvedBy(_) | Seen::UnresolvedSet(_) => answered.neighbours.meant(field, system, seen),
        Seen::NoCell | Seen::Unread | Seen::Unfit(_) => None,
    }
}

fn removed(answered: &Answered, landed: &mut Landed, cause: Cause) {
    let system = answered.entry.op.system;
    if let Some(link) = landed.entity.link_mut(system) {
        link.state = LinkState::GoneByUs { cause, at: answered.sent_at };
        link.written_at = Some(answered.sent_at);
        link.beyond = false;
        link.kept = false;
    }
    landed.entity.closed = !landed.entity.links.iter().flatten().any(|link| link.state.is_live());
    let used =
        |review: &&ReviewInput| matches!(review.about, ReviewAbout::Delete { system: about, .. } if about == system) && review.answer == Some(Answer::Delete);
    landed.closed_reviews.extend(answered.reviews.iter().filter(used).map(|review| review.id));
}

fn in_doubt(answered: &Answered, landed: &mut Landed) {
    if let Some(link) = landed.entity.link_mut(answered.entry.op.system) {
        link.written_at = Some(answered.sent_at);
    }
    let deadline = answered.entry.deadline.unwrap_or(answered.now).max(answered.now);
    close(landed, EntryState::InDoubt, Some(deadline));
}

fn gone(answered: &Answered, landed: &mut Landed) {
    match answered.entry.op.kind {
        OpKind::Archive(cause) | OpKind::Delete(cause) => {
            sometimes!("what is to be deleted is gone already");
            removed(answered, landed, cause);
        }
        // A read by key decides what became of it.
        OpKind::Create | OpKind::Update | OpKind::Restore => {
            sometimes!("what is to be written is gone");
            close(landed, EntryState::Superseded, Some(answered.now));
        }
    }
}

fn duplicate(answered: &Answered, landed: &mut Landed, keys: &[RecordKey]) {
    sometimes!("a vendor names another record instead");
    landed.touch = keys.to_vec();
    let hits = keys.to_vec();
    let about = ReviewAbout::InDoubt { entry: answered.entry.id, hits };
    landed.reviews.push(NewReview { entity: Some(answered.entity.id), about });
    landed.state = EntryState::Review;
}

fn refused(answered: &Answered, landed: &mut Landed, code: &str, message: &str, paths: &[Path]) {
    let op = &answered.entry.op;
    let named = |write: &&FieldWrite| answered.terms.paths(write.field, op.system).iter().any(|path| paths.contains(path));
    let mut writes: Vec<&FieldWrite> = op.fields.iter().filter(named).collect();
    if writes.is_empty() {
        writes = op.fields.iter().collect();
    }
    let fields = writes.iter().map(|write| write.field).collect();
    // A create has no shadow that could remember it: its entry stays open until a value moves or a person retries.
    landed.state = if op.kind == OpKind::Create { EntryState::Review } else { EntryState::Refused };
    if op.kind == OpKind::Create {
        sometimes!("a create is refused for good");
    }
    if let (OpKind::Update, Some(link)) = (&op.kind, landed.entity.link_mut(op.system)) {
        for write in &writes {
            remember_refusal(link, write);
        }
        if writes.len() < op.fields.len() {
            sometimes!("a write is refused for some of its fields");
            landed.again = Some(answered.now);
        }
    }
    landed.refusal = Some(Refusal { entry: answered.entry.id, system: op.system, code: code.to_owned(), message: message.to_owned(), fields });
}

fn remember_refusal(link: &mut Link, write: &FieldWrite) {
    let shadow = &mut link.shadows[write.field.0 as usize];
    let refused = Some(write.stands_for.clone());
    match shadow {
        Shadow::Known(known) => known.refused = refused,
        Shadow::Unknown => {
            let seen = write.pre.clone().unwrap_or_default();
            *shadow = Shadow::Known(Known { seen, stands_for: Standing::Nothing, confirmed: false, refused, unchanged_at: None });
        }
        Shadow::NoCell => {}
    }
}

/// Whether a record found again holds what a create sent: each field exactly, or a form of it.
pub fn holds_what_was_sent(terms: &dyn Terms, entry: &Entry, observation: &Observation) -> bool {
    entry.op.fields.iter().all(|write| match &observation.fields[write.field.0 as usize] {
        Seen::Value(shown) => terms.same(write.field, shown, &write.want) || is_lossy_form(&write.want, shown),
        Seen::NoCell | Seen::Unread | Seen::Unresolved(_) | Seen::UnresolvedBy(_) | Seen::UnresolvedSet(_) | Seen::Unfit(_) => true,
    })
}
