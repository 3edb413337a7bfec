//! Entities whose values hang on those of another, by the references that somebody reads through.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::writer::Write;
use super::{column, tally::link_id};
use crate::id::EntityId;
use crate::store::Touched;
use crate::store::stored::{Terms, hub, run as stored};
use crate::sync::entity::Agreed;
use crate::value::Value;

/// Whom the agreed values refer to, in the fields that are read through.
fn targets(hub: &[Agreed], terms: &Terms) -> BTreeSet<i64> {
    let mut targets = BTreeSet::new();
    for (agreed, _) in hub.iter().zip(&terms.hangs).filter(|(_, hangs)| **hangs) {
        if let Agreed::Set(fact) = agreed
            && let Value::Ref(entity) = &fact.value
        {
            targets.insert(entity.0);
        }
    }
    targets
}

/// Keeps what the entity hangs on, once a first match is in: until then one pass over all of them is cheaper.
pub fn replace(write: &Write, terms: &Terms, entity: EntityId, old: &[Agreed], new: &[Agreed]) -> Result<(), Fault> {
    let (old, new) = (targets(old, terms), targets(new, terms));
    for gone in old.difference(&new) {
        write.execute("DELETE FROM hangs WHERE target = ?1 AND entity = ?2", params![gone, entity.0])?;
    }
    for come in new.difference(&old) {
        write.execute("INSERT INTO hangs (target, entity) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![come, entity.0])?;
    }
    Ok(())
}

/// The same of an entity whose values are known as they are stored.
pub fn add(write: &Write, terms: &Terms, entity: EntityId, bytes: &[u8]) -> Result<(), Fault> {
    if terms.hangs.contains(&true) {
        replace(write, terms, entity, &[], &hub::read(bytes, terms)?)?;
    }
    Ok(())
}

/// Finds anew, in one pass, what all entities of the mapping hang on.
pub fn build(write: &Write, terms: &Terms) -> Result<(), Fault> {
    write.execute("DELETE FROM hangs WHERE entity IN (SELECT id FROM entity WHERE mapping = ?1)", [terms.mapping.0])?;
    if !terms.hangs.contains(&true) {
        return Ok(());
    }
    let mut statement = write.conn.prepare("SELECT id, hub FROM entity WHERE mapping = ?1")?;
    let mut rows = statement.query([terms.mapping.0])?;
    while let Some(row) = rows.next()? {
        add(write, terms, EntityId(row.get(0)?), row.get_ref(1)?.as_blob().map_err(|e| Fault::Sqlite(e.into()))?)?;
    }
    Ok(())
}

/// Touches all that hang on an entity, by this id or a former one: each through a live record.
pub fn touch(write: &mut Write, target: EntityId, now: Timestamp) -> Result<(), Fault> {
    let sql = "SELECT entity.mapping, entity.id FROM hangs JOIN entity ON entity.id = hangs.entity
               WHERE hangs.target = ?1 OR hangs.target IN (SELECT alias FROM alias WHERE alias.entity = ?1)";
    let mut statement = write.conn.prepare_cached(sql)?;
    let rows = statement.query_map([target.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let hanging: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    for (mapping, entity) in hanging {
        let seq = write.next_seq();
        let (first, last) = (link_id(EntityId(entity), 0), link_id(EntityId(entity), u16::MAX));
        let sql = "INSERT INTO touched (system, identity, mapping, key, why, seq, first_seen, not_before)
                   SELECT system.id, identity, ?3, coalesce(key, identity), ?4, ?5, ?6, NULL
                   FROM link JOIN system ON system.id = link.id & 65535 AND system.retired = 0
                   WHERE link.id BETWEEN ?1 AND ?2 AND state & 3 < 2 ORDER BY link.id LIMIT 1
                   ON CONFLICT (system, identity) DO UPDATE SET seq = ?5, not_before = NULL";
        write.execute(sql, params![first, last, mapping, stored::why(Touched::Reference), seq, column::millis(now)])?;
    }
    Ok(())
}

pub fn derived(conn: &Connection, terms: &Terms) -> Result<Option<String>, Fault> {
    let mut statement = conn.prepare_cached("SELECT derived FROM mapping WHERE id = ?1")?;
    Ok(statement.query_row([terms.mapping.0], |row| row.get(0)).optional()?.flatten())
}

pub fn keep_derived(write: &Write, terms: &Terms, by: &str) -> Result<(), Fault> {
    write.execute("UPDATE mapping SET derived = ?2 WHERE id = ?1", params![terms.mapping.0, by])?;
    Ok(())
}
