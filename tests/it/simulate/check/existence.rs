//! What is there, and whose doing it is: our own creates and deletes are never somebody else's, and nothing leaves or is displaced without a word.

use syncline::mapping::{Mapping, SystemIx};
use syncline::sync::entity::{Entity, Link, LinkState};
use syncline::sync::op::EntryState;

use super::super::ledger::Change;
use super::super::vendor::{By, Rec};
use super::super::world::World;

/// Whether the last that happened to it was a user's delete.
fn users_delete(rec: &Rec) -> bool {
    rec.states.iter().rev().take_while(|state| state.deleted || state.archived).any(|state| rec.deleted_us.contains(&state.from_us))
}

impl World {
    pub fn check_existence(&mut self, place: usize, change: &Change) {
        let of = self.mappings[place].clone();
        let last = self.ledger.past(place, change.entity).and_then(|past| past.last.clone());
        for system in of.systems_ix() {
            let Some(link) = change.after.link(system) else { continue };
            let before = last.as_ref().and_then(|last| last.link(system));
            self.check_own_create(&of, change, system, link, before);
            if let Some(before) = before {
                self.check_displaced(&of, change, system, link, before);
                self.check_own_delete(&of, system, link, before);
            }
        }
        if let Some(last) = last {
            self.check_let_go(place, change, &last);
        }
    }

    /// A record of ours begins nothing else and joins nothing else while its create is open.
    fn check_own_create(&mut self, of: &Mapping, change: &Change, system: SystemIx, link: &Link, before: Option<&Link>) {
        if before.is_some_and(|before| before.key == link.key) || !change.joined.is_empty() {
            return;
        }
        let Some(rec) = self.rec(of, system, &link.key) else { return };
        let moved = matches!(rec.now().by.get("Key"), Some(By::User { .. }));
        let Some(kept) = rec.made_by.and_then(|entry| self.ledger.entries.get(&entry)) else { return };
        let entity = self.ledger.canon(kept.op().entity);
        let open = matches!(kept.state, EntryState::Sent | EntryState::InDoubt) && !change.states.iter().any(|(id, _)| *id == kept.entry.id);
        if open && entity != change.entity && !moved && !self.is_pardoned(change) && !self.ledger.pardoned.contains(&entity) {
            self.broken(format!("I4: {} is taken for {}, and {entity} may have made it", link.key, change.entity));
        }
    }

    /// A record that is there gives way to no other.
    fn check_displaced(&mut self, of: &Mapping, change: &Change, system: SystemIx, link: &Link, before: &Link) {
        let there = self.rec(of, system, &before.key).is_some_and(|rec| rec.is_live() && !rec.now().archived);
        if before.key != link.key && before.state.is_live() && there && change.joined.is_empty() && !self.is_pardoned(change) {
            self.broken(format!("I4: {} takes the place of {} in {}, which is there", link.key, before.key, change.entity));
        }
    }

    fn check_own_delete(&mut self, of: &Mapping, system: SystemIx, link: &Link, before: &Link) {
        let went = before.state.is_live() && matches!(link.state, LinkState::GoneByUser { .. }) && before.key == link.key;
        let ours = self.rec(of, system, &link.key).is_some_and(|rec| !rec.is_live() && !users_delete(rec));
        if went && ours {
            self.broken(format!("I12: our own delete of {} passes for a user's", link.key));
        }
    }

    /// Edits go with a record only if a person was asked.
    fn check_let_go(&mut self, place: usize, change: &Change, last: &Entity) {
        let gone = change.conflicts.iter().any(|lost| lost.policy == "delete");
        let asked = self.ledger.past(place, last.id).is_some_and(|past| past.asked);
        if gone && !asked && change.joined.is_empty() {
            self.broken(format!("I12: edits of {} go with its record, and nobody was asked", last.id));
        }
    }

    fn is_pardoned(&self, change: &Change) -> bool {
        self.ledger.pardoned.iter().any(|entity| self.ledger.canon(*entity) == change.entity)
    }
}
