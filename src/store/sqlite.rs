//! The store in one SQLite file: a thread that writes, a few connections that read.
//!
//! WAL and `synchronous=FULL`: what a call answered is on disk. Calls that wait together share a transaction, so the sync costs little. After
//! a failed write to disk nothing is written any more, since nobody knows what the disk holds; the daemon starts again from the file.

mod column;
mod conflict;
mod contract;
mod disk;
mod entity;
mod fault;
mod forget;
mod hangs;
mod inbox;
mod journal;
mod lease;
mod link;
mod load;
mod look;
mod mark;
mod matched;
#[cfg(test)]
mod power;
mod reader;
mod register;
mod review;
mod runs;
mod schema;
mod tally;
#[cfg(test)]
mod tests;
mod touched;
mod waiting;
mod writer;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use jiff::Timestamp;
use rusqlite::Connection;

use super::stored::Terms;
use super::{LeaseHolder, MappingId, Store, StoreError};
pub use disk::MemoryDisk;
use disk::Slot;
use fault::Fault;
use lease::{Held, Lock, Proof};
use mark::Mark;
use reader::Readers;
use schema::Purpose;
use writer::{Fence, Thread, Write, Writer};

/// Opens the store for the process that writes, making the file if there is none.
///
/// # Errors
/// [`StoreError::Held`] while another process has it; [`StoreError::Newer`] and [`StoreError::Damaged`] for a file that is not ours to write.
pub fn open(path: &Path, holder: &LeaseHolder) -> Result<Arc<dyn Store>, StoreError> {
    let file = path.display().to_string();
    let locked = lease::lock(path).map_err(|e| cannot_open(&file, &e))?;
    let Some(lock) = locked else {
        let conn = schema::open(path, Purpose::Read)?;
        return Err(lease::held_by(&conn, &file).unwrap_or_else(|fault| fault.told(&file, "read the lease")));
    };
    let mut conn = schema::open(path, Purpose::Write)?;
    let held = claim(&mut conn, path, holder, lock.proof)?;
    let readers = Readers::open(path)?;
    start(conn, file, held, Some(readers), Some(lock))
}

/// Takes the lease; the file beside the store says so right after.
fn claim(conn: &mut Connection, path: &Path, holder: &LeaseHolder, proof: Proof) -> Result<Held, StoreError> {
    let file = path.display().to_string();
    let beside = beside(conn, path)?;
    let mut held = Held::Never;
    let now = take(conn, &mut held, holder, proof, &file, beside.as_ref()).map_err(|fault| fault.told(&file, "take the lease"))?;
    mark::write(path, &now).map_err(|e| cannot_open(&file, &e))?;
    Ok(held)
}

/// What the file beside the store says. A store that was never used gets one before its own mark first moves: a process that ends in between would else leave a
/// store that passes for a restored backup.
fn beside(conn: &Connection, path: &Path) -> Result<Option<Mark>, StoreError> {
    let file = path.display().to_string();
    let failed = |e| cannot_open(&file, &e);
    if let Some(mark) = mark::read(path).map_err(failed)? {
        return Ok(Some(mark));
    }
    let first = mark::first(conn).map_err(|fault| fault.told(&file, "read the mark"))?;
    if let Some(first) = &first {
        mark::write(path, first).map_err(failed)?;
    }
    Ok(first)
}

fn take(conn: &mut Connection, held: &mut Held, holder: &LeaseHolder, proof: Proof, file: &str, beside: Option<&Mark>) -> Result<Mark, Fault> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mark = mark::step(&tx, beside, holder.now)?;
    lease::take(&tx, held, holder, proof, file)?;
    runs::cut_short(&tx)?;
    tx.commit()?;
    Ok(mark)
}

/// Opens the store beside the process that writes it; every write is refused.
pub fn open_read_only(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    let file = path.display().to_string();
    if !path.exists() {
        return Err(StoreError::Unknown { what: format!("a store at {file}") });
    }
    let conn = schema::open(path, Purpose::Read)?;
    Ok(Arc::new(Sqlite::new(file, &conn, Some(Readers::open(path)?), None)?))
}

/// A store that is gone with the process, for trials and tests.
pub fn memory() -> Result<Arc<dyn Store>, StoreError> {
    start(schema::in_memory()?, IN_MEMORY.into(), Held::Never, None, None)
}

/// What stands for the file of a store in memory.
const IN_MEMORY: &str = ":memory:";

fn start(conn: Connection, file: String, held: Held, readers: Option<Arc<Readers>>, lock: Option<Lock>) -> Result<Arc<dyn Store>, StoreError> {
    let mut store = Sqlite::new(file.clone(), &conn, readers, lock)?;
    store.writer = Some(Writer::Thread(Thread::start(conn, file, held)?));
    Ok(Arc::new(store))
}

fn cannot_open(file: &str, error: &std::io::Error) -> StoreError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
    StoreError::Disk { file: file.into(), source: rusqlite::Error::SqliteFailure(code, Some(error.to_string())) }
}

/// The store behind the contract. Fields are dropped in this order: the writer ends before the lock goes.
struct Sqlite {
    file: String,
    instance: String,
    /// `None`: opened only for reading.
    writer: Option<Writer>,
    /// `None`: a store in memory, which only its writer sees.
    readers: Option<Arc<Readers>>,
    terms: RwLock<HashMap<MappingId, Arc<Terms>>>,
    lock: Mutex<Option<Lock>>,
    /// Since when the store is known to be restored from a backup, and nobody confirmed it.
    restored: Mutex<Option<Timestamp>>,
    /// The number of the newest run.
    runs: AtomicI64,
    /// Mappings that a reader was told of and that are not stored; numbered from the top.
    strangers: AtomicU32,
    /// Where the connection goes back to when a store in memory is closed.
    disk: Option<Arc<Slot>>,
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if let (Some(disk), Some(Writer::Here(here))) = (&self.disk, self.writer.take()) {
            disk.put_back(here.end());
        }
    }
}

impl Sqlite {
    fn new(file: String, conn: &Connection, readers: Option<Arc<Readers>>, lock: Option<Lock>) -> Result<Self, StoreError> {
        let instance = schema::instance(conn).map_err(|e| fault::disk(&file, "open", e))?;
        let runs = AtomicI64::new(runs::last(conn).map_err(|e| fault::disk(&file, "open", e))?);
        let restored = Mutex::new(mark::since(conn).map_err(|fault| fault.told(&file, "open"))?);
        let (terms, lock, strangers) = (RwLock::default(), Mutex::new(lock), AtomicU32::new(u32::MAX));
        Ok(Self { file, instance, writer: None, readers, terms, lock, restored, runs, strangers, disk: None })
    }

    async fn write<R, F>(&self, doing: &'static str, work: F) -> Result<R, StoreError>
    where
        R: Send + 'static,
        F: FnOnce(&mut Write) -> Result<R, Fault> + Send + 'static,
    {
        self.write_fenced(doing, Fence::Checked, work).await
    }

    async fn write_fenced<R, F>(&self, doing: &'static str, fence: Fence, work: F) -> Result<R, StoreError>
    where
        R: Send + 'static,
        F: FnOnce(&mut Write) -> Result<R, Fault> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.call(doing, fence, work).await,
            None => {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
                let why = format!("{} was opened only for reading", self.file);
                Err(StoreError::Failed { doing, source: rusqlite::Error::SqliteFailure(code, Some(why)) })
            }
        }
    }

    async fn read<R, F>(&self, doing: &'static str, work: F) -> Result<R, StoreError>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> Result<R, Fault> + Send + 'static,
    {
        match &self.readers {
            Some(readers) => readers.call(doing, work).await,
            None if let Some(Writer::Here(here)) = &self.writer => here.read(doing, work),
            None => self.write_fenced(doing, Fence::Free, move |write| work(write.conn)).await,
        }
    }

    fn terms(&self, mapping: MappingId) -> Result<Arc<Terms>, StoreError> {
        let terms = self.terms.read().expect("no holder of this lock can panic").get(&mapping).cloned();
        terms.ok_or_else(|| StoreError::Unknown { what: format!("mapping number {}", mapping.0) })
    }

    /// The terms of one mapping, or of all that are registered, in order.
    fn terms_of(&self, mapping: Option<MappingId>) -> Result<Vec<Arc<Terms>>, StoreError> {
        if let Some(mapping) = mapping {
            return Ok(vec![self.terms(mapping)?]);
        }
        let mut all: Vec<_> = self.terms.read().expect("no holder of this lock can panic").values().cloned().collect();
        all.sort_by_key(|terms| terms.mapping.0);
        Ok(all)
    }

    /// Each item with the terms of the mapping it belongs to.
    fn with_terms<T>(&self, items: Vec<T>, mapping: impl Fn(&T) -> MappingId) -> Result<Vec<(Arc<Terms>, T)>, StoreError> {
        items.into_iter().map(|item| Ok((self.terms(mapping(&item))?, item))).collect()
    }

    /// Takes the file lock again if it was given up.
    fn relock(&self) -> Result<Proof, StoreError> {
        let mut lock = self.lock.lock().expect("no holder of this lock can panic");
        if self.readers.is_none() {
            return Ok(Proof::Locked);
        }
        if lock.is_none() {
            *lock = lease::lock(Path::new(&self.file)).map_err(|e| cannot_open(&self.file, &e))?;
        }
        // Without the lock the row alone decides, and refuses while its holder may live.
        Ok(lock.as_ref().map_or(Proof::None, |lock| lock.proof))
    }

    /// Tells the file beside the store how far the store has come.
    fn keep_mark(&self, mark: &Mark) -> Result<(), StoreError> {
        if self.readers.is_none() {
            return Ok(());
        }
        mark::write(Path::new(&self.file), mark).map_err(|e| cannot_open(&self.file, &e))
    }

    fn unlock(&self) {
        drop(self.lock.lock().expect("no holder of this lock can panic").take());
    }

    /// A number that no stored mapping has.
    fn stranger(&self) -> u32 {
        self.strangers.fetch_sub(1, Ordering::Relaxed)
    }

    fn learn(&self, terms: Terms) -> MappingId {
        let mapping = terms.mapping;
        self.terms.write().expect("no holder of this lock can panic").insert(mapping, Arc::new(terms));
        mapping
    }

    /// Asks the tables of identities and keys, filling them first if a first match is only in its rows.
    async fn look_up<R, F>(&self, terms: &Arc<Terms>, empty: R, work: F) -> Result<R, StoreError>
    where
        R: Clone + Send + 'static,
        F: Fn(&Connection, &Terms) -> Result<R, Fault> + Clone + Send + 'static,
    {
        for attempt in 0..2 {
            let (shared, work, empty) = (Arc::clone(terms), work.clone(), empty.clone());
            let found = self.read("look up", move |conn| match matched::indexed(conn, &shared)? {
                matched::Indexed::Yes => work(conn, &shared).map(Some),
                matched::Indexed::Empty => Ok(Some(empty)),
                matched::Indexed::No => Ok(None),
            });
            match found.await? {
                Some(found) => return Ok(found),
                None if attempt == 0 && self.writer.is_some() => self.build(terms).await?,
                None => break,
            }
        }
        Err(matched::not_yet(&self.file))
    }

    async fn build(&self, terms: &Arc<Terms>) -> Result<(), StoreError> {
        let terms = Arc::clone(terms);
        self.write("index a first match", move |write| matched::build(write, &terms)).await
    }
}
