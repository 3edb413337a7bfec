//! In-memory records with versions, soft deletes and enough history to serve a stale read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// A record's fields in the vendor's spelling.
pub type Fields = Map<String, Value>;

/// Former versions kept per record; stale reads go seconds back, never further.
const PAST_MAX: usize = 16;

/// One version of one record; never changed once made.
#[derive(Clone, Debug)]
pub struct Record {
    pub key: Arc<str>,
    pub fields: Fields,
    /// Grows with every write to the store, so it also orders writes.
    pub version: u64,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub created_by: Arc<str>,
    pub modified_by: Arc<str>,
    pub deleted: Option<Timestamp>,
}

impl Record {
    /// The field, or null when the record has none of that name.
    pub fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    pub fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or("")
    }
}

#[derive(Debug)]
struct Slot {
    now: Arc<Record>,
    past: Vec<Arc<Record>>,
}

impl Slot {
    fn at(&self, at: Option<Timestamp>) -> Option<&Arc<Record>> {
        let Some(at) = at else { return Some(&self.now) };
        if self.now.modified <= at {
            return Some(&self.now);
        }
        self.past.iter().rev().find(|version| version.modified <= at)
    }
}

/// All records of one object, in the order of their creation.
#[derive(Debug, Default)]
pub struct Shelf {
    slots: Vec<Slot>,
    by_key: HashMap<Arc<str>, usize>,
    by_modified: BTreeSet<(Timestamp, usize)>,
    by_field: HashMap<String, HashMap<String, BTreeSet<usize>>>,
    alive: usize,
}

impl Shelf {
    /// The record as it was `at` an instant (now when none), deleted ones included.
    pub fn get(&self, key: &str, at: Option<Timestamp>) -> Option<Arc<Record>> {
        self.slots[*self.by_key.get(key)?].at(at).cloned()
    }

    /// A record that is there now and not deleted.
    pub fn live(&self, key: &str) -> Option<Arc<Record>> {
        self.get(key, None).filter(|record| record.deleted.is_none())
    }

    /// Where the record stands in the order of creation; feeds `oldest_first` and `newest_first`.
    pub fn position(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// Records from a position on (0 for all), by creation, deleted ones included.
    pub fn oldest_first(&self, from: usize, at: Option<Timestamp>) -> impl Iterator<Item = &Arc<Record>> {
        self.slots.iter().skip(from).filter_map(move |slot| slot.at(at))
    }

    /// Records before a position (`usize::MAX` for all), newest creation first, deleted ones included.
    pub fn newest_first(&self, before: usize, at: Option<Timestamp>) -> impl Iterator<Item = &Arc<Record>> {
        self.slots[..before.min(self.slots.len())].iter().rev().filter_map(move |slot| slot.at(at))
    }

    /// Records modified in `from..to`, oldest change first, deleted ones included. Served from an index, so a poll of a big object is cheap.
    pub fn modified_between(&self, from: Timestamp, to: Timestamp, at: Option<Timestamp>) -> Vec<Arc<Record>> {
        if from >= to {
            return Vec::new();
        }
        if at.is_none() {
            return self.by_modified.range((from, 0)..(to, 0)).map(|(_, slot)| self.slots[*slot].now.clone()).collect();
        }
        let mut found: Vec<_> = self.oldest_first(0, at).filter(|record| record.modified >= from && record.modified < to).cloned().collect();
        found.sort_by_key(|record| (record.modified, record.version));
        found
    }

    /// Records modified from an instant on, oldest change first, with their positions; as they are now, deleted ones included.
    pub fn modified_from(&self, from: Timestamp) -> impl Iterator<Item = (usize, &Arc<Record>)> {
        self.by_modified.range((from, 0)..).map(|(_, slot)| (*slot, &self.slots[*slot].now))
    }

    /// Positions of records modified from an instant on, in order of creation; none when there are more than `most`, so that a caller walks instead.
    pub fn modified_few(&self, from: Timestamp, most: usize) -> Option<Vec<usize>> {
        let mut found: Vec<usize> = self.by_modified.range((from, 0)..).take(most + 1).map(|(_, slot)| *slot).collect();
        found.sort_unstable();
        (found.len() <= most).then_some(found)
    }

    /// The record at a position of the order of creation.
    pub fn at(&self, position: usize) -> Option<&Arc<Record>> {
        self.slots.get(position).map(|slot| &slot.now)
    }

    /// Live records whose indexed field has this value, case folded; oldest first. `None` when the field is not indexed.
    pub fn find(&self, field: &str, value: &str) -> Option<Vec<Arc<Record>>> {
        let index = self.by_field.get(field)?;
        let slots = index.get(&value.to_lowercase());
        Some(slots.into_iter().flatten().map(|slot| self.slots[*slot].now.clone()).collect())
    }

    /// How many records were ever made and not taken back.
    pub fn made(&self) -> usize {
        self.slots.len()
    }

    /// How many are not deleted.
    pub fn alive(&self) -> usize {
        self.alive
    }

    fn put(&mut self, record: Arc<Record>) {
        match self.by_key.get(&record.key).copied() {
            None => {
                let at = self.slots.len();
                self.by_key.insert(record.key.clone(), at);
                self.slots.push(Slot { now: record, past: Vec::new() });
                self.enter(at);
            }
            Some(at) => {
                self.leave(at);
                let slot = &mut self.slots[at];
                slot.past.push(std::mem::replace(&mut slot.now, record));
                if slot.past.len() > PAST_MAX {
                    slot.past.remove(0);
                }
                self.enter(at);
            }
        }
    }

    fn take_back(&mut self, key: &str, former: Option<Arc<Record>>) {
        let at = self.by_key[key];
        self.leave(at);
        match former {
            Some(former) => {
                self.slots[at].now = former;
                self.slots[at].past.pop();
                self.enter(at);
            }
            None => {
                self.by_key.remove(key);
                self.slots.remove(at);
                debug_assert_eq!(at, self.slots.len(), "writes are taken back newest first");
            }
        }
    }

    fn enter(&mut self, at: usize) {
        let record = &self.slots[at].now;
        self.by_modified.insert((record.modified, at));
        if record.deleted.is_some() {
            return;
        }
        self.alive += 1;
        for (field, index) in &mut self.by_field {
            if let Some(text) = indexed(record.field(field)) {
                index.entry(text).or_default().insert(at);
            }
        }
    }

    fn leave(&mut self, at: usize) {
        let record = &self.slots[at].now;
        self.by_modified.remove(&(record.modified, at));
        if record.deleted.is_some() {
            return;
        }
        self.alive -= 1;
        for (field, index) in &mut self.by_field {
            let Some(text) = indexed(record.field(field)) else { continue };
            if let Some(slots) = index.get_mut(&text) {
                slots.remove(&at);
                if slots.is_empty() {
                    index.remove(&text);
                }
            }
        }
    }
}

/// Blank values are in no index: many records may lack an external id.
fn indexed(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// All objects of one look-alike.
#[derive(Debug, Default)]
pub struct Store {
    shelves: BTreeMap<String, Shelf>,
    version: u64,
    undo: Vec<(String, Arc<str>, Option<Arc<Record>>)>,
    empty: Shelf,
}

impl Store {
    /// Makes an object known, with the fields that are looked up by value. Call before any record is written.
    pub fn declare(&mut self, object: &str, indexed: &[&str]) {
        let shelf = self.shelves.entry(object.to_owned()).or_default();
        for field in indexed {
            shelf.by_field.entry((*field).to_owned()).or_default();
        }
    }

    /// The object's records; an object nobody declared has none.
    pub fn shelf(&self, object: &str) -> &Shelf {
        self.shelves.get(object).unwrap_or(&self.empty)
    }

    /// The version of the newest write.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn create(&mut self, object: &str, key: &str, fields: Fields, at: Timestamp, who: &Arc<str>) -> Arc<Record> {
        debug_assert!(self.shelf(object).position(key).is_none(), "keys are made once");
        let key: Arc<str> = Arc::from(key);
        self.put(object, Record { key, fields, version: 0, created: at, modified: at, created_by: who.clone(), modified_by: who.clone(), deleted: None })
    }

    pub(super) fn update(&mut self, object: &str, key: &str, fields: Fields, at: Timestamp, who: &Arc<str>) -> Option<Arc<Record>> {
        let former = self.shelf(object).get(key, None)?;
        Some(self.put(object, Record { fields, modified: at.max(former.modified), modified_by: who.clone(), ..(*former).clone() }))
    }

    /// Deletes softly (`Some` instant) or brings back (`None`).
    pub(super) fn mark(&mut self, object: &str, key: &str, deleted: Option<Timestamp>, at: Timestamp, who: &Arc<str>) -> Option<Arc<Record>> {
        let former = self.shelf(object).get(key, None)?;
        Some(self.put(object, Record { deleted, modified: at.max(former.modified), modified_by: who.clone(), ..(*former).clone() }))
    }

    pub(super) fn start_undo(&mut self) {
        self.undo.clear();
    }

    pub(super) fn undo_len(&self) -> usize {
        self.undo.len()
    }

    /// Takes back the newest writes until only `keep` of this undo log remain.
    pub(super) fn take_back(&mut self, keep: usize) {
        while self.undo.len() > keep {
            let Some((object, key, former)) = self.undo.pop() else { return };
            if let Some(shelf) = self.shelves.get_mut(&object) {
                shelf.take_back(&key, former);
            }
        }
    }

    fn put(&mut self, object: &str, mut record: Record) -> Arc<Record> {
        self.version += 1;
        record.version = self.version;
        let record = Arc::new(record);
        let shelf = self.shelves.entry(object.to_owned()).or_default();
        self.undo.push((object.to_owned(), record.key.clone(), shelf.get(&record.key, None)));
        shelf.put(record.clone());
        record
    }
}

#[cfg(test)]
mod tests;
