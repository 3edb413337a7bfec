//! Power cuts and failing disks: the real opening and writing code on a disk that keeps what was not synced apart.
//!
//! `CUTS=20000 cargo test --lib power` cuts that often, `CUT=17` once, with this seed. The store has one connection here, with the log's index in memory:
//! what readers share is no part of what a cut can tear, since it is made anew from the log.

mod cut;
mod disk;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::schema::{self, Purpose};
use super::tests::shown;
use super::writer::{Here, Writer};
use super::{Sqlite, claim, lease::Proof};
use crate::id::{EntityId, RunId};
use crate::store::suite::{look, sample};
use crate::store::{Accepted, Delivery, Feed, LeaseHolder, MappingId, Store, StoreError};
use crate::sync::op::{EntryState, OpKind};
use crate::system::Cursor;
use cut::Cut;
use disk::{Disk, Goes, VFS};

/// Cuts of a plain `cargo test`.
const CUTS: u64 = 300;
/// Disks that fail in a plain `cargo test`.
const FAILURES: u64 = 120;
/// Calls to the store in one trial.
const STEPS: u64 = 18;
/// SQLite's own way of registering disks knows no threads.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

type Ids = (MappingId, RunId);

/// A machine with such a disk, and the file beside the store on a real one.
struct Machine {
    disk: Disk,
    beside: tempfile::TempDir,
    synchronous: &'static str,
    /// Pages in the log before they are copied into the file; few, so that a cut meets the copying.
    log_pages: u32,
}

impl Machine {
    fn new(log_pages: u32) -> Self {
        Self { disk: Disk::new(), beside: tempfile::tempdir().expect("a directory"), synchronous: "FULL", log_pages }
    }

    fn copy(&self) -> Self {
        let copy = Self { disk: self.disk.copy(), ..Self::new(self.log_pages) };
        let mark = super::mark::path(&self.beside());
        if mark.exists() {
            std::fs::copy(mark, super::mark::path(&copy.beside())).expect("copies");
        }
        copy
    }

    fn beside(&self) -> PathBuf {
        self.beside.path().join("store.db")
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |e| super::fault::disk("store.db", "open", e);
        let conn = Connection::open_with_flags_and_vfs(self.disk.path(), flags, VFS).map_err(failed)?;
        conn.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(())).map_err(failed)?;
        Ok(conn)
    }

    /// As a process opens it.
    fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        self.open_at(schema::NEWEST)
    }

    fn open_at(&self, version: u32) -> Result<Arc<dyn Store>, StoreError> {
        let file = "store.db";
        let mut conn = schema::ready(self.connect()?, file, Purpose::Write, version)?;
        let failed = |e| super::fault::disk(file, "open", e);
        conn.pragma_update(None, "synchronous", self.synchronous).map_err(failed)?;
        conn.pragma_update_and_check(None, "wal_autocheckpoint", self.log_pages, |_| Ok(())).map_err(failed)?;
        let holder = LeaseHolder { process: 1, host: "here".into(), now: sample::at(0), lives: Duration::from_secs(30) };
        claim(&mut conn, &self.beside(), &holder, Proof::Locked)?;
        let mut store = Sqlite::new(file.into(), &conn, None, None)?;
        store.writer = Some(Writer::Here(Here::start(conn, file.into())?));
        Ok(Arc::new(store))
    }

    /// What SQLite itself finds wrong.
    fn damage(&self) -> Option<String> {
        let conn = self.connect().expect("it was opened before");
        let answer: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
        let dangling = conn.prepare("PRAGMA foreign_key_check").expect("prepares").exists([]).expect("checks");
        (answer != "ok" || dangling).then_some(answer)
    }
}

fn delivery(ids: Ids, number: u64) -> Delivery {
    Delivery {
        connection: "crm".into(),
        identity: format!("d{number}"),
        verified_by: "test".into(),
        received_at: sample::at(5),
        touched: vec![sample::touch(ids.0, sample::CRM, &format!("told{number}"))],
        feeds: Vec::new(),
    }
}

/// The calls of a run and of webhooks, one after the other.
async fn step(store: &Arc<dyn Store>, ids: Ids, number: u64) -> Result<(), StoreError> {
    let (id, entry) = ((number / 6 * 100 + 1) as i64, u128::from(number / 6 + 1));
    match number % 6 {
        0 => {
            let mut look = sample::merged(None, sample::settled(id));
            look.entries = vec![sample::entry(entry, ids.1, EntityId(id), sample::ERP, OpKind::Update)];
            store.commit_merged(ids.0, ids.1, vec![look], sample::at(2)).await
        }
        1 => store.mark_sent(&[crate::id::EntryId(uuid::Uuid::from_u128(entry))], sample::at(4), sample::at(9)).await,
        2 => store.accept(delivery(ids, number)).await.map(|_| ()),
        3 => {
            let mut after = sample::settled(id);
            after.links[1].as_mut().expect("is linked").version = Some("v2".into());
            store.settle(ids.0, vec![look::settled_as(entry, EntryState::Done, Some(sample::settled(id)), after)]).await
        }
        4 => {
            let touched = (0..3).map(|at| sample::touch(ids.0, sample::CRM, &format!("page{number}-{at}"))).collect();
            let cursor = Some(Cursor(format!("c{number}")));
            store.commit_page(&"crm".into(), &"Opportunity".into(), Feed::Changes, cursor, touched, sample::at(3)).await
        }
        _ => {
            let many = (1..40).map(|more| sample::merged(None, sample::settled(id + more))).collect();
            store.commit_merged(ids.0, ids.1, many, sample::at(2)).await
        }
    }
}

/// A store that was used once, and what it shows after each step.
struct Known {
    base: Machine,
    ids: Ids,
    expected: Vec<String>,
    /// Calls to the disk, of all steps.
    calls: u64,
}

impl Known {
    async fn of(log_pages: u32) -> Self {
        let base = Machine::new(log_pages);
        let store = base.open().expect("opens");
        let ids = sample::registered(&store).await;
        drop(store);
        let calm = base.copy();
        calm.disk.goes(Goes::Well);
        let store = calm.open().expect("opens");
        let mut expected = vec![shown(&store).await];
        for number in 0..STEPS {
            step(&store, ids, number).await.expect("commits");
            expected.push(shown(&store).await);
        }
        drop(store);
        let calls = calm.disk.calls();
        Self { base, ids, expected, calls }
    }

    /// Works until something goes wrong; how many steps were answered, and the error.
    async fn work(&self, machine: &Machine) -> (usize, Option<StoreError>) {
        let store = match machine.open() {
            Ok(store) => store,
            Err(error) => return (0, Some(error)),
        };
        if let Err(error) = store.register(sample::shape()).await {
            return (0, Some(error));
        }
        for number in 0..STEPS {
            if let Err(error) = step(&store, self.ids, number).await {
                return (number as usize, Some(error));
            }
        }
        (STEPS as usize, None)
    }

    /// What is wrong with a store after so many steps were answered.
    async fn wrong(&self, machine: &Machine, answered: usize) -> Option<String> {
        let store = match machine.open() {
            Ok(store) => store,
            Err(error) => return Some(format!("it does not open: {error:?}")),
        };
        let now = shown(&store).await;
        let at = self.expected.iter().position(|expected| *expected == now);
        match at {
            None => return Some(format!("half of something is there after {answered} answered steps:\n{now}")),
            Some(at) if at < answered => return Some(format!("{} of {answered} answered steps are lost", answered - at)),
            Some(at) if at > answered + 1 => return Some("it shows what was never asked".into()),
            Some(_) => {}
        }
        for number in (0..answered as u64).filter(|number| number % 6 == 2) {
            if store.accept(delivery(self.ids, number)).await.expect("accepts") != Accepted::Again {
                return Some(format!("an acknowledged delivery is lost: d{number}"));
            }
        }
        if store.restored().is_some() {
            return Some(format!("it passes for a restored backup after {answered} answered steps"));
        }
        drop(store);
        machine.damage().map(|answer| format!("integrity_check: {answer}"))
    }

    /// The power goes somewhere, perhaps once more while the store is opened again.
    async fn cut(&self, seed: u64, synchronous: &'static str) -> Option<String> {
        let mut cut = Cut::seeded(seed);
        let machine = Machine { synchronous, ..self.base.copy() };
        machine.disk.goes(Goes::Off { at: 1 + cut.below(self.calls) });
        let (answered, _) = self.work(&machine).await;
        machine.disk.cut(&mut cut);
        if cut.coin() {
            machine.disk.goes(Goes::Off { at: 1 + cut.below(12) });
            drop(machine.open());
            machine.disk.cut(&mut cut);
        }
        self.wrong(&machine, answered).await
    }

    /// A call fails; then the process starts again, perhaps after a power cut.
    async fn failure(&self, seed: u64) -> Option<String> {
        let mut cut = Cut::seeded(seed);
        let machine = self.base.copy();
        let kind = if cut.coin() { ErrorKind::WriteZero } else { ErrorKind::Other };
        machine.disk.goes(Goes::Fails { at: 1 + cut.below(self.calls), kind, once: cut.coin() });
        let (answered, error) = self.work(&machine).await;
        if let Some(error) = error.filter(|error| !matches!(error, StoreError::Disk { .. })) {
            return Some(format!("a failing disk is told as {error:?}"));
        }
        machine.disk.goes(Goes::Well);
        if cut.coin() {
            machine.disk.cut(&mut cut);
        }
        self.wrong(&machine, answered).await
    }
}

#[expect(clippy::disallowed_methods, reason = "a person says how often")]
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime of one thread").block_on(work)
}

/// Pages in the log before they are copied into the file: as in production, so never here, and so few that most cuts meet one.
const LOG_PAGES: [u32; 2] = [4_000, 12];

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} go wrong:\n{}", wrong.len(), wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_power_cut_loses_nothing_that_was_answered() {
    wait(async {
        let seeds = number("CUT").map_or(0..number("CUTS").unwrap_or(CUTS), |seed| seed..seed + 1);
        let known = [Known::of(LOG_PAGES[0]).await, Known::of(LOG_PAGES[1]).await];
        let mut wrong = Vec::new();
        for seed in seeds {
            if let Some(why) = known[(seed % 2) as usize].cut(seed, "FULL").await {
                wrong.push(format!("CUT={seed}: {why}"));
            }
        }
        report(&wrong);
    });
}

#[test]
fn with_synchronous_off_a_cut_loses_an_acknowledged_delivery() {
    wait(async {
        let known = Known::of(LOG_PAGES[0]).await;
        let mut lost = 0;
        for seed in 0..40 {
            lost += usize::from(known.cut(seed, "OFF").await.is_some_and(|why| why.contains("lost")));
        }
        assert!(lost > 0, "a store that never syncs would pass for a safe one");
    });
}

#[test]
fn a_failing_disk_loses_nothing_that_was_answered_and_is_told() {
    wait(async {
        let known = [Known::of(LOG_PAGES[0]).await, Known::of(LOG_PAGES[1]).await];
        let mut wrong = Vec::new();
        for seed in 0..number("CUTS").unwrap_or(FAILURES) {
            if let Some(why) = known[(seed % 2) as usize].failure(seed).await {
                wrong.push(format!("failure {seed}: {why}"));
            }
        }
        report(&wrong);
    });
}

/// From each older schema, and from no file at all.
#[test]
fn a_migration_that_is_cut_short_begins_anew() {
    wait(async {
        let mut wrong = Vec::new();
        for version in 0..schema::NEWEST {
            let base = Machine::new(LOG_PAGES[0]);
            if version > 0 {
                drop(schema::ready(base.connect().expect("connects"), "store.db", Purpose::Write, version).expect("migrates so far"));
            }
            let calm = base.copy();
            calm.disk.goes(Goes::Well);
            drop(calm.open().expect("opens"));
            for at in 1..=calm.disk.calls() {
                let machine = base.copy();
                machine.disk.goes(Goes::Off { at });
                drop(machine.open());
                machine.disk.cut(&mut Cut::seeded(at));
                match machine.open() {
                    Err(error) => wrong.push(format!("from {version}, cut at {at}: {error:?}")),
                    Ok(store) if store.restored().is_some() => wrong.push(format!("from {version}, cut at {at}: it passes for a restored backup")),
                    Ok(store) => drop(store),
                }
                wrong.extend(machine.damage());
            }
        }
        report(&wrong);
    });
}
