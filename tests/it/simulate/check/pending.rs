//! Where a vendor checks nothing: no write leaves while an earlier one may still land over it, and none over what the look right before it did not show
//! as planned.

use syncline::mapping::Seen;
use syncline::sync::entity::{Known, Shadow, Standing};
use syncline::sync::op::{Entry, EntryClass, EntryState, OpKind};
use syncline::system::WriteItem;

use super::super::ledger::{Change, Kept};
use super::super::time::{MINUTE, us};
use super::super::world::World;
use super::rest::path_of;

/// How long a vendor may go on with a request after our deadline.
const GRACE: i64 = MINUTE;

impl World {
    pub fn check_pending(&mut self, vendor: usize, item: &WriteItem) {
        let Some(kept) = self.ledger.entries.get(&item.entry).cloned() else { return };
        if kept.entry.class != EntryClass::LookedAt {
            return;
        }
        self.check_looked(&kept);
        if kept.op().kind != OpKind::Update {
            return;
        }
        let now_us = self.clock.us();
        let own = |other: &&Kept| {
            let same = other.mapping == kept.mapping && other.op().system == kept.op().system && other.op().key == kept.op().key;
            same && other.entry.id != item.entry && other.op().kind == OpKind::Update && other.entry.class == EntryClass::LookedAt
        };
        let may_land = |entry: &Entry| entry.deadline.is_some_and(|deadline| us(deadline) + GRACE > now_us);
        let open = |other: &&Kept| matches!(other.state, EntryState::Sent | EntryState::InDoubt | EntryState::Ghost) && may_land(&other.entry);
        let others: Vec<Entry> = self.ledger.entries.values().filter(own).filter(open).map(|other| other.entry.clone()).collect();
        let Some(older) = others.iter().find(|entry| !self.shows_otherwise(vendor, kept.mapping, entry)) else { return };
        self.broken(format!("I17: {:?} is written again while {} may still land", item.key, older.id));
    }

    /// What is replaced was told right before; what is removed shows nothing that it did not show when that was planned.
    fn check_looked(&mut self, kept: &Kept) {
        let of = self.mappings[kept.mapping].clone();
        let Some(rec) = kept.op().key.as_ref().and_then(|key| self.rec(&of, kept.op().system, key)) else { return };
        let untold = kept.op().fields.iter().find_map(|write| {
            let path = path_of(&of, write.field, kept.op().system)?;
            let told = rec.told.get(path.as_str())?.iter().map(|one| one.last_us).max()?;
            (told < rec.told_us && write.pre.is_some()).then_some(path)
        });
        let removes = matches!(kept.op().kind, OpKind::Delete(_) | OpKind::Archive(_));
        let read = |path: &str| of.fields_ix().any(|field| path_of(&of, field, kept.op().system).as_deref() == Some(path));
        let news = rec.told.iter().find(|(path, told)| read(path) && told.len() > 1 && told.iter().any(|one| one.first_us > kept.at_us));
        let broken = match (untold, news) {
            (Some(path), _) => Some(format!("I15: {path} of {} is written over, and was not told right before", rec.key)),
            (None, Some((path, _))) if removes => Some(format!("I5: {} is removed, and its {path} moved since that was planned", rec.key)),
            (None, _) => None,
        };
        broken.into_iter().for_each(|broken| self.broken(broken));
    }

    /// An outcome stands for the value that was sent, whatever is agreed by now.
    pub fn check_standing(&mut self, place: usize, change: &Change) {
        let of = self.mappings[place].clone();
        for (id, _) in change.states.iter().filter(|(_, state)| *state == EntryState::Done) {
            let Some(op) = self.ledger.entries.get(id).map(|kept| kept.op().clone()) else { continue };
            let Some(link) = change.after.link(op.system) else { continue };
            for write in &op.fields {
                if let Shadow::Known(Known { stands_for: Standing::For(value), .. }) = &link.shadows[write.field.0 as usize]
                    && !of.same(write.field, value, &write.stands_for)
                {
                    self.broken(format!("I8: what was sent for {} is taken to stand for {value}", write.stands_for));
                }
            }
        }
    }

    /// Something else than what was there before it, or than what it writes: it landed, or somebody wrote since.
    fn shows_otherwise(&self, vendor: usize, mapping: usize, entry: &Entry) -> bool {
        let of = &self.mappings[mapping];
        let Some(rec) = entry.op.key.as_ref().and_then(|key| self.rec(of, entry.op.system, key)) else { return true };
        let observation = self.observed(vendor, of, entry.op.system, rec, rec.now());
        entry.op.fields.iter().any(|write| match (&observation.fields[write.field.0 as usize], &write.pre) {
            (Seen::Value(shown), Some(pre)) => !of.same(write.field, shown, pre),
            _ => true,
        })
    }
}
