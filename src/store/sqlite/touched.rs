//! Records to look at, and the cursors that may move only together with them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::column;
use super::fault::Fault;
use super::writer::Write;
use crate::id::{ConnectionName, ObjectName, RecordKey};
use crate::plant::planted;
use crate::store::stored::{Terms, run as stored};
use crate::store::{Feed, Touch, Touched, TouchedRecord};
use crate::system::Cursor;

/// Notes a hint. A record that is touched already keeps when it was first; it is looked at as early as any of its hints asks.
pub fn touch(write: &mut Write, terms: &Terms, touch: &Touch, not_before: Option<Timestamp>, now: Timestamp) -> Result<(), Fault> {
    let seq = write.next_seq();
    let sql = "INSERT INTO touched (system, identity, mapping, key, why, seq, first_seen, not_before) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (system, identity) DO UPDATE SET key = ?4, why = ?5, seq = ?6, not_before = min(not_before, ?8)";
    let (system, at) = (terms.system(touch.system), not_before.map(column::millis_up));
    let (identity, key) = (touch.identity.as_str(), touch.key.as_str());
    write.execute(sql, params![system, identity, terms.mapping.0, key, stored::why(touch.why), seq, column::millis(now), at])?;
    Ok(())
}

/// Drops a touched record, unless a newer hint came than the one that was answered.
pub fn untouch(write: &Write, terms: &Terms, touch: &Touch, seq: i64) -> Result<(), Fault> {
    let sql = "DELETE FROM touched WHERE system = ?1 AND identity = ?2 AND seq <= ?3";
    let seq = if planted!("newer-hint-erased") { i64::MAX } else { seq };
    write.execute(sql, params![terms.system(touch.system), touch.identity.as_str(), seq])?;
    Ok(())
}

/// Answers some touched records and puts some off. One that is both waits, one attempt older; a newer hint is kept as it came.
pub fn answer(write: &mut Write, terms: &Terms, done: &[(Touch, i64)], again: &[(Touch, Timestamp)], now: Timestamp) -> Result<(), Fault> {
    let same = |a: &Touch, b: &Touch| a.system == b.system && a.identity == b.identity;
    for (touched, seq) in done {
        match again.iter().find(|(later, _)| same(later, touched)) {
            None => untouch(write, terms, touched, *seq)?,
            Some((later, at)) => {
                let next = write.next_seq();
                let sql = "UPDATE touched SET seq = ?4, why = ?5, not_before = ?6, attempts = attempts + 1
                           WHERE system = ?1 AND identity = ?2 AND seq <= ?3";
                let (system, identity) = (terms.system(touched.system), touched.identity.as_str());
                write.execute(sql, params![system, identity, seq, next, stored::why(later.why), column::millis_up(*at)])?;
            }
        }
    }
    for (later, at) in again.iter().filter(|(later, _)| !done.iter().any(|(touched, _)| same(touched, later))) {
        touch(write, terms, later, Some(*at), now)?;
    }
    Ok(())
}

pub fn due(conn: &Connection, terms: &Terms, due: Timestamp, limit: usize) -> Result<Vec<TouchedRecord>, Fault> {
    let sql = "SELECT system, key, identity, why, seq, first_seen, attempts, not_before FROM touched
               WHERE mapping = ?1 AND (not_before IS NULL OR not_before <= ?2) ORDER BY seq LIMIT ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![terms.mapping.0, column::millis(due), limit as i64])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(system) = terms.system_ix(row.get(0)?) else { continue };
        let touch = Touch {
            mapping: terms.mapping,
            system,
            key: RecordKey::new(row.get::<_, String>(1)?),
            identity: RecordKey::new(row.get::<_, String>(2)?),
            why: stored::read_why(row.get(3)?)?,
        };
        let (first_seen, not_before) = (column::instant(row.get(5)?)?, column::maybe_instant(row.get(7)?)?);
        all.push(TouchedRecord { touch, seq: row.get(4)?, first_seen, attempts: row.get(6)?, not_before });
    }
    Ok(all)
}

/// Whether records wait for what they refer to.
pub fn has_late(conn: &Connection, terms: &Terms) -> Result<bool, Fault> {
    let sql = "SELECT EXISTS (SELECT 1 FROM touched WHERE mapping = ?1 AND why = ?2 AND not_before IS NOT NULL)";
    Ok(conn.prepare_cached(sql)?.query_row(params![terms.mapping.0, stored::why(Touched::Reference)], |row| row.get(0))?)
}

pub fn hasten(write: &Write, terms: &Terms) -> Result<(), Fault> {
    let sql = "UPDATE touched SET not_before = NULL WHERE mapping = ?1 AND why = ?2 AND not_before IS NOT NULL";
    write.execute(sql, params![terms.mapping.0, stored::why(Touched::Reference)])?;
    Ok(())
}

/// How many, and since when the oldest waits.
pub fn count(conn: &Connection, terms: &Terms) -> Result<(u64, Option<Timestamp>), Fault> {
    let sql = "SELECT count(*), min(first_seen) FROM touched WHERE mapping = ?1";
    let (count, oldest) = conn.prepare_cached(sql)?.query_row([terms.mapping.0], |row| Ok((column::count(row, 0)?, row.get(1)?)))?;
    Ok((count, column::maybe_instant(oldest)?))
}

pub fn cursor(conn: &Connection, connection: &ConnectionName, object: &ObjectName, feed: Feed) -> Result<Option<Cursor>, Fault> {
    let sql = "SELECT place FROM cursor WHERE connection = ?1 AND object = ?2 AND feed = ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let place = statement.query_row(params![connection.as_str(), object.as_str(), stored::feed(feed)], |row| row.get(0)).optional()?;
    Ok(place.map(Cursor))
}

/// Moves a cursor; it stays where it is if there is nothing new to say.
pub fn move_cursor(write: &Write, connection: &ConnectionName, object: &ObjectName, feed: Feed, to: &Cursor) -> Result<(), Fault> {
    let sql = "INSERT INTO cursor (connection, object, feed, place) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET place = ?4 WHERE place <> ?4";
    write.execute(sql, params![connection.as_str(), object.as_str(), stored::feed(feed), to.0])?;
    Ok(())
}
