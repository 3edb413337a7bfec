//! Unlinked records kept by their match keys alone.

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::matched;
use super::tally::Tally;
use super::writer::Write;
use crate::id::RecordKey;
use crate::mapping::SystemIx;
use crate::mapping::matching::MatchKey;
use crate::store::stored::{Terms, run as column};
use crate::store::{Waiting, WaitingWhy};

pub fn keep(write: &Write, terms: &Terms, add: &[Waiting], gone: &[(SystemIx, RecordKey)]) -> Result<(), Fault> {
    let mut tally = Tally::begin(write, terms)?;
    for (system, identity) in gone {
        remove(write, terms, &mut tally, *system, identity)?;
    }
    for waiting in add {
        remove(write, terms, &mut tally, waiting.system, &waiting.identity)?;
        let keys = matched::write(waiting.keys.iter().map(MatchKey::stored));
        let sql = "INSERT INTO waiting (mapping, system, identity, key, why, keys) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (identity, key) = (waiting.identity.as_str(), waiting.key.as_str());
        write.execute(sql, params![terms.mapping.0, terms.system(waiting.system), identity, key, column::waiting(waiting.why), keys])?;
        tally.waiting += 1;
        if tally.indexed {
            matched::add(write, terms, -write.conn.last_insert_rowid(), &keys)?;
        }
    }
    tally.end(write, terms)
}

/// Forgets a record that was linked, left or is gone.
pub fn remove(write: &Write, terms: &Terms, tally: &mut Tally, system: SystemIx, identity: &RecordKey) -> Result<(), Fault> {
    let sql = "DELETE FROM waiting WHERE system = ?1 AND identity = ?2 RETURNING id, keys";
    let mut statement = write.conn.prepare_cached(sql)?;
    let row = statement.query_row(params![terms.system(system), identity.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((id, keys)): Option<(i64, Vec<u8>)> = row else { return Ok(()) };
    tally.waiting -= 1;
    if tally.indexed { matched::remove(write, terms, -id, &keys) } else { Ok(()) }
}

/// Why the record waits; `None`: it does not.
pub fn why(conn: &Connection, terms: &Terms, system: SystemIx, identity: &RecordKey) -> Result<Option<WaitingWhy>, Fault> {
    let mut statement = conn.prepare_cached("SELECT why FROM waiting WHERE system = ?1 AND identity = ?2")?;
    let why: Option<i64> = statement.query_row(params![terms.system(system), identity.as_str()], |row| row.get(0)).optional()?;
    Ok(why.map(column::read_waiting).transpose()?)
}
