//! Checks inside the vendor: what is written was committed first, what is replaced is what the plan rests on, and nothing is made twice.

use syncline::id::RecordKey;
use syncline::mapping::{FieldIx, Mapping, Seen, SystemIx};
use syncline::sync::neighbours::View;
use syncline::sync::op::{EntryClass, EntryState, OpKind};
use syncline::sync::{Neighbours, Terms};
use syncline::system::{Outcome, Read, WriteItem, WriteKind};
use syncline::value::Value;

use super::super::ledger::{Kept, Past};
use super::super::time::{SECOND, micros};
use super::super::vendor::{By, Rec, State, kept};
use super::super::world::World;
use super::commit::TODAY;

/// A record right before it is changed.
struct Hit {
    table: usize,
    rec: Rec,
}

impl World {
    /// No request without a committed entry that says it is sent.
    pub fn check_sent(&mut self, vendor: usize, kind: &WriteKind, item: &WriteItem) {
        let (name, cells) = (self.vendors[vendor].shape.name, item.cells.iter().map(|cell| format!("{}={}", cell.path, cell.value)).collect::<Vec<_>>());
        self.note(format_args!("{name} {kind:?} {:?} {}", item.key, cells.join(" ")));
        let state = self.ledger.entries.get(&item.entry).map(|kept| kept.state);
        if state != Some(EntryState::Sent) {
            self.broken(format!("I3: a {kind:?} leaves while its journal entry is {state:?}"));
        }
        self.check_pending(vendor, item);
        if self.plan_only {
            self.broken(format!("a plan sends a {kind:?}"));
        }
    }

    /// The vendor said no to this entry for good: its values need not arrive.
    pub fn refuse(&mut self, item: &WriteItem) {
        self.note(format_args!("refused {}", item.entry));
    }

    /// The vendor carries a request out, watched.
    pub fn execute(&mut self, vendor: usize, read: &Read, kind: &WriteKind, item: &WriteItem, late: bool) -> Outcome {
        let now_us = self.clock.us();
        let mut hit = None;
        let (outcome, did) = self.vendors[vendor].write(read, kind, item, now_us, &mut |vendor, table, at| {
            hit = Some(Hit { table, rec: vendor.tables[table].records[at].clone() });
        });
        let kept = self.ledger.entries.get(&item.entry).cloned().expect("what is executed was sent, and what was sent was committed");
        if let super::super::vendor::Did::Made(at) = did {
            let table = self.vendors[vendor].table(&read.object);
            let key = self.vendors[vendor].tables[table].records[at].key.clone();
            self.check_made(vendor, table, &kept, key);
        }
        self.check_came_back(vendor, read, &kept, &outcome);
        if let Some(hit) = hit {
            self.check_replaced(vendor, &kept, kind, &hit, late);
        }
        if !matches!(did, super::super::vendor::Did::Nothing) {
            self.writes += 1;
        }
        self.changes += 1;
        let (name, word) = (self.vendors[vendor].shape.name, syncline_word(&outcome));
        self.note(format_args!("{name} {kind:?} {:?}: {word}", item.key));
        outcome
    }

    /// What the answer tells is told, and what was written is there.
    fn check_came_back(&mut self, vendor: usize, read: &Read, kept: &Kept, outcome: &Outcome) {
        let Outcome::Done { key, .. } = outcome else { return };
        let (now_us, table) = (self.clock.us(), self.vendors[vendor].table(&read.object));
        let Some(at) = key.as_ref().or(kept.op().key.as_ref()).and_then(|key| self.vendors[vendor].tables[table].at(key)) else { return };
        if matches!(outcome, Outcome::Done { record: Some(_), .. }) {
            self.vendors[vendor].tables[table].records[at].tell(now_us, None, now_us);
        }
        let rec = self.vendors[vendor].tables[table].records[at].clone();
        // A token that was used shows what the first request made of it.
        if kept.op().kind == OpKind::Update && rec.is_live() {
            let of = self.mappings[kept.mapping].clone();
            self.check_spelt(vendor, &of, kept.op().system, kept.op(), &rec);
        }
    }

    fn check_made(&mut self, vendor: usize, table: usize, kept: &Kept, key: RecordKey) {
        let (mapping, system) = (kept.mapping, kept.op().system);
        let entity = self.ledger.canon(kept.op().entity);
        let live = |key: &RecordKey, world: &World| {
            let table = &world.vendors[vendor].tables[table];
            // One that was gone and came back was made anew in the meantime: a person is asked about it.
            let returned = |rec: &Rec| rec.states.iter().any(|state| state.deleted || state.archived);
            // Under another key it is somebody else's by now, as far as a look-up can tell.
            let moved = |rec: &Rec| matches!(rec.now().by.get("Key"), Some(By::User { .. }));
            table.at(key).is_some_and(|at| {
                table.records[at].is_live() && !table.records[at].now().archived && !moved(&table.records[at]) && !returned(&table.records[at])
            })
        };
        let before = self.ledger.made.entry((mapping, entity, system)).or_default().clone();
        if let Some(twin) = before.iter().find(|twin| live(twin, self))
            && !self.ledger.pardoned.contains(&entity)
        {
            self.broken(format!("I4: {entity} gets a second record {key} in {}, {twin} is there", self.vendors[vendor].shape.name));
        }
        self.ledger.made.entry((mapping, entity, system)).or_default().push(key);
    }

    fn check_replaced(&mut self, vendor: usize, kept: &Kept, kind: &WriteKind, hit: &Hit, late: bool) {
        let mapping = self.mappings[kept.mapping].clone();
        let system = kept.op().system;
        if matches!(kind, WriteKind::Upsert(_)) {
            return self.check_upsert(vendor, hit, late);
        }
        let Some(past) = self.ledger.past(kept.mapping, kept.op().entity).cloned() else {
            return self.broken(format!("I8: {} is written and was never committed", kept.op().entity));
        };
        let state = hit.rec.now();
        let observation = self.observed(vendor, &mapping, system, &hit.rec, state);
        let guarded = kept.entry.class == EntryClass::Guarded;
        let all: Vec<FieldIx> = match kept.op().kind {
            OpKind::Update => kept.op().fields.iter().map(|write| write.field).collect(),
            _ => mapping.fields_ix().filter(|field| mapping.access(*field, system).reads()).collect(),
        };
        for field in all {
            let Some(path) = mapping.paths(field, system).first().map(|path| path.to_string()) else { continue };
            let Seen::Value(shown) = &observation.fields[field.0 as usize] else { continue };
            let write = kept.op().fields.iter().find(|write| write.field == field);
            if let Some(pre) = write.and_then(|write| write.pre.as_ref())
                && guarded
                && !mapping.same(field, pre, shown)
            {
                self.broken(format!("I5: {} of {} is planned over {pre} and replaces {shown}", path, hit.rec.key));
            }
            let Some(By::User { at_us }) = state.by.get(path.as_str()).copied() else { continue };
            let unseen = (late || !guarded) && at_us > hit.rec.read_us - self.vendors[vendor].read_lag_us();
            let same = write.is_some_and(|write| mapping.same(field, &write.want, shown));
            let cleared = shown.is_blank() && mapping.is_set(field);
            let early = shown.is_blank() && past.links.get(&system).is_none_or(|(_, since, _)| at_us < *since);
            // A person agreed that it leaves, whatever it holds that we are not told.
            let untold = self.vendors[vendor].trouble.hidden.is_some_and(|(hidden, _)| hidden == path) && write.is_none();
            if untold || late && !guarded || unseen || same || early || cleared || self.knows((vendor, hit.table), &mapping, system, &past, field, &path, shown)
            {
                continue;
            }
            self.broken(format!(
                "I5: a user's {path} {shown} of {} {} was never agreed nor logged, and is replaced",
                self.vendors[vendor].shape.name, hit.rec.key
            ));
        }
        self.check_removed(&mapping, kept, hit);
    }

    /// Whether a value was agreed once, or is in the conflict log, as this system would show it.
    fn knows(&self, (vendor, table): (usize, usize), mapping: &Mapping, system: SystemIx, past: &Past, field: FieldIx, path: &str, shown: &Value) -> bool {
        let columns = &self.vendors[vendor].tables[table].columns;
        // Sets come together one by one.
        if let Value::Set(elements) = shown {
            let known = || past.agreed[field.0 as usize].iter().chain(past.lost.get(&field).into_iter().flatten());
            return elements.iter().all(|one| known().any(|known| matches!(known, Value::Set(known) if known.contains(one))));
        }
        let is = |known: &Value| mapping.same(field, known, shown) || kept(columns, path, known.clone()) == *shown;
        // A stand-in for what has no row there looks like a user's own choice of it.
        let nobody = Neighbours::default();
        let stands_in = |known: &Value| {
            let view = past.last.as_ref().map(|entity| View { entity, neighbours: &nobody, today: TODAY, forgiven: &[] });
            view.is_some_and(|view| mapping.form(field, system, known, &view).is_some_and(|form| mapping.same(field, &form, shown)))
        };
        past.agreed[field.0 as usize].iter().any(stands_in)
            || past.agreed[field.0 as usize].iter().any(is)
            || past.lost.get(&field).is_some_and(|lost| lost.iter().any(is))
    }

    pub fn observed(&self, vendor: usize, mapping: &Mapping, system: SystemIx, rec: &Rec, state: &State) -> syncline::mapping::Observation {
        let of = mapping.system(system);
        let read = Read { object: of.object.clone(), columns: of.columns.clone() };
        let places: Vec<u16> = (0..of.columns.len() as u16).collect();
        mapping.observe(system, &self.vendors[vendor].shown(&read, rec, state, None), &places)
    }

    /// A look-up comes before every upsert: what it would have shown is not written over.
    fn check_upsert(&mut self, vendor: usize, hit: &Hit, late: bool) {
        let window = micros(self.vendors[vendor].abilities.find_lag) + self.vendors[vendor].read_lag_us() + 10 * SECOND;
        let state = hit.rec.now();
        let old = state.from_us < self.clock.us() - window;
        if !late && old && hit.rec.made_by.is_none() {
            self.broken(format!("I4: an upsert writes over {}, which a look-up shows", hit.rec.key));
        }
    }

    /// No delete without a cause that happened.
    fn check_removed(&mut self, mapping: &Mapping, kept: &Kept, hit: &Hit) {
        let (OpKind::Delete(cause) | OpKind::Archive(cause)) = kept.op().kind else { return };
        let syncline::sync::entity::Cause::Deleted(by) = cause else { return };
        let name = mapping.system(by).connection.as_str();
        let at = self.vendors.iter().position(|vendor| vendor.shape.name == name).expect("systems are vendors");
        let table = self.vendors[at].table(&mapping.system(by).object);
        let past = self.ledger.past(kept.mapping, kept.op().entity).map(|past| past.records.clone()).unwrap_or_default();
        let was = past.iter().filter(|(system, _)| *system == by).any(|(_, key)| {
            let table = &self.vendors[at].tables[table];
            table.at(key).is_some_and(|at| !table.records[at].deleted_us.is_empty())
        });
        if !was {
            self.broken(format!("I12: {} is removed because {name} deleted it, and nobody deleted it there", hit.rec.key));
        }
    }
}

fn syncline_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { created: Some(false), .. } => "done, was there",
        Outcome::Done { .. } => "done",
        Outcome::InDoubt { .. } => "in doubt",
        Outcome::NotDone { .. } => "not done",
        Outcome::Stale => "stale",
        Outcome::Gone => "gone",
        Outcome::Locked { .. } => "locked",
        Outcome::Duplicate { .. } => "duplicate",
        Outcome::MissingReference { .. } => "missing reference",
        Outcome::Refused { .. } => "refused",
    }
}
