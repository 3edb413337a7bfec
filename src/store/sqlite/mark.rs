//! How far the store has come, in a file beside it: a backup that was put back is behind that file, or has none.
//!
//! The store's own mark is on disk before the file says so, so a store that nobody replaced is never behind.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::column;
use super::fault::Fault;
use crate::store::stored::entry;
use crate::sync::op::EntryState;

/// Entity ids that may have been given after the backup was made, and stand in vendors' records: none of them is given again.
const IDS_SKIPPED: i64 = 1 << 30;

/// What stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The store's own id: the mark of another store says nothing of this one.
    store: String,
    mark: i64,
    /// The next entity id.
    entity: i64,
}

/// Beside the store, with `.mark` at its end.
pub fn path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".mark");
    PathBuf::from(name)
}

/// `None`: no file, or none that can be read; then a store that ever had one was moved or restored without it.
pub fn read(store: &Path) -> io::Result<Option<Mark>> {
    match std::fs::read(path(store)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts the whole file in the place of the last one, and both on disk: after a power cut it is the one or the other, and neither empty nor gone.
pub fn write(store: &Path, mark: &Mark) -> io::Result<()> {
    let beside = store.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = NamedTempFile::new_in(beside)?;
    serde_json::to_writer(&mut new, mark)?;
    new.as_file().sync_all()?;
    new.persist(path(store)).map_err(|error| error.error)?;
    File::open(beside)?.sync_all()
}

/// What stands in the file of a store that never had one: it was never used, so nothing is missing.
pub fn first(conn: &Connection) -> Result<Option<Mark>, Fault> {
    let now = now(conn)?;
    Ok(Some(now).filter(|now| now.mark == 0))
}

fn now(conn: &Connection) -> rusqlite::Result<Mark> {
    conn.query_row("SELECT instance, mark, entity FROM meta", [], |row| Ok(Mark { store: row.get(0)?, mark: row.get(1)?, entity: row.get(2)? }))
}

/// The store goes on: one step further than it, and than the file, ever was.
pub fn step(conn: &Connection, beside: Option<&Mark>, at: Timestamp) -> Result<Mark, Fault> {
    let Mark { store, mark, entity } = now(conn)?;
    let beside = beside.filter(|beside| beside.store == store);
    let is_restored = beside.map_or(mark > 0, |beside| mark < beside.mark);
    let known = beside.map_or(mark, |beside| beside.mark.max(mark));
    if is_restored {
        let entity = beside.map_or(entity, |beside| beside.entity.max(entity)) + IDS_SKIPPED;
        conn.execute("UPDATE meta SET entity = ?1", [entity])?;
        restored(conn, at)?;
    }
    conn.execute("UPDATE meta SET mark = ?1", [known])?;
    advance(conn)
}

/// One step further, while this process has the store.
pub fn advance(conn: &Connection) -> Result<Mark, Fault> {
    let sql = "UPDATE meta SET mark = mark + 1 RETURNING instance, mark, entity";
    Ok(conn.query_row(sql, [], |row| Ok(Mark { store: row.get(0)?, mark: row.get(1)?, entity: row.get(2)? }))?)
}

/// From now on nothing is written until a person confirms. What was about to be sent may have been sent since.
pub fn restored(conn: &Connection, now: Timestamp) -> Result<(), Fault> {
    let now = column::millis(now);
    conn.execute("UPDATE meta SET restored = coalesce(restored, ?1)", [now])?;
    let sql = "UPDATE entry SET state = ?1, attempt = max(attempt, 1), first_sent_at = coalesce(first_sent_at, (SELECT renewed FROM lease), ?2),
               deadline = coalesce(deadline, ?2) WHERE state IN (?3, ?4)";
    let (ready, sent) = (entry::state(EntryState::Ready), entry::state(EntryState::Sent));
    conn.execute(sql, params![entry::state(EntryState::InDoubt), now, ready, sent])?;
    Ok(())
}

/// A person confirmed it: all records are read whole by the next run of each mapping, so that links and shadows are checked.
pub fn confirm(conn: &Connection) -> Result<(), Fault> {
    conn.execute("UPDATE meta SET restored = NULL", [])?;
    conn.execute("UPDATE mapping SET epoch = epoch + 1 WHERE adopted > 0", [])?;
    Ok(())
}

/// Since when the store is known to be restored.
pub fn since(conn: &Connection) -> Result<Option<Timestamp>, Fault> {
    let at: Option<i64> = conn.prepare_cached("SELECT restored FROM meta")?.query_row([], |row| row.get(0))?;
    Ok(column::maybe_instant(at)?)
}
