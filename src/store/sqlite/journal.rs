//! The journal: intents before writes, what became of them after.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::column;
use super::fault::Fault;
use super::writer::Write;
use crate::id::{EntityId, EntryId, RunId};
use crate::mapping::SystemIx;
use crate::store::Journalled;
use crate::store::stored::{Terms, entry as stored};
use crate::sync::op::{Entry, EntryState};
use crate::sync::pace::{TRIED_MAX, Tried};

const COLUMNS: &str = "uuid, run, entity, system, state, attempt, first_sent_at, deadline, body";

pub fn insert(write: &Write, terms: &Terms, entry: &Entry) -> Result<(), Fault> {
    let sql = "INSERT INTO entry (uuid, mapping, entity, system, run, kind, state, attempt, first_sent_at, deadline, body)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    write.execute(
        sql,
        params![
            entry.id.0.as_bytes(),
            terms.mapping.0,
            entry.op.entity.0,
            terms.system(entry.op.system),
            entry.run.0,
            stored::kind(&entry.op.kind),
            stored::state(entry.state),
            entry.attempt,
            entry.first_sent_at.map(column::millis),
            entry.deadline.map(column::millis_up),
            stored::write(entry, terms),
        ],
    )?;
    Ok(())
}

pub fn set_state(write: &Write, id: EntryId, state: EntryState) -> Result<(), Fault> {
    let changed = write.execute("UPDATE entry SET state = ?2 WHERE uuid = ?1", params![id.0.as_bytes(), stored::state(state)])?;
    known(changed, id)
}

pub fn settle(write: &Write, id: EntryId, state: EntryState, at: Timestamp, answer: &str) -> Result<(), Fault> {
    let sql = "UPDATE entry SET state = ?2, settled_at = ?3, answer = ?4 WHERE uuid = ?1";
    let changed = write.execute(sql, params![id.0.as_bytes(), stored::state(state), column::millis(at), answer])?;
    known(changed, id)
}

pub fn mark_sent(write: &Write, ids: &[EntryId], at: Timestamp, deadline: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE entry SET state = ?2, attempt = attempt + 1, first_sent_at = coalesce(first_sent_at, ?3), deadline = ?4
               WHERE uuid = ?1 AND state < 5";
    for id in ids {
        let sent = stored::state(EntryState::Sent);
        let changed = write.execute(sql, params![id.0.as_bytes(), sent, column::millis(at), column::millis_up(deadline)])?;
        known(changed, *id)?;
    }
    Ok(())
}

fn known(changed: usize, id: EntryId) -> Result<(), Fault> {
    if changed == 1 { Ok(()) } else { Err(Fault::unknown(format!("open journal entry {id}"))) }
}

pub fn has_open(conn: &Connection, terms: &Terms) -> Result<bool, Fault> {
    let sql = "SELECT EXISTS (SELECT 1 FROM entry WHERE mapping = ?1 AND state < 5)";
    Ok(conn.prepare_cached(sql)?.query_row([terms.mapping.0], |row| row.get(0))?)
}

pub fn open_of(conn: &Connection, terms: &Terms, entity: EntityId) -> Result<Vec<Entry>, Fault> {
    query(conn, terms, "mapping = ?1 AND entity = ?2 AND state < 5", params![terms.mapping.0, entity.0])
}

/// Creates of one system whose outcome is open, of all entities.
pub fn open_creates(conn: &Connection, terms: &Terms, system: SystemIx) -> Result<Vec<Entry>, Fault> {
    let params = params![terms.mapping.0, terms.system(system), stored::CREATE];
    query(conn, terms, "mapping = ?1 AND state < 5 AND system = ?2 AND kind = ?3", params)
}

/// What may be at a vendor or was never sent: ghosts and reviews only wait.
pub fn unsettled(conn: &Connection, terms: &Terms) -> Result<Vec<Entry>, Fault> {
    query(conn, terms, "mapping = ?1 AND state < 5 AND state < 3", params![terms.mapping.0])
}

/// The newest first; it stops at the first that is older than `since`, or than the last answer of a person about the entity.
pub fn tried(conn: &Connection, terms: &Terms, entity: EntityId, since: Timestamp) -> Result<Vec<Tried>, Fault> {
    let sql = "SELECT max(answered_at) FROM review WHERE entity = ?1 AND answered_at IS NOT NULL";
    let answered: Option<i64> = conn.prepare_cached(sql)?.query_row([entity.0], |row| row.get(0))?;
    let since = column::millis(since).max(answered.unwrap_or(i64::MIN));
    let sql = format!("SELECT {COLUMNS}, answer, coalesce(settled_at, first_sent_at) FROM entry WHERE entity = ?1 ORDER BY id DESC LIMIT {TRIED_MAX}");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([entity.0])?;
    let mut tried = Vec::new();
    while let Some(row) = rows.next()? {
        // Dropped before it was sent: nothing was tried.
        let Some(at) = row.get::<_, Option<i64>>(10)? else { continue };
        if at <= since {
            break;
        }
        let Some(entry) = read(row, terms)? else { continue };
        tried.push(Tried {
            system: entry.op.system,
            run: entry.run,
            at: column::instant(at)?,
            state: entry.state,
            answer: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
            fields: entry.op.fields,
        });
    }
    Ok(tried)
}

/// All that was ever meant to be written to the entity and is still kept, the newest first.
pub fn history(conn: &Connection, terms: &Terms, entity: EntityId, limit: usize) -> Result<Vec<Journalled>, Fault> {
    let sql = format!("SELECT {COLUMNS}, answer, settled_at FROM entry WHERE entity = ?1 AND mapping = ?2 ORDER BY id DESC LIMIT ?3");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params![entity.0, terms.mapping.0, limit as i64])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(entry) = read(row, terms)? else { continue };
        all.push(Journalled { entry, answer: row.get(9)?, settled_at: column::maybe_instant(row.get(10)?)? });
    }
    Ok(all)
}

/// Entities of which these runs journalled something, in order.
pub fn written(conn: &Connection, terms: &Terms, runs: &[RunId], after: Option<EntityId>, limit: usize) -> Result<Vec<EntityId>, Fault> {
    let after = after.map_or(i64::MIN, |entity| entity.0);
    let sql = "SELECT DISTINCT entity FROM entry WHERE run = ?1 AND entity > ?2 AND mapping = ?3 ORDER BY entity LIMIT ?4";
    let mut statement = conn.prepare_cached(sql)?;
    let mut found = BTreeSet::new();
    for run in runs {
        let rows = statement.query_map(params![run.0, after, terms.mapping.0, limit as i64], |row| row.get(0).map(EntityId))?;
        found.extend(rows.collect::<rusqlite::Result<Vec<EntityId>>>()?);
    }
    Ok(found.into_iter().take(limit).collect())
}

/// Everything of one entity, oldest first.
pub fn of(conn: &Connection, terms: &Terms, entity: EntityId) -> Result<Vec<Entry>, Fault> {
    query(conn, terms, "mapping = ?1 AND entity = ?2", params![terms.mapping.0, entity.0])
}

fn query(conn: &Connection, terms: &Terms, which: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<Entry>, Fault> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM entry WHERE {which} ORDER BY id"))?;
    let mut rows = statement.query(params)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.extend(read(row, terms)?);
    }
    Ok(entries)
}

/// `None`: of a system that left the mapping; it can be neither looked up nor sent any more.
fn read(row: &rusqlite::Row, terms: &Terms) -> Result<Option<Entry>, Fault> {
    let Some(system) = terms.system_ix(row.get(3)?) else { return Ok(None) };
    let id: [u8; 16] = row.get(0)?;
    let columns = stored::Columns {
        id: EntryId(uuid::Uuid::from_bytes(id)),
        run: RunId(row.get(1)?),
        entity: EntityId(row.get(2)?),
        system,
        state: stored::read_state(row.get(4)?)?,
        attempt: row.get(5)?,
        first_sent_at: column::maybe_instant(row.get(6)?)?,
        deadline: column::maybe_instant(row.get(7)?)?,
    };
    let body: Vec<u8> = row.get(8)?;
    Ok(Some(stored::read(columns, &body, terms)?))
}
