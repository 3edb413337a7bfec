//! Checks at the store: what is committed fits together, and cursors only go forward.

use syncline::store::Feed;
use syncline::sync::op::{Entry, OpKind};
use syncline::system::Cursor;

use super::super::ledger::Change;
use super::super::world::World;

impl World {
    /// What a look or an outcome is about to commit.
    pub fn check_change(&mut self, mapping: usize, change: &Change) {
        for entry in &change.entries {
            self.check_entry(mapping, change, entry);
        }
    }

    fn check_entry(&mut self, mapping: usize, change: &Change, entry: &Entry) {
        if self.ledger.entries.contains_key(&entry.id) {
            self.broken(format!("I16: journal entry {} is made twice", entry.id));
        }
        for write in &entry.op.fields {
            let agreed = change.after.agreed(write.field);
            if !self.mappings[mapping].same(write.field, agreed, &write.stands_for) {
                let name = self.mappings[mapping].field(write.field).name.clone();
                self.broken(format!("I8: {name} is to be written for {}, and {agreed} is agreed", write.stands_for));
            }
        }
        let closes = |id| change.states.iter().any(|(closed, _)| *closed == id);
        if entry.op.kind == OpKind::Create
            && let Some(rival) = self.ledger.rival(mapping, entry)
            && !closes(rival)
            && !self.ledger.pardoned.contains(&self.ledger.canon(change.entity))
        {
            self.broken(format!("I16: a new create of {} while {rival} is open", change.entity));
        }
    }

    pub fn check_cursor(&mut self, connection: &str, object: &str, feed: Feed, cursor: &Cursor) {
        if feed == Feed::Sweep {
            return;
        }
        let to: u64 = cursor.0.parse().expect("a cursor comes back as it was given");
        let at = (connection.to_owned(), object.to_owned(), format!("{feed:?}"));
        let from = self.ledger.cursors.get(&at).copied().unwrap_or(0);
        if to < from {
            self.broken(format!("I10: the cursor of {connection} {object} {feed:?} goes back from {from} to {to}"));
        }
    }

    pub fn moved(&mut self, connection: &str, object: &str, feed: Feed, cursor: &Cursor) {
        if feed != Feed::Sweep {
            let to: u64 = cursor.0.parse().expect("a cursor comes back as it was given");
            self.ledger.cursors.insert((connection.to_owned(), object.to_owned(), format!("{feed:?}")), to);
        }
    }
}
