//! Opening a file: is it a store, of a version we know, and set up so that what was answered is on disk.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault::disk;
use crate::store::StoreError;

/// Marks a file as ours ("sync"); any other SQLite file is refused rather than written into.
const APPLICATION_ID: i32 = 0x7379_6e63;
/// Only ever added to; the number of the last one is the file's `user_version`.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_tried.sql"),
    include_str!("../migrations/0003_forget.sql"),
    include_str!("../migrations/0004_history.sql"),
    include_str!("../migrations/0005_back.sql"),
    include_str!("../migrations/0006_hangs.sql"),
];
/// Older libraries can corrupt a file in WAL mode when two connections write or checkpoint at once.
const SQLITE_MIN: (i32, &str) = (3_051_003, "3.51.3");
/// Page cache of the writer: holds the inner pages of every index of a million entities.
const WRITER_CACHE_KIB: i32 = 24 << 10;
/// Page cache of one reader.
const READER_CACHE_KIB: i32 = 4 << 10;
/// Pages in the write-ahead log before they are copied into the file: fewer copies of a hot page than SQLite's own 1,000.
const CHECKPOINT_PAGES: i32 = 4_000;
/// The log is cut back to this after a checkpoint.
const LOG_BYTES_MAX: i64 = 64 << 20;
/// A reader waits this long for a moment when the log is being reset; the writer never competes with anyone.
const BUSY_MS: i32 = 5_000;

/// The version of the schema this program writes.
pub const NEWEST: u32 = MIGRATIONS.len() as u32;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Write,
    Read,
}

/// Opens the file, checks it, and for the writer brings it to the newest schema.
pub fn open(path: &Path, purpose: Purpose) -> Result<Connection, StoreError> {
    library()?;
    let file = path.display().to_string();
    let access = match purpose {
        Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Purpose::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    if purpose == Purpose::Write {
        keep_private(path).map_err(|e| super::cannot_open(&file, &e))?;
    }
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|e| refused(&file, e))?;
    temporary_files_beside(&conn, path).map_err(|e| refused(&file, e))?;
    ready(conn, &file, purpose, NEWEST)
}

/// Checks what was opened, sets it up, and for the writer brings it to this schema.
pub fn ready(mut conn: Connection, file: &str, purpose: Purpose, version: u32) -> Result<Connection, StoreError> {
    let fresh = check(&conn, file, purpose)?;
    if fresh && purpose == Purpose::Read {
        return Err(StoreError::Damaged { file: file.into(), why: "it is empty".into() });
    }
    set_up(&conn, purpose).map_err(|e| refused(file, e))?;
    if purpose == Purpose::Write {
        migrate(&mut conn, file, version)?;
    }
    Ok(conn)
}

/// What it holds is a company's customers: only the account that runs the daemon may read it. SQLite gives its log the same mode.
fn keep_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// A store that is gone with the process.
pub fn in_memory() -> Result<Connection, StoreError> {
    library()?;
    let file = ":memory:";
    let mut conn = Connection::open_in_memory().map_err(|e| refused(file, e))?;
    set_up(&conn, Purpose::Write).map_err(|e| refused(file, e))?;
    migrate(&mut conn, file, NEWEST)?;
    Ok(conn)
}

fn library() -> Result<(), StoreError> {
    if rusqlite::version_number() >= SQLITE_MIN.0 {
        return Ok(());
    }
    let why = format!("the SQLite library is {}, at least {} is needed", rusqlite::version(), SQLITE_MIN.1);
    Err(StoreError::Damaged { file: "the store".into(), why })
}

/// Whether the file is new; anything that is no store, or newer than we are, is refused before a byte of it changes.
fn check(conn: &Connection, file: &str, purpose: Purpose) -> Result<bool, StoreError> {
    let number = |pragma: &str| conn.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0)).map_err(|e| refused(file, e));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(|e| refused(file, e))?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(true);
    }
    if application != i64::from(APPLICATION_ID) {
        return Err(StoreError::Damaged { file: file.into(), why: "it is a database of another program".into() });
    }
    match u32::try_from(version) {
        Ok(version) if version < NEWEST && purpose == Purpose::Read => Err(StoreError::Older { file: file.into() }),
        Ok(version) if version <= NEWEST => Ok(false),
        Ok(found) => Err(StoreError::Newer { file: file.into(), found, known: NEWEST }),
        Err(_) => Err(StoreError::Damaged { file: file.into(), why: format!("its version is {version}") }),
    }
}

fn set_up(conn: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
    let cache = match purpose {
        Purpose::Write => WRITER_CACHE_KIB,
        Purpose::Read => READER_CACHE_KIB,
    };
    conn.busy_timeout(std::time::Duration::from_millis(BUSY_MS as u64))?;
    conn.set_prepared_statement_cache_capacity(128);
    // Plans hang on the schema alone: else SQLite prepares many a statement anew for each value that is bound to it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "cache_size", -cache)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    match purpose {
        Purpose::Read => conn.pragma_update(None, "query_only", true),
        Purpose::Write => {
            conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            conn.pragma_update(None, "synchronous", "FULL")?;
            conn.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
            conn.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_MAX, |_| Ok(()))
        }
    }
}

fn migrate(conn: &mut Connection, file: &str, newest: u32) -> Result<(), StoreError> {
    let failed = |e| disk(file, "migrate", e);
    let version: u32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    for (number, sql) in MIGRATIONS.iter().enumerate().take(newest as usize).skip(version as usize) {
        let tx = conn.transaction().map_err(failed)?;
        tx.execute_batch(sql).map_err(failed)?;
        if number == 0 {
            tx.execute("INSERT INTO meta VALUES (1, lower(hex(randomblob(8))), 1)", []).map_err(failed)?;
            tx.execute("INSERT INTO lease (id, epoch) VALUES (1, 0)", []).map_err(failed)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        }
        tx.pragma_update(None, "user_version", number as u32 + 1).map_err(failed)?;
        tx.commit().map_err(failed)?;
    }
    Ok(())
}

/// The store's own id.
pub fn instance(conn: &Connection) -> rusqlite::Result<String> {
    conn.prepare_cached("SELECT instance FROM meta")?.query_row([], |row| row.get(0))
}

/// Big sorts need room on disk; in a container with a read-only root only the store's own volume has it. The place is the whole
/// process's, and SQLite falls back to the system's own where it is gone, so the first store opened says it.
fn temporary_files_beside(conn: &Connection, path: &Path) -> rusqlite::Result<()> {
    static SAID: AtomicBool = AtomicBool::new(false);
    let Some(directory) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) else { return Ok(()) };
    if SAID.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    conn.execute_batch(&format!("PRAGMA temp_store_directory = '{}'", directory.display().to_string().replace('\'', "''")))
}

fn refused(file: &str, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Damaged { file: file.into(), why: error.to_string() },
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::DiskFull | ErrorCode::ReadOnly) => {
            StoreError::Disk { file: file.into(), source: error }
        }
        _ => StoreError::Failed { doing: "open", source: error },
    }
}
