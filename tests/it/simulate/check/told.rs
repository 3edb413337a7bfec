//! I15: what was not told moves nothing. A shadow changes only to what the vendor told in this run, or to what we wrote; a record is gone only if it went.

use std::collections::BTreeSet;

use syncline::mapping::{FieldIx, Mapping, SystemIx};
use syncline::sync::entity::{Known, Link, Shadow};
use syncline::value::Value;

use super::super::ledger::Change;
use super::super::vendor::Rec;
use super::super::world::World;
use super::rest::path_of;

/// Different values of a cell that are remembered as told.
const TOLD_MAX: usize = 8;

/// A value of a cell, and when the engine was told it.
#[derive(Clone, Debug)]
pub struct Told {
    pub value: Value,
    pub first_us: i64,
    pub last_us: i64,
}

impl Rec {
    /// The vendor tells of the record as it was at `as_of_us`.
    pub fn tell(&mut self, as_of_us: i64, hidden: Option<&str>, now_us: i64) {
        let Some(state) = self.states.iter().rev().find(|state| state.from_us <= as_of_us) else { return };
        let known: Vec<&'static str> = self.told.keys().copied().collect();
        let paths: BTreeSet<&'static str> = state.by.keys().copied().chain(known).filter(|path| Some(*path) != hidden).collect();
        for path in paths {
            let value = state.cells.get(path).cloned().unwrap_or_default();
            let told = self.told.entry(path).or_default();
            let first = told.iter().find(|one| one.value == value).map_or(now_us, |one| one.first_us);
            told.retain(|one| one.value != value);
            told.push(Told { value, first_us: first, last_us: now_us });
            if told.len() > TOLD_MAX {
                told.remove(0);
            }
        }
        // Cells that nobody ever set are told as blank.
        self.told_us = now_us;
    }
}

impl World {
    pub fn check_told(&mut self, place: usize, change: &Change) {
        let of = self.mappings[place].clone();
        for system in of.systems_ix() {
            let Some(link) = change.after.link(system) else { continue };
            let before = self.link_before(place, change, system, link).cloned();
            for field in of.fields_ix().filter(|field| of.field(*field).refers_to().is_none()) {
                self.check_seen(place, &of, change, (system, link), before.as_ref(), field);
            }
            if before.is_some_and(|before| before.state.is_live()) && !link.state.is_live() {
                self.check_gone(&of, system, link);
            }
        }
    }

    /// The link as it was, in this entity or in one that turned out to be it.
    fn link_before(&self, place: usize, change: &Change, system: SystemIx, link: &Link) -> Option<&Link> {
        let all = std::iter::once(&change.entity).chain(&change.joined);
        all.filter_map(|entity| self.ledger.past(place, *entity)?.last.as_ref()?.link(system)).find(|before| before.key == link.key)
    }

    fn check_seen(&mut self, place: usize, of: &Mapping, change: &Change, (system, link): (SystemIx, &Link), before: Option<&Link>, field: FieldIx) {
        let Shadow::Known(Known { seen, .. }) = &link.shadows[field.0 as usize] else { return };
        let was = before.map(|before| &before.shadows[field.0 as usize]);
        if matches!(was, Some(Shadow::Known(known)) if known.seen == *seen) {
            return;
        }
        // What began as it was listed has no shadows of its own: each is what was agreed.
        let begun = before.is_none() && self.ledger.past(place, change.entity).is_some_and(|past| past.last.is_none());
        if begun || self.was_told(of, system, link, field, seen) || self.was_meant(place, change, system, field, seen) {
            return;
        }
        let (name, field) = (of.system(system).name.clone(), of.field(field).name.clone());
        let told = self.rec(of, system, &link.key).map(|rec| rec.told.clone());
        let since = self.run.since_us;
        self.note(format_args!("told since {since}: {told:?}"));
        self.broken(format!("I15: {field} of {} in {name} is taken for {seen}, which was not told", link.key));
    }

    fn was_told(&self, of: &Mapping, system: SystemIx, link: &Link, field: FieldIx, seen: &Value) -> bool {
        let Some(rec) = self.rec(of, system, &link.key) else { return false };
        let since = self.run.since_us;
        let Some(path) = path_of(of, field, system) else { return false };
        match rec.told.get(path.as_str()) {
            Some(told) => told.iter().any(|one| one.last_us >= since && of.same(field, &one.value, seen)),
            None => seen.is_blank() && rec.told_us >= since,
        }
    }

    /// Nothing came back of a write of ours: what was sent is taken for seen.
    fn was_meant(&self, place: usize, change: &Change, system: SystemIx, field: FieldIx, seen: &Value) -> bool {
        let own = |entity| self.ledger.canon(entity) == self.ledger.canon(change.entity);
        let wants = |entry: &syncline::sync::op::Entry| {
            entry.op.system == system && entry.op.fields.iter().any(|write| write.field == field && (write.want == *seen || write.pre.as_ref() == Some(seen)))
        };
        self.ledger.entries.values().any(|kept| kept.mapping == place && own(kept.op().entity) && wants(&kept.entry))
    }

    fn check_gone(&mut self, of: &Mapping, system: SystemIx, link: &Link) {
        let Some(rec) = self.rec(of, system, &link.key) else { return };
        let lag = self.vendors.iter().find(|vendor| vendor.shape.name == of.system(system).connection.as_str()).map_or(0, |vendor| vendor.read_lag_us());
        let since = self.run.since_us - lag;
        let ends = |at: usize| rec.states.get(at + 1).map_or(i64::MAX, |next| next.from_us);
        let went = rec.states.iter().enumerate().any(|(at, state)| (state.deleted || state.archived) && ends(at) >= since);
        if !went {
            let name = of.system(system).name.clone();
            self.broken(format!("I15: {} of {name} is {:?} for us, and was there all the time", link.key, link.state));
        }
    }

    pub fn rec(&self, of: &Mapping, system: SystemIx, key: &syncline::id::RecordKey) -> Option<&Rec> {
        let vendor = self.vendors.iter().find(|vendor| vendor.shape.name == of.system(system).connection.as_str())?;
        let table = &vendor.tables[vendor.table(&of.system(system).object)];
        Some(&table.records[table.at(key)?])
    }
}
