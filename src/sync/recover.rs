//! Creates in doubt: what to look up, and what to do with what was found. Always with the same entry, never with a new one.
//!
//! Updates and deletes in doubt need no more than a read: the next [`super::look()`] settles them.

use jiff::{SignedDuration, Timestamp};

use super::class::NewRecord;
use super::evidence::shifted;
use super::op::{Entry, EntryClass, OpKind};
use super::settle::lands_until;
use super::terms::Terms;
use crate::id::{EntityId, RecordKey};
use crate::plant::{planted, sometimes};
use crate::system::Abilities;
use crate::value::{Path, Value};

/// Writes of one create before a person is asked.
const CREATES_MAX: u32 = 2;

/// An entry whose outcome is not known.
pub struct Doubt<'a> {
    pub terms: &'a dyn Terms,
    pub entry: &'a Entry,
    pub abilities: &'a Abilities,
    pub instance: &'a str,
    pub now: Timestamp,
}

/// What is to be asked of the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seek {
    /// The record itself; the look does the rest.
    Get(RecordKey),
    /// By external id, marker or natural key; [`recover`] judges the hits.
    Find {
        path: Path,
        value: Value,
    },
    /// The vendor remembers the entry's token: the same bytes again.
    Resend,
    Review,
}

/// A record that the look-up found, archived ones and those outside `where` too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub key: RecordKey,
    pub linked: Option<EntityId>,
    /// It stood in this entity before.
    pub predecessor: bool,
    /// See [`super::landed::holds_what_was_sent`].
    pub holds: bool,
    /// `false` where the vendor tells that it is older than the entry's first sending.
    pub since: bool,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The hit at this place is the record; `adopt` as in [`super::landed::Answered`].
    Link {
        at: usize,
        adopt: bool,
    },
    /// The hit is linked to another entity: a late match.
    Late(EntityId),
    /// Send the same entry (again).
    Send,
    Review(Vec<RecordKey>),
    /// Nothing found yet: look again then.
    Wait(Timestamp),
}

/// What to look up for an entry that is Sent or in doubt.
pub fn seek(doubt: &Doubt) -> Seek {
    let op = &doubt.entry.op;
    if let (OpKind::Update | OpKind::Archive(_) | OpKind::Delete(_) | OpKind::Restore, Some(key)) = (&op.kind, &op.key) {
        return Seek::Get(key.clone());
    }
    match doubt.class() {
        EntryClass::Token { .. } => Seek::Resend,
        EntryClass::Upsert { path, value } | EntryClass::Marker { path, value } | EntryClass::Find { path, value } => Seek::Find { path, value },
        EntryClass::None | EntryClass::Guarded | EntryClass::LookedAt => Seek::Review,
    }
}

/// Judges what a look-up found. Class B asks before every upsert, the first too: with an entry never sent, nothing found means: send.
pub fn recover(doubt: &Doubt, found: &[Found]) -> Recovery {
    match doubt.class() {
        EntryClass::Token { .. } => {
            sometimes!("a create is repeated with its token");
            Recovery::Send
        }
        EntryClass::Upsert { .. } => doubt.only_hit(found, found.iter().enumerate().collect(), || Recovery::Send),
        EntryClass::Marker { .. } => doubt.only_hit(found, found.iter().enumerate().collect(), || doubt.nothing_found()),
        EntryClass::Find { .. } => {
            // A record that was there before cannot be ours; one that belongs to another entity is.
            let new = |(_, one): &(usize, &Found)| one.since || one.predecessor;
            doubt.only_hit(found, found.iter().enumerate().filter(new).collect(), || doubt.nothing_found())
        }
        EntryClass::None | EntryClass::Guarded | EntryClass::LookedAt => Recovery::Review(Vec::new()),
    }
}

impl Doubt<'_> {
    /// The entry's class; once the vendor may have forgotten a token, the next one that the object offers.
    fn class(&self) -> EntryClass {
        match &self.entry.class {
            EntryClass::Token { until_secs } if self.now.as_second() >= *until_secs => NewRecord {
                terms: self.terms,
                abilities: self.abilities,
                system: self.entry.op.system,
                entity: self.entry.op.entity,
                instance: self.instance,
                fields: &self.entry.op.fields,
                now: self.now,
            }
            .class_without_token(),
            class => class.clone(),
        }
    }

    fn only_hit(&self, found: &[Found], hits: Vec<(usize, &Found)>, none: impl FnOnce() -> Recovery) -> Recovery {
        match hits[..] {
            [] => none(),
            [(at, hit)] => match hit.linked {
                Some(entity) if entity != self.entry.op.entity => Recovery::Late(entity),
                // A known predecessor is that record restored, never our create.
                Some(_) | None => {
                    sometimes!("a create in doubt is found");
                    // A marker says whose it is: what differs from what was sent is an edit of that field, and of no other.
                    let sure = matches!(self.entry.class, EntryClass::Marker { .. });
                    Recovery::Link { at, adopt: hit.predecessor || !(hit.holds || sure) || self.entry.first_sent_at.is_none() }
                }
            },
            _ => {
                sometimes!("a create in doubt is found several times");
                Recovery::Review(found.iter().map(|one| one.key.clone()).collect())
            }
        }
    }

    /// Until the quarantine is over, not found means nothing: the request may be under way and the search behind.
    fn nothing_found(&self) -> Recovery {
        let find_lag = SignedDuration::try_from(self.abilities.find_lag).unwrap_or(SignedDuration::MAX);
        let until = shifted(lands_until(self.entry, self.now), find_lag);
        if self.now < until && !planted!("short-quarantine") {
            sometimes!("a create that is not found may still land");
            Recovery::Wait(until)
        } else if self.entry.attempt >= CREATES_MAX {
            sometimes!("a create was sent twice and is not found");
            Recovery::Review(Vec::new())
        } else {
            sometimes!("a create in doubt is sent once more");
            Recovery::Send
        }
    }
}
