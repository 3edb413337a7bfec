//! Who may write: a lock on a file beside the store, which ends with its process, and a row with an epoch that every write checks.
//!
//! The lock answers at once where both processes share a machine; the row answers for the rest, and fences a process that was thought dead.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::column;
use super::fault::Fault;
use super::writer::Write;
use crate::plant::planted;
use crate::store::{LeaseHolder, StoreError};

/// What this process believes about the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Never asked for; only a store in memory is written so.
    Never,
    Epoch(i64),
    Released,
}

impl Held {
    /// Whether another process took the store since.
    pub fn is_fenced(self, conn: &Connection) -> rusqlite::Result<bool> {
        match self {
            Held::Never => Ok(false),
            Held::Epoch(_) if planted!("epoch-not-checked") => Ok(false),
            Held::Released => Ok(true),
            Held::Epoch(mine) => {
                let now: i64 = conn.prepare_cached("SELECT epoch FROM lease")?.query_row([], |row| row.get(0))?;
                Ok(now != mine)
            }
        }
    }
}

/// Whether the lock proves that no other process on this machine has the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    Locked,
    /// The file system knows no locks.
    None,
}

/// The lock file, held as long as the store.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    pub proof: Proof,
}

/// Takes the lock; `None` if another process has it.
pub fn lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(lock_path(path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file, proof: Proof::Locked })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(Some(Lock { _file: file, proof: Proof::None })),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

struct Row {
    process: u32,
    host: String,
    since: Timestamp,
    ends: Timestamp,
}

fn row(conn: &Connection) -> Result<Option<Row>, Fault> {
    let row = conn
        .query_row("SELECT process, host, since, renewed, lives FROM lease WHERE process IS NOT NULL", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?, row.get::<_, i64>(4)?))
        })
        .optional()?;
    let Some((process, host, since, renewed, lives)) = row else { return Ok(None) };
    Ok(Some(Row { process, host, since: column::instant(since)?, ends: column::instant(renewed.saturating_add(lives))? }))
}

/// Who has the store, for a process that may not.
pub fn held_by(conn: &Connection, file: &str) -> Result<StoreError, Fault> {
    Ok(match row(conn)? {
        Some(row) => refuse(file, row),
        // The lock is taken a moment before the row.
        None => StoreError::Held { file: file.into(), process: 0, host: "this machine".into(), since: "just now".into() },
    })
}

fn refuse(file: &str, row: Row) -> StoreError {
    StoreError::Held { file: file.into(), process: row.process, host: row.host, since: row.since.to_string() }
}

/// Writes the holder with a new epoch, unless somebody else may still be alive.
pub fn take(conn: &Connection, held: &mut Held, holder: &LeaseHolder, proof: Proof, file: &str) -> Result<(), Fault> {
    let mine = matches!(held, Held::Epoch(_)) && !held.is_fenced(conn)?;
    if let Some(row) = row(conn)?
        && !mine
    {
        let ours = row.process == holder.process && row.host == holder.host;
        let dead = ours || (row.host == holder.host && proof == Proof::Locked) || row.ends <= holder.now;
        if !dead {
            return Err(Fault::Store(refuse(file, row)));
        }
    }
    let lives = i64::try_from(holder.lives.as_millis()).unwrap_or(i64::MAX);
    let now = column::millis(holder.now);
    let sql = "UPDATE lease SET epoch = epoch + 1, process = ?1, host = ?2, since = ?3, renewed = ?3, lives = ?4 RETURNING epoch";
    let epoch = conn.query_row(sql, params![holder.process, holder.host, now, lives], |row| row.get(0))?;
    *held = Held::Epoch(epoch);
    Ok(())
}

pub fn renew(write: &mut Write, now: Timestamp) -> Result<(), Fault> {
    write.execute("UPDATE lease SET renewed = max(renewed, ?1)", [column::millis(now)])?;
    Ok(())
}

pub fn release(write: &mut Write) -> Result<(), Fault> {
    write.execute("UPDATE lease SET process = NULL, host = NULL", [])?;
    *write.held = Held::Released;
    Ok(())
}
