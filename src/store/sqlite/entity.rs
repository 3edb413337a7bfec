//! Writing entities: only what a look changed.

use rusqlite::{OptionalExtension, params};

use super::fault::Fault;
use super::link::{self, Place};
use super::tally::Tally;
use super::writer::Write;
use super::{hangs, matched};
use crate::id::EntityId;
use crate::mapping::SystemIx;
use crate::mapping::matching::MatchKey;
use crate::store::Begun;
use crate::store::stored::{Terms, hub};
use crate::sync::entity::{Agreed, Entity};

/// Stores how an entity is after a look or a result. `before` is how it was loaded.
pub fn write(write: &Write, terms: &Terms, tally: &mut Tally, before: Option<&Entity>, after: &Entity, keys: Option<&[MatchKey]>) -> Result<(), Fault> {
    let keys = keys.map(|keys| matched::write(keys.iter().map(MatchKey::stored)));
    match before {
        None => insert(write, terms, tally, after.id, after.closed, hub::write(&after.hub, terms), keys.unwrap_or_default())?,
        Some(before) => {
            if before.hub != after.hub || before.closed != after.closed {
                let sql = "UPDATE entity SET closed = ?2, hub = ?3 WHERE id = ?1";
                let changed = write.execute(sql, params![after.id.0, after.closed, hub::write(&after.hub, terms)])?;
                known(changed, after.id)?;
                if tally.indexed {
                    hangs::replace(write, terms, after.id, &before.hub, &after.hub)?;
                }
            }
            if let Some(keys) = keys {
                replace_keys(write, terms, tally, after.id, &keys)?;
            }
        }
    }
    let moved;
    // A result may come after the hub moved on; then rows say how they differ from the hub that is stored.
    let (old_hub, new_hub): (&[Agreed], &[Agreed]) = match before {
        Some(before) if before.hub == after.hub => {
            moved = stored_hub(write, terms, before)?;
            moved.as_ref().map_or((&before.hub, &after.hub), |moved| (moved, moved))
        }
        Some(before) => (&before.hub, &after.hub),
        None => (&[], &after.hub),
    };
    for (at, new) in after.links.iter().enumerate() {
        let place = Place { entity: after.id, system: SystemIx(at as u16), old_hub, new_hub };
        let old = before.and_then(|before| before.links[at].as_ref());
        link::write(write, terms, tally, &place, old, new.as_ref())?;
    }
    Ok(())
}

fn insert(write: &Write, terms: &Terms, tally: &mut Tally, id: EntityId, closed: bool, hub: Vec<u8>, keys: Vec<u8>) -> Result<(), Fault> {
    let sql = "INSERT INTO entity (id, mapping, closed, hub, keys) VALUES (?1, ?2, ?3, ?4, ?5)";
    write.execute(sql, params![id.0, terms.mapping.0, closed, hub, keys])?;
    tally.entities += 1;
    if tally.indexed {
        matched::add(write, terms, id.0, &keys)?;
        hangs::add(write, terms, id, &hub)?;
    }
    Ok(())
}

/// Stores an entity whose records all show what is agreed.
pub fn begin(write: &Write, terms: &Terms, tally: &mut Tally, begun: &Begun) -> Result<(), Fault> {
    insert(write, terms, tally, begun.id, false, hub::write_begun(begun, terms), matched::write(begun.keys.iter().copied()))?;
    for (system, link) in &begun.links {
        // Links without shadows show what is agreed, whatever that is.
        let place = Place { entity: begun.id, system: *system, old_hub: &[], new_hub: &[] };
        link::write(write, terms, tally, &place, None, Some(link))?;
    }
    Ok(())
}

/// The agreed values on disk, if they are not those that the caller loaded.
fn stored_hub(write: &Write, terms: &Terms, loaded: &Entity) -> Result<Option<Vec<Agreed>>, Fault> {
    let mut statement = write.conn.prepare_cached("SELECT hub FROM entity WHERE id = ?1")?;
    let bytes: Option<Vec<u8>> = statement.query_row([loaded.id.0], |row| row.get(0)).optional()?;
    let bytes = bytes.ok_or_else(|| Fault::unknown(format!("entity {}", loaded.id)))?;
    if bytes == hub::write(&loaded.hub, terms) { Ok(None) } else { Ok(Some(hub::read(&bytes, terms)?)) }
}

fn replace_keys(write: &Write, terms: &Terms, tally: &Tally, entity: EntityId, keys: &[u8]) -> Result<(), Fault> {
    let mut statement = write.conn.prepare_cached("SELECT keys FROM entity WHERE id = ?1")?;
    let old: Option<Vec<u8>> = statement.query_row([entity.0], |row| row.get(0)).optional()?;
    let old = old.ok_or_else(|| Fault::unknown(format!("entity {entity}")))?;
    if old == keys {
        return Ok(());
    }
    if tally.indexed {
        matched::remove(write, terms, entity.0, &old)?;
        matched::add(write, terms, entity.0, keys)?;
    }
    write.execute("UPDATE entity SET keys = ?2 WHERE id = ?1", params![entity.0, keys])?;
    Ok(())
}

/// Makes `gone` a former name of `into`, whose new links hold what the other's held. The journal follows; conflicts are read through the alias.
pub fn join(write: &Write, terms: &Terms, tally: &mut Tally, gone: EntityId, into: EntityId) -> Result<(), Fault> {
    let mut statement = write.conn.prepare_cached("SELECT keys, hub FROM entity WHERE id = ?1 AND mapping = ?2")?;
    let row: Option<(Vec<u8>, Vec<u8>)> = statement.query_row(params![gone.0, terms.mapping.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (keys, values) = row.ok_or_else(|| Fault::unknown(format!("entity {gone}")))?;
    if tally.indexed {
        matched::remove(write, terms, gone.0, &keys)?;
        hangs::replace(write, terms, gone, &hub::read(&values, terms)?, &[])?;
    }
    link::remove_all(write, terms, tally, gone)?;
    write.execute("DELETE FROM entity WHERE id = ?1", [gone.0])?;
    write.execute("DELETE FROM decided WHERE entity = ?1", [gone.0])?;
    write.execute("UPDATE alias SET entity = ?2 WHERE entity = ?1", params![gone.0, into.0])?;
    write.execute("INSERT INTO alias (alias, entity) VALUES (?1, ?2)", params![gone.0, into.0])?;
    write.execute("UPDATE entry SET entity = ?2 WHERE entity = ?1", params![gone.0, into.0])?;
    let open = "UPDATE review SET entity = ?3 WHERE mapping = ?1 AND entity = ?2 AND closed = 0";
    write.execute(open, params![terms.mapping.0, gone.0, into.0])?;
    let open = "UPDATE dead_letter SET entity = ?3 WHERE mapping = ?1 AND entity = ?2 AND closed = 0";
    write.execute(open, params![terms.mapping.0, gone.0, into.0])?;
    tally.entities -= 1;
    Ok(())
}

fn known(changed: usize, entity: EntityId) -> Result<(), Fault> {
    if changed == 1 { Ok(()) } else { Err(Fault::unknown(format!("entity {entity}"))) }
}

/// A range of ids that no entity has or had.
pub fn reserve(write: &Write, count: u64) -> Result<std::ops::Range<i64>, Fault> {
    let count = i64::try_from(count).map_err(|_| Fault::unknown("so many entity ids"))?;
    let end: i64 = write.conn.prepare_cached("UPDATE meta SET entity = entity + ?1 RETURNING entity")?.query_row([count], |row| row.get(0))?;
    Ok(end - count..end)
}

/// Where an alias leads; itself if it is none.
pub fn follow(conn: &rusqlite::Connection, entity: EntityId) -> Result<EntityId, Fault> {
    let mut statement = conn.prepare_cached("SELECT entity FROM alias WHERE alias = ?1")?;
    Ok(statement.query_row([entity.0], |row| row.get(0)).optional()?.map_or(entity, EntityId))
}
