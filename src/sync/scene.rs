//! What a look is given, and what it answers.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::conflict::{Conflict, Decided};
use super::entity::{Entity, FieldIx, SystemIx};
use super::neighbours::Neighbours;
use super::op::{Entry, EntryClass, EntryState, Op};
use super::pace::Tried;
use super::review::{NewReview, ReviewInput};
use super::terms::Terms;
use super::undo::{NotBack, Undo};
use crate::id::{EntryId, ReviewId, RunId};
use crate::mapping::Observation;
use crate::system::Abilities;
use crate::value::Str;

/// What one system shows of an entity in one look.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every sight is a live one: a box for each would cost more than it saves")]
pub enum Sight {
    /// Nothing is linked there, or it was not read in this look.
    #[default]
    Unread,
    /// Asked, and not to be trusted.
    Silent(Silence),
    /// `get` said it is not there, and a control read worked.
    Gone,
    Live(Observation),
}

/// Why a system is silent in a look: it has no vote and gets no write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    Unread,
    Down,
    Forbidden,
    /// Read within the vendor's read lag of our last write.
    Lag,
    /// Older than what we know.
    Stale,
    /// Outside `where`.
    Asleep,
    /// Beyond `only`.
    Wall,
    /// Nobody knows whether a write of ours landed; U2 and U3 wait.
    InDoubt,
    Gone,
}

/// One entity with all that is known of it right now. Lists per system are in the mapping's order.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub terms: &'a dyn Terms,
    pub entity: &'a Entity,
    pub sights: &'a [Sight],
    /// When each system was read, by our clock.
    pub read_at: &'a [Timestamp],
    /// All entries of the entity that are open, oldest first.
    pub entries: &'a [Entry],
    pub reviews: &'a [ReviewInput],
    /// What a person wants to be as it was before some runs.
    pub undo: Option<&'a Undo>,
    /// What was tried on the entity lately, newest first.
    pub tried: &'a [Tried],
    /// When the oldest hint came that this look answers.
    pub since: Option<Timestamp>,
    /// `Unique` in a create class counts as unverified: whoever knows `describe` narrows it to paths first.
    pub abilities: &'a [Arc<Abilities>],
    /// Systems in which an unlinked record that starts nothing (asleep, in review) has this entity's match keys: no create beside it.
    pub waiting: &'a [SystemIx],
    /// Systems that take no writes now, and until when.
    pub paused: &'a [Option<Timestamp>],
    pub neighbours: &'a Neighbours,
    pub now: Timestamp,
    pub today: Date,
    /// Each vendor's clock less ours.
    pub offsets: &'a [SignedDuration],
    /// The store's own id, before the entity's in every marker.
    pub instance: &'a str,
    pub run: RunId,
}

/// All that one look decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The entity afterwards; `None`: nothing changed, nothing is to be stored.
    pub entity: Option<Entity>,
    pub ops: Vec<(Op, EntryClass)>,
    pub decided: Vec<Decided>,
    pub conflicts: Vec<Conflict>,
    pub reviews: Vec<NewReview>,
    pub closed_reviews: Vec<ReviewId>,
    pub entry_states: Vec<(EntryId, EntryState)>,
    /// Something waits: read all its links and look again then.
    pub waits: Option<Timestamp>,
    pub counts: LookCounts,
    pub notes: Vec<Note>,
}

/// What a look adds to its run's limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookCounts {
    /// Systems that take part and show nothing new and are owed nothing.
    pub unchanged: u32,
    pub creates: Vec<SystemIx>,
    pub updates: Vec<SystemIx>,
    pub archives: Vec<SystemIx>,
    pub deletes: Vec<SystemIx>,
    /// Fields for which a value is to be replaced by a blank, and where.
    pub blanks: Vec<(SystemIx, FieldIx)>,
}

/// Something worth telling that is no decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub system: SystemIx,
    pub field: Option<FieldIx>,
    pub what: NoteKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// The system shows a cut, rounded or folded form that nobody declared.
    Lossy,
    /// Not of the field's type, or no row.
    Unfit(Str),
    /// A reference to a record that is not linked yet.
    Unresolved,
    /// The system cannot hold the agreed value.
    NoForm,
    /// The record referred to is not there yet.
    Deferred,
    /// An edit that may not decide.
    PutBack,
    /// The owner was never read: the field waits.
    Waits,
    /// The field waits for a person.
    Asked,
    /// Its formula fails on this entity: it stays as it was.
    NotComputed(Str),
    /// Refused before, and still the same.
    Refused,
    /// `locked`, or the connector's gate: what is owed waits.
    Locked,
    /// The connector's gate never opens for this.
    Shut(Str),
    /// No create while this required field is blank.
    RequiredBlank,
    /// No create before the record that this required field refers to is linked.
    RequiredUnlinked,
    /// `create` asks for a reference to a record that is not linked yet.
    CreateUnlinked,
    /// Owed a delete or archive that the object does not offer.
    CannotLeave,
    /// The record cannot be written or made there at all.
    CannotWrite,
    /// Archived by us and needed again, and nothing makes it live: a new one is made beside it.
    StaysArchived,
    /// Asked to be taken back, and it stays.
    NotBack(NotBack),
    Silent(Silence),
}

impl Look {
    pub(super) fn wait(&mut self, until: Timestamp) {
        self.waits = Some(self.waits.map_or(until, |known| known.min(until)));
    }

    pub(super) fn note(&mut self, system: SystemIx, field: Option<FieldIx>, what: NoteKind) {
        self.notes.push(Note { system, field, what });
    }
}
