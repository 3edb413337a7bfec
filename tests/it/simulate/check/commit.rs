//! Checks at the store: what is committed fits together, and cursors only go forward.

use syncline::id::RunId;
use syncline::mapping::{FieldIx, Mapping, SystemIx};
use syncline::store::{Feed, ReviewAbout};
use syncline::sync::entity::{Entity, Fact, Link, LinkState, Origin, Shadow};
use syncline::sync::neighbours::View;
use syncline::sync::op::{Entry, OpKind};
use syncline::sync::{Neighbours, Terms};
use syncline::system::{CreateClass, Cursor};
use syncline::value::Value;

use super::super::ledger::Change;
use super::super::vendor::By;
use super::super::world::World;

/// No mapping of a history asks for the date.
pub const TODAY: jiff::civil::Date = jiff::civil::Date::constant(2026, 3, 2);

impl World {
    /// What a look is about to commit.
    pub fn check_look(&mut self, mapping: usize, run: RunId, change: &Change) {
        self.check_change(mapping, change);
        self.check_existence(mapping, change);
        self.check_told(mapping, change);
        self.check_limits(mapping, run, &change.entries);
        for entry in &change.entries {
            self.check_shown(mapping, &entry.op);
        }
        let mapped = self.mappings[mapping].clone();
        for decided in &change.decided {
            let name = format!("{} of {}", self.mappings[mapping].field(decided.field).name, change.entity);
            // Of a set, each element has a winner of its own.
            if mapped.is_set(decided.field) {
                self.check_elements(&mapped, &name, decided);
                continue;
            }
            self.check_latest(&name, decided);
            self.check_finest(&mapped, &name, change, decided);
        }
    }

    fn check_change(&mut self, mapping: usize, change: &Change) {
        for entry in &change.entries {
            self.check_entry(mapping, change, entry);
        }
        let Some(last) = self.ledger.past(mapping, change.entity).and_then(|past| past.last.clone()) else { return };
        for field in self.mappings[mapping].clone().fields_ix() {
            self.check_origin(mapping, change, &last, field);
        }
    }

    /// A value that comes to be agreed was typed where it is said to come from: not by us, not beyond a wall, and no blank met for the first time.
    fn check_origin(&mut self, mapping: usize, change: &Change, last: &Entity, field: FieldIx) {
        let of = self.mappings[mapping].clone();
        let Some(Fact { value, origin: Origin::System(system), .. }) = change.after.fact(field).filter(|fact| Some(*fact) != last.fact(field)) else { return };
        let name = format!("{} of {} from {}", of.field(field).name, change.entity, of.system(*system).name);
        let moved = !of.same(field, value, last.agreed(field));
        let (Some(before), Some(link)) = (last.link(*system).filter(|before| moved && before.state.is_live()), change.after.link(*system)) else { return };
        let met = before.key != link.key || matches!(before.shadows[field.0 as usize], Shadow::Unknown);
        let asked = self.ledger.past(mapping, change.entity).is_some_and(|past| past.asked)
            || change.reviews.iter().any(|review| matches!(review.about, ReviewAbout::Delete { .. }));
        // By the agreed values before the look, and the records that are there in it.
        let judged = Entity { links: change.after.links.clone(), ..last.clone() };
        let view = View { entity: &judged, neighbours: &Neighbours::default(), today: TODAY, forgiven: &[] };
        // While a person is asked the wall is not up.
        if change.joined.is_empty() && before.beyond && link.beyond && before.key == link.key && !asked && !before.kept && !of.inside_wall(*system, &view) {
            self.broken(format!("a value from beyond its wall is agreed: {name} {value}"));
        }
        if met && value.is_blank() && !last.agreed(field).is_blank() {
            self.broken(format!("I5: a blank met for the first time beats a value: {name}"));
        }
        let Some(by) = self.typed_by(&of, field, *system, link, value).filter(|_| !met) else { return };
        if by == By::Engine {
            self.broken(format!("I17: our own write passes for an edit: {name} {value}"));
        }
    }

    /// Who wrote what stands there now, if it is this value.
    fn typed_by(&self, of: &Mapping, field: FieldIx, system: SystemIx, link: &Link, value: &Value) -> Option<By> {
        let named = of.system(system).connection.as_str();
        let vendor = self.vendors.iter().find(|vendor| vendor.shape.name == named)?;
        // An upsert may write over what somebody made right after the look-up: nothing at such a vendor prevents it.
        if matches!(vendor.abilities.create.first(), Some(CreateClass::Upsert { .. })) {
            return None;
        }
        let table = &vendor.tables[vendor.table(&of.system(system).object)];
        let state = table.records[table.at(&link.key)?].now();
        let path = of.paths(field, system).first()?.to_string();
        let shown = state.cells.get(path.as_str())?;
        state.by.get(path.as_str()).copied().filter(|_| of.same(field, shown, value))
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
        if entry.op.kind == OpKind::Create
            && let Some(Link { state: LinkState::GoneByUser { .. }, kept: false, .. }) = change.after.link(entry.op.system)
        {
            self.broken(format!("I13: what a user deleted is made anew: {}", change.entity));
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

    /// From where to where it moved.
    pub fn moved(&mut self, connection: &str, object: &str, feed: Feed, cursor: &Cursor) -> Option<(u64, u64)> {
        if feed == Feed::Sweep {
            return None;
        }
        let to: u64 = cursor.0.parse().expect("a cursor comes back as it was given");
        let from = self.ledger.cursors.insert((connection.to_owned(), object.to_owned(), format!("{feed:?}")), to);
        Some((from.unwrap_or(0), to))
    }
}
