//! One object of a system in memory.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::cells::{cells, told};
use crate::id::RecordKey;
use crate::system::{Gone, Outcome, Read, WriteItem, WriteKind};
use crate::value::record::{Column, Form, Gate, Record};
use crate::value::{Path, Str, Value};

/// The records of one object, those deleted among them.
#[derive(Debug, Default)]
pub struct Table {
    records: BTreeMap<RecordKey, Stored>,
    /// Number of the last change; also makes versions and new keys.
    last: u64,
    /// What the system fills in by itself where a new record says nothing.
    pub born: Vec<(Path, Value)>,
    /// Records tell no version.
    unversioned: bool,
}

/// One record as it is kept.
#[derive(Clone, Debug)]
pub struct Stored {
    pub values: Value,
    pub archived: bool,
    /// Number of its last change.
    pub change: u64,
    pub time: Timestamp,
    /// Who changed it last.
    pub actor: Option<Str>,
    pub deleted: bool,
}

impl Table {
    pub fn new(unversioned: bool) -> Self {
        Self { unversioned, ..Self::default() }
    }

    pub fn end(&self) -> u64 {
        self.last
    }

    pub fn live(&self, key: &RecordKey) -> Option<&Stored> {
        self.records.get(key).filter(|stored| !stored.deleted)
    }

    /// Keys in the order of their making: they are numbered.
    pub fn keys(&self) -> Vec<RecordKey> {
        self.records.iter().filter(|(_, stored)| !stored.deleted).map(|(key, _)| key.clone()).collect()
    }

    pub fn create(&mut self, mut values: Value, now: Timestamp) -> RecordKey {
        for (path, value) in &self.born {
            if path.get(&values).is_none_or(Value::is_blank) {
                path.set(&mut values, value.clone());
            }
        }
        self.last += 1;
        let key = RecordKey::new(format!("r{:06}", self.last));
        let stored = Stored { values, archived: false, change: self.last, time: now, actor: None, deleted: false };
        self.records.insert(key.clone(), stored);
        key
    }

    /// Changes a record that is there; false if none is. `actor`: who did it, where the system tells.
    pub fn change(&mut self, key: &RecordKey, now: Timestamp, actor: Option<&str>, how: impl FnOnce(&mut Value)) -> bool {
        self.touch(key, now, |stored| {
            stored.actor = actor.map(Str::from);
            how(&mut stored.values);
        })
    }

    pub fn delete(&mut self, key: &RecordKey, now: Timestamp) -> bool {
        self.touch(key, now, |stored| stored.deleted = true)
    }

    fn touch(&mut self, key: &RecordKey, now: Timestamp, how: impl FnOnce(&mut Stored)) -> bool {
        let Some(stored) = self.records.get_mut(key).filter(|stored| !stored.deleted) else { return false };
        self.last += 1;
        stored.change = self.last;
        stored.time = now;
        how(stored);
        true
    }

    pub fn record(&self, key: &RecordKey, columns: &[Column]) -> Option<Record> {
        self.live(key).map(|stored| self.shown(key, stored, columns))
    }

    /// What changed after a number, oldest change first.
    pub fn changed(&self, after: u64, columns: &[Column]) -> Vec<Record> {
        let mut changed: Vec<(&RecordKey, &Stored)> = self.records.iter().filter(|(_, stored)| !stored.deleted && stored.change > after).collect();
        changed.sort_by_key(|(_, stored)| stored.change);
        changed.into_iter().map(|(key, stored)| self.shown(key, stored, columns)).collect()
    }

    pub fn deleted(&self, after: u64) -> Vec<Gone> {
        let gone = self.records.iter().filter(|(_, stored)| stored.deleted && stored.change > after);
        gone.map(|(key, stored)| Gone { key: key.clone(), identity: key.clone(), time: Some(stored.time) }).collect()
    }

    pub fn find(&self, path: &Path, value: &Value, columns: &[Column]) -> Vec<Record> {
        let held = |stored: &Stored| path.get(&stored.values).is_some_and(|held| held == value || told(held, &Form::Text) == told(value, &Form::Text));
        self.records.iter().filter(|(_, stored)| !stored.deleted && held(stored)).map(|(key, stored)| self.shown(key, stored, columns)).collect()
    }

    pub fn write(&mut self, read: &Read, kind: &WriteKind, item: &WriteItem, now: Timestamp) -> Outcome {
        match kind {
            WriteKind::Create => self.made(read, item, now),
            WriteKind::Upsert(path) => {
                let hit = item.by.as_ref().and_then(|by| self.find(path, by, &[]).first().map(|record| record.key.clone()));
                match hit {
                    Some(key) => self.changed_by_us(read, &key, None, item, now, Some(false)),
                    None => {
                        let made = self.made(read, item, now);
                        if let (Outcome::Done { key: Some(key), .. }, Some(by)) = (&made, &item.by) {
                            self.change(&key.clone(), now, None, |values| path.set(values, by.clone()));
                        }
                        made
                    }
                }
            }
            WriteKind::Update => match &item.key {
                Some(key) => self.changed_by_us(read, key, item.version.as_ref(), item, now, None),
                None => Outcome::Gone,
            },
            WriteKind::Archive => self.left(item, now, |stored| stored.archived = true),
            WriteKind::Restore => self.left(item, now, |stored| stored.archived = false),
            WriteKind::Delete => self.left(item, now, |stored| stored.deleted = true),
        }
    }

    fn made(&mut self, read: &Read, item: &WriteItem, now: Timestamp) -> Outcome {
        let mut values = Value::Map(Vec::new());
        for cell in &item.cells {
            cell.path.set(&mut values, cell.value.clone());
        }
        let key = self.create(values, now);
        self.done(read, &key, Some(true))
    }

    fn changed_by_us(&mut self, read: &Read, key: &RecordKey, version: Option<&Str>, item: &WriteItem, now: Timestamp, created: Option<bool>) -> Outcome {
        if let Some(refusal) = self.refused(key, version) {
            return refusal;
        }
        self.change(key, now, None, |values| item.cells.iter().for_each(|cell| cell.path.set(values, cell.value.clone())));
        self.done(read, key, created)
    }

    fn left(&mut self, item: &WriteItem, now: Timestamp, how: impl FnOnce(&mut Stored)) -> Outcome {
        let Some(key) = &item.key else { return Outcome::Gone };
        if let Some(refusal) = self.refused(key, item.version.as_ref()) {
            return refusal;
        }
        self.touch(key, now, how);
        Outcome::Done { key: None, record: None, version: None, created: None }
    }

    fn refused(&self, key: &RecordKey, version: Option<&Str>) -> Option<Outcome> {
        match self.live(key) {
            None => Some(Outcome::Gone),
            Some(stored) if version.is_some_and(|version| *version != spelt(stored.change)) => Some(Outcome::Stale),
            Some(_) => None,
        }
    }

    fn shown(&self, key: &RecordKey, stored: &Stored, columns: &[Column]) -> Record {
        Record {
            key: key.clone(),
            identity: key.clone(),
            version: (!self.unversioned).then(|| spelt(stored.change)),
            time: Some(stored.time),
            actor: stored.actor.clone(),
            cells: cells(&stored.values, columns),
            gate: Gate::Open,
            archived: stored.archived,
        }
    }

    fn done(&self, read: &Read, key: &RecordKey, created: Option<bool>) -> Outcome {
        let record = self.record(key, &read.columns);
        let version = record.as_ref().and_then(|record| record.version.clone());
        Outcome::Done { key: created.is_some().then(|| key.clone()), record: record.map(Box::new), version, created }
    }
}

fn spelt(change: u64) -> Str {
    Str::from(change.to_string())
}
