//! Match keys: from the hash of a key to the entities and waiting records that have it.

use rusqlite::{Connection, OptionalExtension, params};

use super::column;
use super::fault::Fault;
use super::hangs;
use super::writer::Write;
use crate::id::{EntityId, RecordKey};
use crate::mapping::matching::MatchKey;
use crate::store::stored::Terms;
use crate::store::{Hit, StoreError};

/// The scratch table of keys stays, empty, if it held no more: its room is not given back before the process ends.
const KEPT_ROWS_MAX: usize = 10_000;
/// Bytes of one key in an entity's row: its rule and its hash.
const KEY_BYTES: usize = 10;

/// The keys as an entity's row keeps them, so that they can be taken out of the table again.
pub fn write(keys: impl ExactSizeIterator<Item = (u16, u64)>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(keys.len() * KEY_BYTES);
    for (rule, hash) in keys {
        bytes.extend_from_slice(&rule.to_le_bytes());
        bytes.extend_from_slice(&hash.to_le_bytes());
    }
    bytes
}

/// Rule and hash of each key of a row.
fn read(bytes: &[u8]) -> impl Iterator<Item = (u16, i64)> {
    bytes.chunks_exact(KEY_BYTES).map(|key| {
        let (rule, hash) = key.split_at(2);
        let rule = u16::from_le_bytes(rule.try_into().expect("split at two"));
        (rule, i64::from_le_bytes(hash.try_into().expect("eight of ten are left")))
    })
}

pub fn add(write: &Write, terms: &Terms, target: i64, keys: &[u8]) -> Result<(), Fault> {
    for (rule, hash) in read(keys) {
        let sql = "INSERT INTO matched (mapping, hash, rule, target) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
        write.execute(sql, params![terms.mapping.0, hash, rule, target])?;
    }
    Ok(())
}

pub fn remove(write: &Write, terms: &Terms, target: i64, keys: &[u8]) -> Result<(), Fault> {
    for (rule, hash) in read(keys) {
        let sql = "DELETE FROM matched WHERE mapping = ?1 AND hash = ?2 AND rule = ?3 AND target = ?4";
        write.execute(sql, params![terms.mapping.0, hash, rule, target])?;
    }
    Ok(())
}

pub fn hits(conn: &Connection, terms: &Terms, keys: &[MatchKey]) -> Result<Vec<Vec<Hit>>, Fault> {
    let mut statement = conn.prepare_cached("SELECT target FROM matched WHERE mapping = ?1 AND hash = ?2 AND rule = ?3 ORDER BY target DESC")?;
    let mut waiting = conn.prepare_cached("SELECT system, identity, key FROM waiting WHERE id = ?1")?;
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        let mut hits = Vec::new();
        let targets = statement.query_map(params![terms.mapping.0, column::bits(key.hash), key.rule], |row| row.get::<_, i64>(0))?;
        for target in targets {
            let target = target?;
            if target >= 0 {
                hits.push(Hit::Entity(EntityId(target)));
                continue;
            }
            let row = waiting.query_row([-target], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))).optional()?;
            let (number, identity, key) = row.ok_or_else(|| Fault::unknown(format!("waiting record {}", -target)))?;
            // A record of a system that left the mapping is no hit.
            if let Some(system) = terms.system_ix(number) {
                hits.push(Hit::Waiting { system, identity: RecordKey::new(identity), key: RecordKey::new(key) });
            }
        }
        all.push(hits);
    }
    Ok(all)
}

/// Whether the tables of identities and keys can be asked: not while a first match is only in its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    Yes,
    /// Nothing is stored yet, so nothing can be found.
    Empty,
    No,
}

pub fn indexed(conn: &Connection, terms: &Terms) -> Result<Indexed, Fault> {
    let mut statement = conn.prepare_cached("SELECT indexed, entities + waiting FROM mapping WHERE id = ?1")?;
    let row = statement.query_row([terms.mapping.0], |row| Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?))).optional()?;
    Ok(match row {
        Some((true, _)) => Indexed::Yes,
        Some((false, stored)) if stored > 0 => Indexed::No,
        Some((false, _)) | None => Indexed::Empty,
    })
}

/// Fills the tables of identities and keys in sorted order: a first match written into them row by row would dirty every page of them in
/// every transaction.
pub fn build(write: &Write, terms: &Terms) -> Result<(), Fault> {
    if indexed(write.conn, terms)? == Indexed::Yes {
        return Ok(());
    }
    let mapping = terms.mapping.0;
    write.execute(
        "INSERT INTO linked (system, identity, entity)
         SELECT link.id & 65535, identity, link.id >> 16 FROM entity JOIN link ON link.id BETWEEN entity.id << 16 AND (entity.id << 16) + 65535
         WHERE entity.mapping = ?1 ORDER BY 1, 2",
        [mapping],
    )?;
    predecessors(write, terms)?;
    write.execute("CREATE TEMP TABLE IF NOT EXISTS key (hash INTEGER, rule INTEGER, target INTEGER)", [])?;
    let mut count = 0;
    let entities = "SELECT id, keys FROM entity WHERE mapping = ?1";
    let waiting = "SELECT -id, keys FROM waiting WHERE mapping = ?1";
    for sql in [entities, waiting] {
        let mut statement = write.conn.prepare_cached(sql)?;
        let mut insert = write.conn.prepare_cached("INSERT INTO temp.key VALUES (?1, ?2, ?3)")?;
        let mut rows = statement.query([mapping])?;
        while let Some(row) = rows.next()? {
            let target: i64 = row.get(0)?;
            for (rule, hash) in read(row.get_ref(1)?.as_blob().map_err(|e| Fault::Sqlite(e.into()))?) {
                count += insert.execute(params![hash, rule, target])?;
            }
        }
    }
    write.execute("INSERT OR IGNORE INTO matched SELECT ?1, hash, rule, target FROM temp.key ORDER BY hash, rule, target", [mapping])?;
    // A table that goes takes every prepared statement with it.
    let emptied = if count > KEPT_ROWS_MAX { "DROP TABLE temp.key" } else { "DELETE FROM temp.key" };
    write.execute(emptied, [])?;
    hangs::build(write, terms)?;
    write.execute("UPDATE mapping SET indexed = 1 WHERE id = ?1", [mapping])?;
    Ok(())
}

fn predecessors(write: &Write, terms: &Terms) -> Result<(), Fault> {
    use crate::store::stored::link;
    let sql = "SELECT link.id, state, more FROM entity JOIN link ON link.id BETWEEN entity.id << 16 AND (entity.id << 16) + 65535
               WHERE entity.mapping = ?1 AND state & 4";
    let mut statement = write.conn.prepare_cached(sql)?;
    let mut rows = statement.query([terms.mapping.0])?;
    while let Some(row) = rows.next()? {
        let (id, state): (i64, i64) = (row.get(0)?, row.get(1)?);
        let more: Vec<u8> = row.get(2)?;
        for key in link::read(state, &more, terms)?.predecessors {
            let sql = "INSERT INTO linked (system, identity, entity) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            write.execute(sql, params![id & 0xffff, key.as_str(), id >> 16])?;
        }
    }
    Ok(())
}

/// The failure of a reader that may not write the tables it needs.
pub fn not_yet(file: &str) -> StoreError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
    let why = format!("{file} holds a first match that was never finished; run the mapping once");
    StoreError::Failed { doing: "look up", source: rusqlite::Error::SqliteFailure(code, Some(why)) }
}
