//! A disk behind SQLite that forgets what was not synced when the power goes, in whole or in pieces, and whose calls can be made to fail.
//!
//! What a file system promises is modelled no better than it is: a write is on disk once its file was synced, and before that any of its sectors may be
//! there, or part of one; a name is on disk once a log or journal in its directory was made and synced, since SQLite syncs the directory then.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard, Once};
use std::time::Duration;

use sqlite_vfs::{DatabaseHandle, LockKind, OpenAccess, OpenKind, OpenOptions, Vfs, WalDisabled};

use super::cut::{Cut, Lands};

/// The name by which SQLite knows these disks.
pub const VFS: &str = "power";

/// What goes wrong, and at which call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goes {
    Well,
    /// The power goes at this call.
    Off {
        at: u64,
    },
    /// This call fails, and all after it unless it was only `once`.
    Fails {
        at: u64,
        kind: ErrorKind,
        once: bool,
    },
}

/// What waits in memory to be written.
#[derive(Clone, Debug)]
pub enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// What a name stands for.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// As programs see it.
    now: Vec<u8>,
    /// As it was when it was synced last, and what came since.
    pub synced: Vec<u8>,
    pub since: Vec<Change>,
    /// The name itself is on disk.
    named: bool,
}

impl Content {
    fn change(&mut self, change: Change) {
        apply(&mut self.now, &change);
        self.since.push(change);
    }

    fn sync(&mut self) {
        for change in self.since.drain(..) {
            apply(&mut self.synced, &change);
        }
    }

    fn on_disk(bytes: Vec<u8>) -> Self {
        Self { now: bytes.clone(), synced: bytes, since: Vec::new(), named: true }
    }
}

pub fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => bytes.resize(*length, 0),
        Change::Write { at, bytes: written } => {
            let end = at + written.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(written);
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Named {
    now: Option<Content>,
    /// Deleted, or replaced, and not surely so.
    before: Option<Content>,
}

#[derive(Clone, Debug)]
struct Inner {
    files: BTreeMap<String, Named>,
    goes: Goes,
    calls: u64,
    off: bool,
    /// Handles of before the last cut are dead.
    since_cut: u64,
}

/// One disk with one directory.
pub struct Disk {
    root: String,
    inner: Arc<Mutex<Inner>>,
}

static DISKS: Mutex<BTreeMap<String, Arc<Mutex<Inner>>>> = Mutex::new(BTreeMap::new());
static KNOWN: Once = Once::new();

fn disks() -> MutexGuard<'static, BTreeMap<String, Arc<Mutex<Inner>>>> {
    DISKS.lock().expect("no holder of this lock can panic")
}

impl Disk {
    pub fn new() -> Self {
        Self::with(Inner { files: BTreeMap::new(), goes: Goes::Well, calls: 0, off: false, since_cut: 0 })
    }

    fn with(inner: Inner) -> Self {
        KNOWN.call_once(|| sqlite_vfs::register(VFS, Power, false).expect("the name is free"));
        let mut disks = disks();
        let number = disks.keys().next_back().map_or(0, |last| last[1..].parse::<u64>().expect("disks are numbered") + 1);
        let (root, inner) = (format!("/{number:012}"), Arc::new(Mutex::new(inner)));
        disks.insert(root.clone(), inner.clone());
        Self { root, inner }
    }

    /// Another disk with the same on it, and no calls counted.
    pub fn copy(&self) -> Self {
        Self::with(Inner { calls: 0, ..self.inner().clone() })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock can panic")
    }

    pub fn path(&self) -> String {
        format!("{}/store.db", self.root)
    }

    /// From now on, counted from here.
    pub fn goes(&self, goes: Goes) {
        let mut inner = self.inner();
        (inner.goes, inner.calls) = (goes, 0);
    }

    /// Calls that changed something, or were to.
    pub fn calls(&self) -> u64 {
        self.inner().calls
    }

    /// The power goes, and comes back: what was not synced is there in pieces, by this cut.
    pub fn cut(&self, cut: &mut Cut) {
        let mut inner = self.inner();
        let lands = cut.lands();
        let files = std::mem::take(&mut inner.files);
        for (name, named) in files {
            if let Some(bytes) = survivor(named, &lands, cut) {
                inner.files.insert(name, Named { now: Some(Content::on_disk(bytes)), before: None });
            }
        }
        (inner.goes, inner.calls, inner.off) = (Goes::Well, 0, false);
        inner.since_cut += 1;
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        disks().remove(&self.root);
    }
}

/// The content that a name has after the cut.
fn survivor(named: Named, lands: &Lands, cut: &mut Cut) -> Option<Vec<u8>> {
    let Named { now, before } = named;
    match now {
        Some(content) if content.named || cut.coin() => Some(cut.torn(content, lands)),
        _ => before.filter(|_| cut.coin()).map(|content| cut.torn(content, lands)),
    }
}

impl Inner {
    /// Counts a call that changes something. `Ok(false)`: it is done, and the power goes with it.
    fn call(&mut self) -> Result<bool> {
        if self.off {
            return Err(Error::other("the power is off"));
        }
        self.calls += 1;
        match self.goes {
            Goes::Off { at } if self.calls >= at => {
                self.off = true;
                Ok(false)
            }
            Goes::Fails { at, kind, once } if self.calls == at || self.calls > at && !once => Err(Error::new(kind, "the disk fails")),
            _ => Ok(true),
        }
    }

    fn change(&mut self, name: &str, change: Change) -> Result<()> {
        let done = self.call()?;
        let named = self.files.get_mut(name).and_then(|named| named.now.as_mut());
        named.ok_or_else(|| Error::from(ErrorKind::NotFound))?.change(change);
        if done { Ok(()) } else { Err(Error::other("the power is off")) }
    }

    fn sync(&mut self, name: &str) -> Result<()> {
        if !self.call()? {
            return Err(Error::other("the power is off"));
        }
        let content = self.files.get_mut(name).and_then(|named| named.now.as_mut()).ok_or_else(|| Error::from(ErrorKind::NotFound))?;
        content.sync();
        if !content.named && !name.ends_with(".db") {
            self.sync_directory();
        }
        Ok(())
    }

    fn sync_directory(&mut self) {
        for named in self.files.values_mut() {
            named.before = None;
            if let Some(content) = &mut named.now {
                content.named = true;
            }
        }
        self.files.retain(|_, named| named.now.is_some());
    }

    fn make(&mut self, name: &str) {
        let named = self.files.entry(name.to_owned()).or_default();
        named.now.get_or_insert_default();
    }

    fn delete(&mut self, name: &str) -> Result<()> {
        let done = self.call()?;
        let named = self.files.get_mut(name).ok_or_else(|| Error::from(ErrorKind::NotFound))?;
        let gone = named.now.take().ok_or_else(|| Error::from(ErrorKind::NotFound))?;
        // A name that was never on disk cannot come back.
        if gone.named {
            named.before = Some(gone);
        }
        // SQLite asks for the directory to be synced where it deletes a rollback journal: that is its commit.
        if name.ends_with("-journal") && done {
            self.sync_directory();
        }
        if done { Ok(()) } else { Err(Error::other("the power is off")) }
    }
}

struct Power;

/// The disk that a path lies on, and the name there; none: a file for sorting, which needs none.
fn disk_of(path: &str) -> Option<(Arc<Mutex<Inner>>, &str)> {
    let (root, name) = path.split_at_checked(path.rfind('/')?)?;
    Some((disks().get(root).cloned()?, name))
}

fn locked(disk: &Arc<Mutex<Inner>>) -> MutexGuard<'_, Inner> {
    disk.lock().expect("no holder of this lock can panic")
}

impl Vfs for Power {
    type Handle = Handle;

    fn open(&self, path: &str, options: OpenOptions) -> Result<Handle> {
        let stored = matches!(options.kind, OpenKind::MainDb | OpenKind::MainJournal | OpenKind::Wal);
        let place = match disk_of(path).filter(|_| stored) {
            None => Place::Scratch(Vec::new()),
            Some((disk, name)) => {
                let since_cut = {
                    let mut inner = locked(&disk);
                    if inner.off {
                        return Err(Error::other("the power is off"));
                    }
                    let there = inner.files.get(name).is_some_and(|named| named.now.is_some());
                    match options.access {
                        OpenAccess::Create | OpenAccess::CreateNew => inner.make(name),
                        OpenAccess::Read | OpenAccess::Write if !there => return Err(ErrorKind::NotFound.into()),
                        OpenAccess::Read | OpenAccess::Write => {}
                    }
                    inner.since_cut
                };
                Place::Disk { disk, name: name.to_owned(), since_cut }
            }
        };
        Ok(Handle { place, lock: LockKind::None })
    }

    fn delete(&self, path: &str) -> Result<()> {
        disk_of(path).map_or(Ok(()), |(disk, name)| locked(&disk).delete(name))
    }

    fn exists(&self, path: &str) -> Result<bool> {
        let (disk, name) = disk_of(path).ok_or_else(|| Error::from(ErrorKind::NotFound))?;
        Ok(locked(&disk).files.get(name).is_some_and(|named| named.now.is_some()))
    }

    fn temporary_name(&self) -> String {
        "/sorted".to_owned()
    }

    fn random(&self, buffer: &mut [i8]) {
        buffer.fill(7);
    }

    fn sleep(&self, duration: Duration) -> Duration {
        duration
    }
}

pub struct Handle {
    place: Place,
    lock: LockKind,
}

enum Place {
    Scratch(Vec<u8>),
    Disk { disk: Arc<Mutex<Inner>>, name: String, since_cut: u64 },
}

impl Handle {
    fn with<T>(&self, scratch: impl FnOnce(&Vec<u8>) -> T, disk: impl FnOnce(&mut Inner, &str) -> Result<T>) -> Result<T> {
        match &self.place {
            Place::Scratch(bytes) => Ok(scratch(bytes)),
            Place::Disk { disk: of, name, since_cut } => {
                let mut inner = locked(of);
                if inner.since_cut != *since_cut || inner.off {
                    return Err(Error::other("the power is off"));
                }
                disk(&mut inner, name)
            }
        }
    }

    fn change(&mut self, change: Change) -> Result<()> {
        if let Place::Scratch(bytes) = &mut self.place {
            apply(bytes, &change);
            return Ok(());
        }
        self.with(|_| (), |inner, name| inner.change(name, change))
    }

    fn bytes<T>(&self, read: impl Fn(&[u8]) -> T) -> Result<T> {
        let stored = |inner: &mut Inner, name: &str| {
            let content = inner.files.get(name).and_then(|named| named.now.as_ref());
            content.map(|content| read(&content.now)).ok_or_else(|| Error::from(ErrorKind::NotFound))
        };
        self.with(|bytes| read(bytes), stored)
    }
}

impl DatabaseHandle for Handle {
    type WalIndex = WalDisabled;

    fn size(&self) -> Result<u64> {
        self.bytes(|bytes| bytes.len() as u64)
    }

    fn read_exact_at(&mut self, buffer: &mut [u8], offset: u64) -> Result<()> {
        buffer.fill(0);
        let from = usize::try_from(offset).map_err(Error::other)?;
        let wanted = buffer.len();
        let found = self.bytes(|bytes| bytes.get(from..bytes.len().min(from + wanted)).unwrap_or_default().to_vec())?;
        buffer[..found.len()].copy_from_slice(&found);
        if found.len() < wanted { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        let at = usize::try_from(offset).map_err(Error::other)?;
        self.change(Change::Write { at, bytes: bytes.to_vec() })
    }

    fn sync(&mut self, _: bool) -> Result<()> {
        self.with(|_| (), |inner, name| inner.sync(name))
    }

    fn set_len(&mut self, size: u64) -> Result<()> {
        self.change(Change::Length(usize::try_from(size).map_err(Error::other)?))
    }

    // One process has the store, by its own lock.
    fn lock(&mut self, lock: LockKind) -> Result<bool> {
        self.lock = lock;
        Ok(true)
    }

    fn reserved(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn current_lock(&self) -> Result<LockKind> {
        Ok(self.lock)
    }

    fn wal_index(&self, _: bool) -> Result<WalDisabled> {
        Ok(WalDisabled)
    }
}
