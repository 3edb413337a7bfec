//! Conflicts, dead letters and decisions: what was decided and what was refused.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::column;
use super::fault::Fault;
use super::tally::Tally;
use super::writer::Write;
use crate::id::{ConflictId, DeadLetterId, EntityId, EntryId, RunId};
use crate::store::stored::{Terms, conflict as stored};
use crate::store::{Conflict, DeadLetter, Decided, Letter, Logged, Page};

/// Open dead letters of one entity: at most some of each system.
const LETTERS_MAX: usize = 1_000;

pub fn insert(write: &Write, terms: &Terms, tally: &mut Tally, conflict: &Conflict) -> Result<(), Fault> {
    let sql = "INSERT INTO conflict (mapping, entity, run, body) VALUES (?1, ?2, ?3, ?4)";
    write.execute(sql, params![terms.mapping.0, conflict.entity.0, conflict.run.0, stored::write(conflict, terms)])?;
    tally.conflicts += 1;
    Ok(())
}

const LOG: &str = "SELECT coalesce(alias.entity, conflict.entity), run, body, id FROM conflict LEFT JOIN alias ON alias = conflict.entity
    WHERE mapping = ?1 AND id < ?2 AND ?3 IS NULL ORDER BY id DESC LIMIT ?4";
/// The plus keeps SQLite from going through all of the mapping's: an entity lost seldom.
pub const LOG_OF_ONE: &str = "SELECT coalesce(alias.entity, conflict.entity), run, body, id FROM conflict LEFT JOIN alias ON alias = conflict.entity
    WHERE +mapping = ?1 AND id < ?2 AND conflict.entity IN (SELECT ?3 UNION ALL SELECT alias FROM alias WHERE entity = ?3) ORDER BY id DESC LIMIT ?4";

/// A page of the log. What an entity lost before it was joined to another is the other's.
pub fn log(conn: &Connection, terms: &Terms, page: Page) -> Result<Vec<Logged>, Fault> {
    let sql = if page.entity.is_some() { LOG_OF_ONE } else { LOG };
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![terms.mapping.0, page.before.unwrap_or(i64::MAX), page.entity.map(|id| id.0), page.limit as i64])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(2)?;
        let read = stored::read(EntityId(row.get(0)?), RunId(row.get(1)?), &body, terms)?;
        let id = ConflictId(row.get(3)?);
        all.extend(read.map(|conflict| Logged { id, mapping: terms.mapping, conflict }));
    }
    Ok(all)
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

/// Keeps a dead letter; what was refused of the same fields before is told by it from now on.
pub fn insert_dead_letter(write: &Write, terms: &Terms, letter: &DeadLetter) -> Result<(), Fault> {
    let page = Page { entity: Some(letter.entity), before: None, limit: LETTERS_MAX };
    for known in open_letters(write.conn, terms, page)? {
        let same = known.letter.system == letter.system && known.letter.fields.iter().all(|field| letter.fields.contains(field));
        if same {
            write.execute("UPDATE dead_letter SET closed = 1 WHERE id = ?1", [known.id.0])?;
        }
    }
    let sql = "INSERT INTO dead_letter (mapping, entity, system, entry, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let body = stored::write_dead_letter(letter, terms);
    let (system, entry) = (terms.system(letter.system), letter.entry.0.as_bytes());
    write.execute(sql, params![terms.mapping.0, letter.entity.0, system, entry, column::millis(letter.at), body])?;
    Ok(())
}

/// Open dead letters, the newest first. One is closed by the write that leaves nothing refused of its record.
pub fn dead_letters(conn: &Connection, terms: &Terms, limit: usize) -> Result<Vec<DeadLetter>, Fault> {
    let all = letters(conn, terms, "closed = 0 AND ?2 IS NULL AND id < ?3", Page { limit, ..Page::default() })?;
    Ok(all.into_iter().map(|one| one.letter).collect())
}

/// A page of the open ones.
pub fn open_letters(conn: &Connection, terms: &Terms, page: Page) -> Result<Vec<Letter>, Fault> {
    let which = if page.entity.is_some() { "closed = 0 AND entity = ?2 AND id < ?3" } else { "closed = 0 AND ?2 IS NULL AND id < ?3" };
    letters(conn, terms, which, page)
}

/// All of one entity that are still kept, and of those that turned out to be it.
pub fn letters_of(conn: &Connection, terms: &Terms, entity: EntityId, limit: usize) -> Result<Vec<Letter>, Fault> {
    let which = "entity IN (SELECT ?2 UNION ALL SELECT alias FROM alias WHERE entity = ?2) AND id < ?3";
    letters(conn, terms, which, Page { entity: Some(entity), limit, ..Page::default() })
}

fn letters(conn: &Connection, terms: &Terms, which: &str, page: Page) -> Result<Vec<Letter>, Fault> {
    let sql = format!("SELECT entity, system, entry, at, body, id, closed FROM dead_letter WHERE mapping = ?1 AND {which} ORDER BY id DESC LIMIT ?4");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params![terms.mapping.0, page.entity.map(|id| id.0), page.before.unwrap_or(i64::MAX), page.limit as i64])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(system) = terms.system_ix(row.get(1)?) else { continue };
        let entry: [u8; 16] = row.get(2)?;
        let body: Vec<u8> = row.get(4)?;
        let (code, message, fields) = stored::read_dead_letter(&body, terms)?;
        let letter = DeadLetter {
            mapping: terms.mapping,
            entity: EntityId(row.get(0)?),
            system,
            entry: EntryId(uuid::Uuid::from_bytes(entry)),
            code,
            message,
            fields,
            at: column::instant(row.get(3)?)?,
        };
        all.push(Letter { id: DeadLetterId(row.get(5)?), letter, closed: row.get(6)? });
    }
    Ok(all)
}

/// The create that it is about was given up for a new one: should that be refused too, it says so itself.
pub fn close_letter(write: &Write, terms: &Terms, entity: EntityId, entry: EntryId) -> Result<(), Fault> {
    let sql = "UPDATE dead_letter SET closed = 1 WHERE mapping = ?1 AND entity = ?2 AND entry = ?3 AND closed = 0";
    write.execute(sql, params![terms.mapping.0, entity.0, entry.0.as_bytes()])?;
    Ok(())
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
