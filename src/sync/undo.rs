//! Taking back what runs wrote: their journal and the present, to what one look is to bring back.
//!
//! Only what still stands is taken back: written by nobody since, edited by nobody since, still the agreed value. What a field showed before becomes a
//! person's word: it decides under every policy, so that nothing flips back, and it is owed, written and journalled like any agreed value.

mod apply;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::entity::{Cause, FieldIx, SystemIx};
use super::op::{Entry, EntryState, FieldWrite, OpKind};
use super::terms::Terms;
use crate::id::RunId;
use crate::value::Value;

pub(super) use apply::{fields, records};

/// What of one entity is to be as it was before some runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Undo {
    /// When a person said so; `None` in [`Undo::default`], which takes nothing back.
    pub at: Option<Timestamp>,
    pub fields: Vec<FieldBack>,
    pub records: Vec<RecordBack>,
    /// What the journal alone says cannot be taken back.
    pub left: Vec<(SystemIx, Option<FieldIx>, NotBack)>,
}

/// A field that the runs wrote last.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldBack {
    pub field: FieldIx,
    /// The agreed value that was written.
    pub stands_for: Value,
    /// Where it was written, and what was shown there before.
    pub before: Vec<(SystemIx, Value)>,
    /// In one of them at least, that was something else.
    pub moved: bool,
}

/// A record that the runs made or took away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordBack {
    /// Made by them: it goes again.
    Made(SystemIx),
    /// Taken away as an undo of its create: it may be made or brought back again.
    Gone(SystemIx),
}

/// Why something stays as a run left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotBack {
    WrittenSince,
    EditedSince,
    AgreedSince,
    NotSettled,
    NotRead,
    /// Written a moment ago, and a read shows something else: what was before, or an edit.
    TooSoon,
    /// Agreed again, and written there once reads may be believed: a later run does it.
    Soon,
    /// Nobody read what was there before.
    NeverRead,
    /// Systems that were written had shown different values.
    Differed,
    Required,
    Asked,
    /// `leaves: stop`.
    Stays,
    /// The connector can neither archive nor delete it.
    CannotGo,
    /// It left for a cause that a run does not decide.
    LeftForCause,
}

impl Undo {
    /// What a look is to bring back, by all that was ever journalled of the entity, oldest first.
    pub fn of(history: &[Entry], runs: &BTreeSet<RunId>, terms: &dyn Terms, at: Timestamp) -> Self {
        let mut undo = Self { at: Some(at), ..Self::default() };
        for system in terms.systems() {
            let own: Vec<&Entry> = history.iter().filter(|entry| entry.op.system == system).collect();
            if own.iter().any(|entry| runs.contains(&entry.run)) {
                undo.add(system, &own, runs, terms);
            }
        }
        undo.fields.retain(|back| back.moved);
        undo
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.records.is_empty() && self.left.is_empty()
    }

    fn add(&mut self, system: SystemIx, own: &[&Entry], runs: &BTreeSet<RunId>, terms: &dyn Terms) {
        if own.iter().any(|entry| runs.contains(&entry.run) && entry.state.is_open()) {
            return self.left.push((system, None, NotBack::NotSettled));
        }
        let done: Vec<&Entry> = own.iter().copied().filter(|entry| entry.state == EntryState::Done).collect();
        match existence(&done, runs) {
            Existence::Same => {}
            Existence::Made => return self.records.push(RecordBack::Made(system)),
            Existence::Gone => return self.records.push(RecordBack::Gone(system)),
            Existence::Not(why) => return self.left.push((system, None, why)),
        }
        // What was written to a record that stood here before is no matter any more.
        let from = done.iter().rposition(|entry| entry.op.kind == OpKind::Create).unwrap_or(0);
        for field in terms.fields() {
            match before(&done[from..], runs, field, terms) {
                Before::Untouched => {}
                Before::Not(why) => self.left.push((system, Some(field), why)),
                Before::Was { newest, value } => self.was(system, newest, value, terms),
            }
        }
    }

    fn was(&mut self, system: SystemIx, newest: &FieldWrite, value: &Value, terms: &dyn Terms) {
        let field = newest.field;
        let moved = !terms.same(field, value, &newest.want);
        match self.fields.iter_mut().find(|back| back.field == field) {
            Some(back) if terms.same(field, &back.stands_for, &newest.stands_for) => {
                back.before.push((system, value.clone()));
                back.moved |= moved;
            }
            Some(_) => self.left.push((system, Some(field), NotBack::AgreedSince)),
            None => self.fields.push(FieldBack { field, stands_for: newest.stands_for.clone(), before: vec![(system, value.clone())], moved }),
        }
    }
}

/// What the runs did about a record's being there.
enum Existence {
    Same,
    Made,
    Gone,
    Not(NotBack),
}

fn existence(done: &[&Entry], runs: &BTreeSet<RunId>) -> Existence {
    let changes: Vec<&Entry> = done.iter().copied().filter(|entry| entry.op.kind != OpKind::Update).collect();
    if !changes.iter().any(|entry| runs.contains(&entry.run)) {
        return Existence::Same;
    }
    let last: Vec<&Entry> = changes.iter().rev().copied().take_while(|entry| runs.contains(&entry.run)).collect();
    let (Some(newest), Some(oldest)) = (last.first(), last.last()) else { return Existence::Not(NotBack::WrittenSince) };
    let comes = |entry: &Entry| matches!(entry.op.kind, OpKind::Create | OpKind::Restore);
    match (comes(oldest), comes(newest)) {
        (true, true) => Existence::Made,
        (false, false) => match newest.op.kind {
            OpKind::Archive(Cause::Undone) | OpKind::Delete(Cause::Undone) => Existence::Gone,
            _ => Existence::Not(NotBack::LeftForCause),
        },
        (true, false) | (false, true) => Existence::Same,
    }
}

/// What a system showed of a field before the runs wrote it.
enum Before<'a> {
    Untouched,
    Not(NotBack),
    Was { newest: &'a FieldWrite, value: &'a Value },
}

fn before<'a>(done: &[&'a Entry], runs: &BTreeSet<RunId>, field: FieldIx, terms: &dyn Terms) -> Before<'a> {
    let write = |entry: &'a Entry| entry.op.fields.iter().find(|write| write.field == field).map(|write| (runs.contains(&entry.run), write));
    let writes: Vec<(bool, &FieldWrite)> = done.iter().filter_map(|entry| write(entry)).collect();
    let Some(newest_own) = writes.iter().rposition(|(own, _)| *own) else { return Before::Untouched };
    let oldest = writes[..=newest_own].iter().rposition(|(own, _)| !*own).map_or(0, |at| at + 1);
    let was = writes[oldest].1.pre.as_ref();
    let Some((_, newest)) = writes.last() else { return Before::Untouched };
    let later = newest_own + 1 < writes.len();
    match was {
        // Somebody brought it back already.
        Some(was) if later && terms.same(field, was, &newest.want) => Before::Untouched,
        _ if later => Before::Not(NotBack::WrittenSince),
        Some(value) => Before::Was { newest, value },
        None => Before::Not(NotBack::NeverRead),
    }
}
