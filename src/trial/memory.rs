//! A system in memory: objects full of records, with versions, times and a log of changes, and faults on demand.

pub(super) mod cells;
mod table;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Clock;
use crate::id::{ConnectionName, ObjectName, RecordKey};
use crate::system::{
    Abilities, CreateClass, Cursor, Description, FindBy, GoneBy, Got, Guarded, Outcome, Page, Pages, Read, System, SystemError, UpdateClass, WriteItem,
    WriteKind,
};
use crate::value::record::Record;
use crate::value::{Path, Value};

pub use table::{Stored, Table};

/// Records of one page: small, so that several pages are met soon.
const PAGE_RECORDS: usize = 100;

/// Who types there, as the system tells.
const SOMEBODY: &str = "somebody";

/// Something that goes wrong once, at the next write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The write is done, and the answer is lost.
    LostAnswer,
    /// The request is lost: nothing is done, and nobody knows.
    LostRequest,
    /// Refused for good, with the paths it names.
    Refused { code: String, fields: Vec<Path> },
    /// Somebody was faster.
    Stale,
    /// Surely not carried out, and not for the record's sake.
    NotDone,
    /// The record cannot be written now.
    Locked,
}

/// One connection in memory.
pub struct MemorySystem {
    name: ConnectionName,
    clock: Arc<dyn Clock>,
    abilities: Arc<Abilities>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tables: BTreeMap<ObjectName, Table>,
    faults: VecDeque<Fault>,
    /// What goes wrong at every write.
    outage: Option<Fault>,
    down: bool,
    /// An object that it does not let us read.
    forbidden: Option<ObjectName>,
    writes: u64,
}

/// What an object in memory can do unless said otherwise: everything, guarded by versions, found again by any field.
pub fn abilities() -> Abilities {
    Abilities {
        create: vec![CreateClass::Find { by: FindBy::AnyField }],
        update: Some(UpdateClass::Version),
        delete: Some(Guarded::Version),
        archive: Some(Guarded::Version),
        restore: Some(Guarded::Version),
        gone: GoneBy::Feed,
        full_read: false,
        find: Some(FindBy::AnyField),
        get_batch: PAGE_RECORDS,
        create_batch: PAGE_RECORDS,
        update_batch: PAGE_RECORDS,
        delete_batch: PAGE_RECORDS,
        read_lag: Duration::ZERO,
        find_lag: Duration::ZERO,
        deadline: Duration::from_secs(60),
        parents: Vec::new(),
    }
}

impl MemorySystem {
    pub fn new(name: ConnectionName, clock: Arc<dyn Clock>, abilities: Abilities) -> Self {
        Self { name, clock, abilities: Arc::new(abilities), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }

    /// What the system fills in by itself in new records of the object, where they say nothing.
    pub fn derive(&self, object: &ObjectName, born: Vec<(Path, Value)>) {
        self.table(&mut self.state(), object).born.extend(born);
    }

    /// Somebody makes a record there. The map's members are the record's values.
    pub fn put(&self, object: &ObjectName, values: Value) -> RecordKey {
        let now = self.clock.now();
        self.table(&mut self.state(), object).create(values, now)
    }

    /// An object's records, made when it is first spoken of.
    fn table<'a>(&self, state: &'a mut State, object: &ObjectName) -> &'a mut Table {
        let unversioned = self.abilities.update.is_some_and(|class| class != UpdateClass::Version);
        state.tables.entry(object.clone()).or_insert_with(|| Table::new(unversioned))
    }

    /// Somebody types a value there; false if the record is not there.
    pub fn edit(&self, object: &ObjectName, key: &RecordKey, path: &Path, value: Value) -> bool {
        let now = self.clock.now();
        self.state().tables.get_mut(object).is_some_and(|table| table.change(key, now, Some(SOMEBODY), |values| path.set(values, value)))
    }

    /// Somebody deletes a record there; false if it is not there.
    pub fn delete(&self, object: &ObjectName, key: &RecordKey) -> bool {
        let now = self.clock.now();
        self.state().tables.get_mut(object).is_some_and(|table| table.delete(key, now))
    }

    /// A record's values, archived or not; `None` once it is deleted.
    pub fn values(&self, object: &ObjectName, key: &RecordKey) -> Option<Value> {
        self.state().tables.get(object)?.live(key).map(|stored| stored.values.clone())
    }

    /// Whether the record is among the archived.
    pub fn archived(&self, object: &ObjectName, key: &RecordKey) -> bool {
        self.state().tables.get(object).and_then(|table| table.live(key)).is_some_and(|stored| stored.archived)
    }

    /// Keys of the object's records that are there, in the order of their making.
    pub fn keys(&self, object: &ObjectName) -> Vec<RecordKey> {
        self.state().tables.get(object).map(Table::keys).unwrap_or_default()
    }

    /// How many records were written through [`System::write`].
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    /// What goes wrong at the next writes, one after another.
    pub fn fail(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// What goes wrong at every write until told otherwise; reads go on.
    pub fn fail_all(&self, fault: Option<Fault>) {
        self.state().outage = fault;
    }

    /// Whether it can be reached at all.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// Whether it does not let us read an object.
    pub fn forbid(&self, object: Option<&ObjectName>) {
        self.state().forbidden = object.cloned();
    }

    fn up(&self) -> Result<(), SystemError> {
        if self.state().down {
            return Err(SystemError::Later { connection: self.name.clone(), why: "it is down".to_owned(), wait: Duration::from_secs(1) });
        }
        if let Some(object) = self.state().forbidden.clone() {
            return Err(SystemError::Forbidden { connection: self.name.clone(), object, why: "no permission".to_owned() });
        }
        Ok(())
    }

    fn read<T: Default>(&self, object: &ObjectName, of: impl FnOnce(&Table) -> T) -> T {
        self.state().tables.get(object).map(of).unwrap_or_default()
    }

    /// Records in pages; the cursor comes with the last one.
    fn pages(&self, records: Vec<Record>, cursor: Option<Cursor>) -> Box<dyn Pages> {
        if let Err(problem) = self.up() {
            return Box::new(Prepared(VecDeque::from([Err(problem)])));
        }
        let mut pages: VecDeque<Result<Page, SystemError>> = VecDeque::new();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            pages.push_back(Ok(Page { records: records.by_ref().take(PAGE_RECORDS).collect(), ..Page::default() }));
        }
        match pages.back_mut() {
            Some(Ok(last)) => last.cursor = cursor,
            _ => pages.push_back(Ok(Page { cursor, ..Page::default() })),
        }
        Box::new(Prepared(pages))
    }

    fn write_one(&self, read: &Read, kind: &WriteKind, item: &WriteItem) -> Outcome {
        let now = self.clock.now();
        let mut state = self.state();
        if state.down {
            return Outcome::NotDone { why: "it is down".to_owned(), wait: Duration::from_secs(1) };
        }
        let fault = state.faults.pop_front().or_else(|| state.outage.clone());
        match fault {
            Some(Fault::LostRequest) => return Outcome::InDoubt { why: "no answer came".to_owned() },
            Some(Fault::Refused { code, fields }) => return Outcome::Refused { message: format!("{code}: refused"), code, fields },
            Some(Fault::Stale) => return Outcome::Stale,
            Some(Fault::NotDone) => return Outcome::NotDone { why: "too busy".to_owned(), wait: Duration::from_secs(1) },
            Some(Fault::Locked) => return Outcome::Locked { why: "approved".to_owned(), wait: Duration::from_secs(60) },
            Some(Fault::LostAnswer) | None => {}
        }
        let outcome = self.table(&mut state, &read.object).write(read, kind, item, now);
        if matches!(outcome, Outcome::Done { .. }) {
            state.writes += 1;
        }
        match fault {
            Some(Fault::LostAnswer) => Outcome::InDoubt { why: "the answer was lost".to_owned() },
            _ => outcome,
        }
    }
}

/// Pages that are there already.
struct Prepared(VecDeque<Result<Page, SystemError>>);

#[async_trait]
impl Pages for Prepared {
    async fn next(&mut self) -> Result<Option<Page>, SystemError> {
        self.0.pop_front().transpose()
    }
}

/// A cursor is the number of the last change read.
fn position(cursor: Option<&Cursor>) -> u64 {
    cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0)
}

#[async_trait]
impl System for MemorySystem {
    fn connection(&self) -> &ConnectionName {
        &self.name
    }

    fn abilities(&self, _object: &ObjectName) -> Result<Arc<Abilities>, SystemError> {
        Ok(Arc::clone(&self.abilities))
    }

    fn identity(&self, _: &ObjectName, key: &RecordKey) -> RecordKey {
        key.clone()
    }

    async fn probe(&self) -> Result<String, SystemError> {
        self.up()?;
        Ok(format!("memory-{}", self.name))
    }

    async fn objects(&self) -> Result<Vec<Description>, SystemError> {
        self.up()?;
        let names: Vec<String> = self.state().tables.keys().map(ToString::to_string).collect();
        Ok(names.into_iter().map(|name| Description { label: name.clone(), name, fields: Vec::new(), fills_in: false }).collect())
    }

    async fn describe(&self, object: &ObjectName) -> Result<Description, SystemError> {
        self.up()?;
        Ok(Description { name: object.to_string(), label: object.to_string(), fields: Vec::new(), fills_in: false })
    }

    fn changes(&self, read: Read, since: Option<Cursor>) -> Box<dyn Pages> {
        let (records, end) = self.read(&read.object, |table| (table.changed(position(since.as_ref()), &read.columns), table.end()));
        self.pages(records, Some(Cursor(end.to_string())))
    }

    fn gone(&self, read: Read, since: Option<Cursor>) -> Option<Box<dyn Pages>> {
        if !matches!(self.abilities.gone, GoneBy::Feed | GoneBy::Listing) {
            return None;
        }
        let (gone, end) = self.read(&read.object, |table| (since.as_ref().map(|since| table.deleted(position(Some(since)))), table.end()));
        if let Err(problem) = self.up() {
            return Some(Box::new(Prepared(VecDeque::from([Err(problem)]))));
        }
        let page = Page { gone: gone.unwrap_or_default(), cursor: Some(Cursor(end.to_string())), ..Page::default() };
        Some(Box::new(Prepared(VecDeque::from([Ok(page)]))))
    }

    fn list(&self, read: Read) -> Box<dyn Pages> {
        let records = self.read(&read.object, |table| table.changed(0, &read.columns));
        self.pages(records, None)
    }

    fn sweep(&self, read: Read) -> Box<dyn Pages> {
        let records = self.read(&read.object, |table| table.changed(0, &[]));
        self.pages(records, None)
    }

    async fn get(&self, read: Read, keys: &[RecordKey]) -> Result<Vec<Got>, SystemError> {
        self.up()?;
        let got = |key: &RecordKey| Got { key: key.clone(), record: self.read(&read.object, |table| table.record(key, &read.columns)) };
        Ok(keys.iter().map(got).collect())
    }

    async fn find(&self, read: Read, path: &Path, value: &Value) -> Result<Vec<Record>, SystemError> {
        self.up()?;
        Ok(self.read(&read.object, |table| table.find(path, value, &read.columns)))
    }

    async fn write(&self, read: Read, kind: &WriteKind, items: &[WriteItem]) -> Vec<Outcome> {
        items.iter().map(|item| self.write_one(&read, kind, item)).collect()
    }

    fn clock_offset(&self) -> f64 {
        0.0
    }
}

#[cfg(test)]
mod tests;
