//! Reading entities with their links, shadows and what is open about them; finding them by record.

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::tally::link_id;
use super::{column, conflict, entity, journal, review};
use crate::id::{EntityId, LinkId, RecordKey};
use crate::mapping::SystemIx;
use crate::store::stored::{Terms, hub, link as stored, shadow};
use crate::store::{History, Hub, Loaded, Page};
use crate::sync::entity::{Agreed, Entity, Link};

pub fn load(conn: &Connection, terms: &Terms, entities: &[EntityId]) -> Result<Vec<Loaded>, Fault> {
    let has_entries = journal::has_open(conn, terms)?;
    let has_reviews = review::has_open(conn, terms)?;
    let mut all = Vec::with_capacity(entities.len());
    for id in entities {
        let entity = match one(conn, terms, *id)? {
            Some(entity) => entity,
            None => {
                let id = entity::follow(conn, *id)?;
                one(conn, terms, id)?.ok_or_else(|| Fault::unknown(format!("entity {id}")))?
            }
        };
        let entries = if has_entries { journal::open_of(conn, terms, entity.id)? } else { Vec::new() };
        let reviews = if has_reviews { review::open_of(conn, terms, entity.id)? } else { Vec::new() };
        all.push(Loaded { entity, entries, reviews });
    }
    Ok(all)
}

/// All that is kept of one entity.
pub fn history(conn: &Connection, terms: &Terms, entity: EntityId, limit: usize) -> Result<History, Fault> {
    let loaded = load(conn, terms, &[entity])?.pop().expect("one was asked for, or it is an error");
    let id = loaded.entity.id;
    let mut statement = conn.prepare_cached("SELECT alias FROM alias WHERE entity = ?1 ORDER BY alias")?;
    let aliases = statement.query_map([id.0], |row| row.get(0).map(EntityId))?.collect::<rusqlite::Result<_>>()?;
    // One more than is told says whether there are more.
    let more = limit.saturating_add(1);
    let mut entries = journal::history(conn, terms, id, more)?;
    let mut conflicts = conflict::log(conn, terms, Page { entity: Some(id), before: None, limit: more })?;
    let mut dead_letters = conflict::letters_of(conn, terms, id, more)?;
    let cut_short = [entries.len(), conflicts.len(), dead_letters.len()].into_iter().any(|count| count > limit);
    entries.truncate(limit);
    conflicts.truncate(limit);
    dead_letters.truncate(limit);
    Ok(History { decided: conflict::decided(conn, terms, id)?, loaded, aliases, entries, conflicts, dead_letters, cut_short })
}

fn one(conn: &Connection, terms: &Terms, id: EntityId) -> Result<Option<Entity>, Fault> {
    let mut statement = conn.prepare_cached("SELECT closed, hub FROM entity WHERE id = ?1 AND mapping = ?2")?;
    let mut rows = statement.query(params![id.0, terms.mapping.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let closed = row.get(0)?;
    let hub = hub::read(blob(row, 1)?, terms)?;
    let links = links(conn, terms, id, &hub)?;
    Ok(Some(Entity { id, hub, links, closed }))
}

fn links(conn: &Connection, terms: &Terms, id: EntityId, hub: &[Agreed]) -> Result<Vec<Option<Link>>, Fault> {
    let mut links = vec![None; terms.systems.len()];
    let sql = "SELECT id, state, identity, key, more, body FROM link LEFT JOIN shadow ON shadow.link = link.id WHERE id BETWEEN ?1 AND ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([link_id(id, 0), link_id(id, u16::MAX)])?;
    while let Some(row) = rows.next()? {
        let link: i64 = row.get(0)?;
        // A system that left the mapping keeps its links on disk, where nobody looks at them.
        let Some(system) = terms.system_ix((link & 0xffff) as u16) else { continue };
        let identity = RecordKey::new(text(row, 2)?);
        let key = match row.get_ref(3)?.as_str_or_null().map_err(|e| Fault::Sqlite(e.into()))? {
            Some(key) => RecordKey::new(key),
            None => identity.clone(),
        };
        let more = stored::read(row.get(1)?, blob(row, 4)?, terms)?;
        let body = row.get_ref(5)?.as_blob_or_null().map_err(|e| Fault::Sqlite(e.into()))?;
        let shadows = shadow::read(body, more.epoch, hub, system, terms)?;
        links[usize::from(system.0)] = Some(Link {
            id: Some(LinkId(link)),
            key,
            identity,
            predecessors: more.predecessors,
            state: more.state,
            version: more.version,
            changed_at: more.changed_at,
            written_at: more.written_at,
            unchanged_at: more.unchanged_at,
            asleep: more.asleep,
            inside: more.inside,
            beyond: more.beyond,
            kept: more.kept,
            shadows,
        });
    }
    Ok(links)
}

fn blob<'a>(row: &'a rusqlite::Row, at: usize) -> Result<&'a [u8], Fault> {
    row.get_ref(at)?.as_blob().map_err(|e| Fault::Sqlite(e.into()))
}

fn text<'a>(row: &'a rusqlite::Row, at: usize) -> Result<&'a str, Fault> {
    row.get_ref(at)?.as_str().map_err(|e| Fault::Sqlite(e.into()))
}

pub fn linked(conn: &Connection, terms: &Terms, system: SystemIx, identities: &[RecordKey]) -> Result<Vec<Option<EntityId>>, Fault> {
    let mut statement = conn.prepare_cached("SELECT entity FROM linked WHERE system = ?1 AND identity = ?2")?;
    let number = terms.system(system);
    identities.iter().map(|identity| Ok(statement.query_row(params![number, identity.as_str()], |row| row.get(0)).optional()?.map(EntityId))).collect()
}

pub fn agreed(conn: &Connection, terms: &Terms, system: SystemIx, identities: &[RecordKey]) -> Result<Vec<Option<Hub>>, Fault> {
    let sql = "SELECT entity.id, hub FROM linked
               JOIN link ON link.id = (linked.entity << 16) + ?1 AND link.identity = linked.identity
               JOIN entity ON entity.id = linked.entity
               WHERE linked.system = ?1 AND linked.identity = ?2 AND link.state & 3 < 2 AND entity.closed = 0";
    let mut statement = conn.prepare_cached(sql)?;
    let number = terms.system(system);
    let mut all = Vec::with_capacity(identities.len());
    for identity in identities {
        let mut rows = statement.query(params![number, identity.as_str()])?;
        all.push(match rows.next()? {
            Some(row) => Some((EntityId(row.get(0)?), hub::read(blob(row, 1)?, terms)?)),
            None => None,
        });
    }
    Ok(all)
}

/// Live keys, through aliases: a value may still refer to an entity by a former id.
pub fn keys_of(conn: &Connection, terms: &Terms, system: SystemIx, entities: &[EntityId]) -> Result<Vec<Option<RecordKey>>, Fault> {
    let number = terms.system(system);
    let mut statement = conn.prepare_cached("SELECT coalesce(key, identity), state & 3 < 2 FROM link WHERE id = ?1")?;
    let mut find = |entity: EntityId| -> rusqlite::Result<Option<(String, bool)>> {
        statement.query_row([link_id(entity, number)], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    };
    let mut keys = Vec::with_capacity(entities.len());
    for entity in entities {
        let mut found = find(*entity)?;
        if found.is_none() {
            let now = entity::follow(conn, *entity)?;
            if now != *entity {
                found = find(now)?;
            }
        }
        keys.push(found.filter(|(_, live)| *live).map(|(key, _)| RecordKey::new(key)));
    }
    Ok(keys)
}

/// Live links in the order of their identities.
pub fn identities(conn: &Connection, terms: &Terms, system: SystemIx, after: &str, limit: usize) -> Result<Vec<(RecordKey, RecordKey, EntityId)>, Fault> {
    let sql = "SELECT coalesce(link.key, link.identity), link.identity, linked.entity FROM linked
               JOIN link ON link.id = (linked.entity << 16) + ?1 AND link.identity = linked.identity
               WHERE linked.system = ?1 AND linked.identity > ?2 AND link.state & 3 < 2 ORDER BY linked.identity LIMIT ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![terms.system(system), after, limit as i64], |row| {
        Ok((RecordKey::new(row.get::<_, String>(0)?), RecordKey::new(row.get::<_, String>(1)?), EntityId(row.get(2)?)))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn entities(conn: &Connection, terms: &Terms, after: Option<EntityId>, limit: usize) -> Result<Vec<EntityId>, Fault> {
    let sql = "SELECT id FROM entity WHERE mapping = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let mut statement = conn.prepare_cached(sql)?;
    let after = after.map_or(i64::MIN, |id| id.0);
    let rows = statement.query_map(params![terms.mapping.0, after, limit as i64], |row| row.get(0).map(EntityId))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Entities, and live links per system.
pub fn counts(conn: &Connection, terms: &Terms) -> Result<(u64, Vec<u64>), Fault> {
    let mut statement = conn.prepare_cached("SELECT entities FROM mapping WHERE id = ?1")?;
    let entities: Option<u64> = statement.query_row([terms.mapping.0], |row| column::count(row, 0)).optional()?;
    let mut statement = conn.prepare_cached("SELECT live FROM system WHERE id = ?1")?;
    let live = |number: &u16| Ok(statement.query_row([number], |row| column::count(row, 0)).optional()?.unwrap_or(0));
    let live = terms.systems.iter().map(live).collect::<Result<_, Fault>>()?;
    Ok((entities.unwrap_or(0), live))
}
