//! Conflicts, dead letters and decisions: what was decided and what was refused.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::column;
use super::fault::Fault;
use super::tally::Tally;
use super::writer::Write;
use crate::id::{EntityId, EntryId, RunId};
use crate::store::stored::{Terms, conflict as stored};
use crate::store::{Conflict, DeadLetter, Decided};

pub fn insert(write: &Write, terms: &Terms, tally: &mut Tally, conflict: &Conflict) -> Result<(), Fault> {
    let sql = "INSERT INTO conflict (mapping, entity, run, body) VALUES (?1, ?2, ?3, ?4)";
    write.execute(sql, params![terms.mapping.0, conflict.entity.0, conflict.run.0, stored::write(conflict, terms)])?;
    tally.conflicts += 1;
    Ok(())
}

/// The newest first.
pub fn list(conn: &Connection, terms: &Terms, limit: usize) -> Result<Vec<Conflict>, Fault> {
    let sql = "SELECT coalesce(alias.entity, conflict.entity), run, body FROM conflict LEFT JOIN alias ON alias = conflict.entity
               WHERE mapping = ?1 ORDER BY id DESC LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![terms.mapping.0, limit as i64])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(2)?;
        all.extend(stored::read(EntityId(row.get(0)?), RunId(row.get(1)?), &body, terms)?);
    }
    Ok(all)
}

pub fn insert_dead_letter(write: &Write, terms: &Terms, letter: &DeadLetter) -> Result<(), Fault> {
    let sql = "INSERT INTO dead_letter (mapping, entity, system, entry, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let body = stored::write_dead_letter(letter, terms);
    let (system, entry) = (terms.system(letter.system), letter.entry.0.as_bytes());
    write.execute(sql, params![terms.mapping.0, letter.entity.0, system, entry, column::millis(letter.at), body])?;
    Ok(())
}

/// Open dead letters, the newest first. One is closed by the write that leaves nothing refused of its record.
pub fn dead_letters(conn: &Connection, terms: &Terms, limit: usize) -> Result<Vec<DeadLetter>, Fault> {
    let sql = "SELECT entity, system, entry, at, body FROM dead_letter WHERE mapping = ?1 AND closed = 0 ORDER BY id DESC LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![terms.mapping.0, limit as i64])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(system) = terms.system_ix(row.get(1)?) else { continue };
        let entry: [u8; 16] = row.get(2)?;
        let body: Vec<u8> = row.get(4)?;
        let (code, message, fields) = stored::read_dead_letter(&body, terms)?;
        all.push(DeadLetter {
            mapping: terms.mapping,
            entity: EntityId(row.get(0)?),
            system,
            entry: EntryId(uuid::Uuid::from_bytes(entry)),
            code,
            message,
            fields,
            at: column::instant(row.get(3)?)?,
        });
    }
    Ok(all)
}

/// Keeps why each field is what it is: per field the last decision.
pub fn decide(write: &Write, terms: &Terms, entity: EntityId, decided: &[Decided], run: RunId, at: Timestamp) -> Result<(), Fault> {
    if decided.is_empty() {
        return Ok(());
    }
    let old = stored_decisions(write.conn, entity)?;
    let body = stored::write_decided(old.as_deref(), decided, run, at, terms)?;
    write.execute("INSERT INTO decided (entity, body) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = ?2", params![entity.0, body])?;
    Ok(())
}

pub fn decided(conn: &Connection, terms: &Terms, entity: EntityId) -> Result<Vec<(RunId, Timestamp, Decided)>, Fault> {
    match stored_decisions(conn, entity)? {
        Some(body) => Ok(stored::read_decided(&body, terms)?),
        None => Ok(Vec::new()),
    }
}

fn stored_decisions(conn: &Connection, entity: EntityId) -> Result<Option<Vec<u8>>, Fault> {
    let mut statement = conn.prepare_cached("SELECT body FROM decided WHERE entity = ?1")?;
    Ok(statement.query_row([entity.0], |row| row.get(0)).optional()?)
}
