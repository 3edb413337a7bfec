//! Requests that change something, as the vendor carries them out.

use syncline::system::{CreateClass, Guarded, Outcome, Read, UpdateClass, WriteItem, WriteKind};
use syncline::value::Value;

use super::super::shape::Answers;
use super::shown::spelt;
use super::{By, Cells, Vendor};

/// What became of a request, for the checks.
pub enum Did {
    Made(usize),
    Changed,
    Nothing,
}

impl Vendor {
    /// Carries one item out. `before` is asked when it is sure that something will be replaced or removed, and before it is.
    pub fn write(&mut self, read: &Read, kind: &WriteKind, item: &WriteItem, now_us: i64, before: &mut dyn FnMut(&Vendor, usize, usize)) -> (Outcome, Did) {
        let table = self.table(&read.object);
        match kind {
            WriteKind::Create => self.create(read, table, item, now_us),
            WriteKind::Upsert(path) => {
                let path = path.to_string();
                let hit = item.by.as_ref().and_then(|by| self.find(table, &path, by, now_us).first().map(|(at, _)| *at));
                match hit {
                    Some(at) => {
                        before(self, table, at);
                        self.put(table, at, item, now_us);
                        (self.done(read, table, at, Some(false)), Did::Changed)
                    }
                    None => self.create(read, table, item, now_us),
                }
            }
            WriteKind::Update => self.existing(read, table, item, self.abilities.update == Some(UpdateClass::Version), |vendor, at| {
                before(vendor, table, at);
                vendor.put(table, at, item, now_us);
            }),
            WriteKind::Archive => self.existing(read, table, item, self.abilities.archive == Some(Guarded::Version), |vendor, at| {
                before(vendor, table, at);
                vendor.change(table, at, now_us, |state| state.archived = true);
            }),
            WriteKind::Restore => self.existing(read, table, item, self.abilities.restore == Some(Guarded::Version), |vendor, at| {
                vendor.change(table, at, now_us, |state| state.archived = false);
            }),
            WriteKind::Delete => self.existing(read, table, item, self.abilities.delete == Some(Guarded::Version), |vendor, at| {
                before(vendor, table, at);
                vendor.change(table, at, now_us, |state| state.deleted = true);
            }),
        }
    }

    fn create(&mut self, read: &Read, table: usize, item: &WriteItem, now_us: i64) -> (Outcome, Did) {
        let by_token = matches!(self.abilities.create.first(), Some(CreateClass::Token { .. }));
        if by_token
            && let Some(key) = self.tables[table].tokens.get(&item.entry)
            && let Some(at) = self.tables[table].at(key)
        {
            return (self.done(read, table, at, Some(true)), Did::Nothing);
        }
        let (cells, marker) = self.cells(table, item);
        let at = self.make(table, cells, By::Engine, now_us);
        self.tables[table].records[at].marker = marker;
        self.tables[table].records[at].made_by = Some(item.entry);
        if by_token {
            let key = self.tables[table].records[at].key.clone();
            self.tables[table].tokens.insert(item.entry, key);
        }
        (self.done(read, table, at, Some(true)), Did::Made(at))
    }

    fn existing(&mut self, read: &Read, table: usize, item: &WriteItem, guarded: bool, how: impl FnOnce(&mut Vendor, usize)) -> (Outcome, Did) {
        let Some(at) = item.key.as_ref().and_then(|key| self.tables[table].at(key)) else { return (Outcome::Gone, Did::Nothing) };
        let rec = &self.tables[table].records[at];
        if !rec.is_live() {
            return (Outcome::Gone, Did::Nothing);
        }
        if guarded && item.version.as_ref().is_some_and(|version| *version != spelt(rec.now().change)) {
            return (Outcome::Stale, Did::Nothing);
        }
        how(self, at);
        (self.done(read, table, at, None), Did::Changed)
    }

    fn cells(&self, table: usize, item: &WriteItem) -> (Cells, Option<Value>) {
        let mut marker = None;
        let mut cells = Cells::new();
        for cell in &item.cells {
            let path = cell.path.to_string();
            match self.tables[table].column(&path) {
                Some(column) => {
                    cells.insert(column.path, cell.value.clone());
                }
                None if path == "Marker" => marker = Some(cell.value.clone()),
                None => panic!("the engine writes {path}, which no mapping names"),
            }
        }
        (cells, marker)
    }

    fn put(&mut self, table: usize, at: usize, item: &WriteItem, now_us: i64) {
        let (cells, _) = self.cells(table, item);
        let cells: Vec<_> = cells.into_iter().collect();
        self.set(table, at, &cells, By::Engine, now_us);
    }

    fn done(&self, read: &Read, table: usize, at: usize, created: Option<bool>) -> Outcome {
        let rec = &self.tables[table].records[at];
        let state = rec.now();
        let record = (self.shape.answers == Answers::Record && !state.deleted).then(|| Box::new(self.shown(read, rec, state, None)));
        let version = (self.shape.versions && self.shape.answers != Answers::Key).then(|| spelt(state.change));
        Outcome::Done { key: created.is_some().then(|| rec.key.clone()), record, version, created }
    }
}
