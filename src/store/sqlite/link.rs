//! Writing links and their shadows: only rows that differ from what the caller loaded.

use rusqlite::params;

use super::fault::Fault;
use super::tally::{Tally, link_id};
use super::writer::Write;
use crate::id::{EntityId, RecordKey};
use crate::mapping::SystemIx;
use crate::plant::planted;
use crate::store::stored::{Terms, link as stored, shadow};
use crate::sync::entity::{Agreed, Link, LinkState, Shadow};

/// Which link, and the agreed values that its shadows are told apart from.
pub struct Place<'a> {
    pub entity: EntityId,
    pub system: SystemIx,
    pub old_hub: &'a [Agreed],
    pub new_hub: &'a [Agreed],
}

pub fn write(write: &Write, terms: &Terms, tally: &mut Tally, place: &Place, old: Option<&Link>, new: Option<&Link>) -> Result<(), Fault> {
    let id = link_id(place.entity, terms.system(place.system));
    tally.live(place.system, live(new) - live(old));
    match (old, new) {
        (None, None) => return Ok(()),
        (None, Some(new)) => insert(write, terms, tally, place, id, new)?,
        (Some(old), Some(new)) => update(write, terms, tally, place, id, old, new)?,
        (Some(old), None) => {
            if tally.indexed {
                write_linked(write, terms, place, &identities(old), &[])?;
            }
            write.execute("DELETE FROM link WHERE id = ?1", [id])?;
        }
    }
    if tally.has_dead_letters && !new.is_some_and(still_refused) {
        let sql = "UPDATE dead_letter SET closed = 1 WHERE mapping = ?1 AND entity = ?2 AND system = ?3 AND closed = 0";
        write.execute(sql, params![terms.mapping.0, place.entity.0, terms.system(place.system)])?;
    }
    Ok(())
}

fn live(link: Option<&Link>) -> i64 {
    i64::from(link.is_some_and(|link| link.state.is_live()))
}

/// Whether a dead letter about the link still stands: a value or a leave that was refused is still owed.
fn still_refused(link: &Link) -> bool {
    let leaves = matches!(link.state, LinkState::Owed(_));
    leaves || link.shadows.iter().any(|shadow| matches!(shadow, Shadow::Known(known) if known.refused.is_some()))
}

fn insert(write: &Write, terms: &Terms, tally: &mut Tally, place: &Place, id: i64, link: &Link) -> Result<(), Fault> {
    let key = (link.key != link.identity).then(|| link.key.as_str());
    let more = stored::write(link, terms.epoch, terms);
    let sql = "INSERT INTO link (id, state, identity, key, more) VALUES (?1, ?2, ?3, ?4, ?5)";
    write.execute(sql, params![id, stored::state(link), link.identity.as_str(), key, more])?;
    if let Some(body) = shadow::write(&link.shadows, place.new_hub, place.system, terms) {
        write.execute("INSERT INTO shadow (link, body) VALUES (?1, ?2)", params![id, body])?;
    }
    if tally.indexed {
        write_linked(write, terms, place, &[], &identities(link))?;
    }
    if tally.has_waiting {
        super::waiting::remove(write, terms, tally, place.system, &link.identity)?;
    }
    Ok(())
}

fn update(write: &Write, terms: &Terms, tally: &Tally, place: &Place, id: i64, old: &Link, new: &Link) -> Result<(), Fault> {
    let row = row_differs(old, new);
    let same = (place.old_hub == place.new_hub || planted!("shadows-not-materialised")) && old.shadows == new.shadows;
    let (before, after) = if same && !row {
        return Ok(());
    } else if same && terms.epoch == 1 {
        (None, None)
    } else {
        let rows = |link: &Link, hub| shadow::write(&link.shadows, hub, place.system, terms);
        (rows(old, place.old_hub), rows(new, place.new_hub))
    };
    let shadows = before != after;
    // Once a meaning changed, a link without rows may be unknown by its epoch alone; written anew, it must say so in rows.
    let whole = terms.epoch > 1 && (row || shadows);
    if row || whole {
        let key = (new.key != new.identity).then(|| new.key.as_str());
        let more = stored::write(new, terms.epoch, terms);
        let sql = "UPDATE link SET state = ?2, identity = ?3, key = ?4, more = ?5 WHERE id = ?1";
        let changed = write.execute(sql, params![id, stored::state(new), new.identity.as_str(), key, more])?;
        if changed != 1 {
            return Err(Fault::unknown(format!("a link of entity {}", place.entity)));
        }
        if tally.indexed {
            write_linked(write, terms, place, &identities(old), &identities(new))?;
            if new.state.is_live() && (!old.state.is_live() || old.identity != new.identity) {
                revive(write, terms, place, &new.identity)?;
            }
        }
    }
    if shadows || whole {
        match after {
            Some(body) => write.execute("INSERT INTO shadow (link, body) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = ?2", params![id, body])?,
            None => write.execute("DELETE FROM shadow WHERE link = ?1", [id])?,
        };
    }
    Ok(())
}

fn row_differs(old: &Link, new: &Link) -> bool {
    let flags = |link: &Link| (link.asleep, link.inside, link.beyond, link.kept);
    let times = |link: &Link| (link.changed_at, link.written_at, link.unchanged_at);
    flags(old) != flags(new)
        || times(old) != times(new)
        || old.state != new.state
        || old.version != new.version
        || old.key != new.key
        || old.identity != new.identity
        || old.predecessors != new.predecessors
}

/// What a record of this link may be called: its identity, and those of the records that stood here before.
fn identities(link: &Link) -> Vec<&RecordKey> {
    std::iter::once(&link.identity).chain(&link.predecessors).collect()
}

fn write_linked(write: &Write, terms: &Terms, place: &Place, old: &[&RecordKey], new: &[&RecordKey]) -> Result<(), Fault> {
    let system = terms.system(place.system);
    for gone in old.iter().filter(|identity| !new.contains(identity)) {
        let sql = "DELETE FROM linked WHERE system = ?1 AND identity = ?2 AND entity = ?3";
        write.execute(sql, params![system, gone.as_str(), place.entity.0])?;
    }
    for (at, come) in new.iter().enumerate().filter(|(at, identity)| !old.contains(identity) && !new[..*at].contains(identity)) {
        // Only a predecessor may be another's by now; the record's own identity is in one place or the call fails.
        let sql = if at == 0 {
            "INSERT INTO linked (system, identity, entity) VALUES (?1, ?2, ?3)"
        } else {
            "INSERT INTO linked (system, identity, entity) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        };
        write.execute(sql, params![system, come.as_str(), place.entity.0])?;
    }
    Ok(())
}

/// Of a record that was long gone nobody finds the link by its identity any more, nor by a predecessor's: live again, it is found again.
fn revive(write: &Write, terms: &Terms, place: &Place, identity: &RecordKey) -> Result<(), Fault> {
    let system = terms.system(place.system);
    let sql = "INSERT INTO linked (system, identity, entity) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    write.execute(sql, params![system, identity.as_str(), place.entity.0])?;
    let sql = "SELECT entity FROM linked WHERE system = ?1 AND identity = ?2";
    let of: i64 = write.conn.prepare_cached(sql)?.query_row(params![system, identity.as_str()], |row| row.get(0))?;
    if of == place.entity.0 { Ok(()) } else { Err(Fault::unknown(format!("a free link of {}", place.entity))) }
}

/// Removes all links of an entity whose records another one takes over.
pub fn remove_all(write: &Write, terms: &Terms, tally: &mut Tally, entity: EntityId) -> Result<(), Fault> {
    let mut statement = write.conn.prepare_cached("SELECT id & 65535, state, identity, more FROM link WHERE id BETWEEN ?1 AND ?2")?;
    let (first, last) = (link_id(entity, 0), link_id(entity, u16::MAX));
    let rows =
        statement.query_map([first, last], |row| Ok((row.get::<_, u16>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?, row.get::<_, Vec<u8>>(3)?)))?;
    for row in rows {
        let (number, state, identity, more) = row?;
        if let Some(at) = terms.system_ix(number).filter(|_| state & stored::STATE < 2) {
            tally.live(at, -1);
        }
        if !tally.indexed {
            continue;
        }
        let mut names = stored::read(state, &more, terms)?.predecessors;
        names.push(RecordKey::new(identity));
        for name in names {
            let sql = "DELETE FROM linked WHERE system = ?1 AND identity = ?2 AND entity = ?3";
            write.execute(sql, params![number, name.as_str(), entity.0])?;
        }
    }
    write.execute("DELETE FROM link WHERE id BETWEEN ?1 AND ?2", params![first, last])?;
    Ok(())
}
