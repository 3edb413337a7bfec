//! Learning a mapping: names to numbers that stay, `was`, and the epoch in which a cell got its present meaning.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::hangs;
use super::matched::{self, Indexed};
use super::writer::Write;
use crate::store::stored::Terms;
use crate::store::{MappingId, MappingShape, StoreError};

/// Systems of all mappings together that ever were; their number is the low half of a link's id.
const SYSTEM_MAX: i64 = 0xffff;

/// What a shape comes to beside what is stored. Found without writing, so that a reader can ask it too.
struct Plan {
    mapping: Option<i64>,
    epoch: u32,
    changed: bool,
    /// The number of each system and field, and whether it is there already.
    systems: Vec<(i64, bool)>,
    fields: Vec<(i64, bool)>,
    /// By system, then field: meaning and the epoch it began in.
    cells: Vec<Vec<Option<(i64, u32)>>>,
    /// By field; and whether what hangs on others is to be found anew.
    hangs: Vec<bool>,
    hangs_anew: bool,
}

impl Plan {
    fn terms(&self, mapping: i64) -> Result<Terms, Fault> {
        let narrow = |what: &'static str, numbers: &[(i64, bool)]| {
            numbers.iter().map(|(n, _)| u16::try_from(*n)).collect::<Result<Vec<u16>, _>>().map_err(|_| Fault::unknown(format!("room for one more {what}")))
        };
        let id = MappingId(u32::try_from(mapping).map_err(|_| Fault::unknown("room for one more mapping"))?);
        let since = self.cells.iter().map(|row| row.iter().map(|cell| cell.map(|(_, since)| since)).collect()).collect();
        Ok(Terms::new(id, self.epoch, narrow("system", &self.systems)?, narrow("field", &self.fields)?, since, self.hangs.clone()))
    }
}

/// The terms of a shape as a reader sees them: what was never stored gets numbers that no row will have, `stranger` if it is the mapping.
pub fn look_up(conn: &Connection, shape: &MappingShape, stranger: u32) -> Result<Terms, Fault> {
    let mut plan = plan(conn, shape)?;
    for (number, from_above) in plan.systems.iter_mut().filter(|(_, known)| !known).map(|(number, _)| number).zip((0..=SYSTEM_MAX).rev()) {
        *number = from_above;
    }
    plan.terms(plan.mapping.unwrap_or(stranger.into()))
}

/// Stores the shape, if anything about it is new.
pub fn register(write: &mut Write, shape: &MappingShape) -> Result<Terms, Fault> {
    let plan = plan(write.conn, shape)?;
    let name = shape.name.as_str();
    let mapping = match plan.mapping {
        Some(id) if !plan.changed => return plan.terms(id),
        Some(id) => {
            write.execute("UPDATE mapping SET name = ?2, epoch = ?3 WHERE id = ?1", params![id, name, plan.epoch])?;
            id
        }
        None => {
            write.execute("INSERT INTO mapping (name, epoch) VALUES (?1, ?2)", params![name, plan.epoch])?;
            write.conn.last_insert_rowid()
        }
    };
    write.execute("UPDATE system SET retired = 1 WHERE mapping = ?1", [mapping])?;
    write.execute("UPDATE field SET retired = 1 WHERE mapping = ?1", [mapping])?;
    for (system, (number, _)) in shape.systems.iter().zip(&plan.systems) {
        if *number > SYSTEM_MAX {
            return Err(Fault::Store(StoreError::Unknown { what: "room for one more system".into() }));
        }
        let sql = "INSERT INTO system (id, mapping, name, connection, object) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (id) DO UPDATE SET name = ?3, connection = ?4, object = ?5, retired = 0";
        write.execute(sql, params![number, mapping, system.name.as_str(), system.connection.as_str(), system.object.as_str()])?;
    }
    for (field, (number, _)) in shape.fields.iter().zip(&plan.fields) {
        let sql = "INSERT INTO field (mapping, number, name, hangs) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET name = ?3, hangs = ?4, retired = 0";
        write.execute(sql, params![mapping, number, field.name.as_str(), field.hangs])?;
    }
    let left = "DELETE FROM touched WHERE mapping = ?1 AND system IN (SELECT id FROM system WHERE mapping = ?1 AND retired = 1)";
    write.execute(left, [mapping])?;
    write.execute("DELETE FROM cell WHERE mapping = ?1", [mapping])?;
    for (row, (system, _)) in plan.cells.iter().zip(&plan.systems) {
        for (cell, (field, _)) in row.iter().zip(&plan.fields) {
            if let Some((meaning, since)) = cell {
                write.execute("INSERT INTO cell VALUES (?1, ?2, ?3, ?4, ?5)", params![mapping, field, system, meaning, since])?;
            }
        }
    }
    let terms = plan.terms(mapping)?;
    if plan.hangs_anew && matched::indexed(write.conn, &terms)? == Indexed::Yes {
        hangs::build(write, &terms)?;
    }
    Ok(terms)
}

fn plan(conn: &Connection, shape: &MappingShape) -> Result<Plan, Fault> {
    let mut statement = conn.prepare_cached("SELECT id, epoch FROM mapping WHERE name = ?1")?;
    let mut by_name = |name: &str| statement.query_row([name], |row| Ok((row.get(0)?, row.get(1)?))).optional();
    let mut found: Option<(i64, u32)> = by_name(shape.name.as_str())?;
    let mut changed = found.is_none();
    if let (None, Some(was)) = (found, &shape.was) {
        found = by_name(was.as_str())?;
    }
    let (mapping, epoch) = found.map_or((None, 0), |(id, epoch)| (Some(id), epoch));
    let systems = systems(conn, mapping, shape)?;
    let fields = fields(conn, mapping, shape)?;
    let stored = cells(conn, mapping)?;
    let mut kept = 0;
    let next = epoch + 1;
    let mut cells = Vec::new();
    for (at, (system, _)) in systems.iter().enumerate() {
        let cell = |(field, (number, _)): (&crate::store::FieldShape, &(i64, bool))| {
            let meaning = field.meaning.get(at).copied().flatten()?.cast_signed();
            match stored.get(&(*number, *system)) {
                Some((old, since)) if *old == meaning => {
                    kept += 1;
                    Some((meaning, *since))
                }
                _ => Some((meaning, next)),
            }
        };
        cells.push(shape.fields.iter().zip(&fields).map(cell).collect::<Vec<_>>());
    }
    let total = cells.iter().flatten().flatten().count();
    let hangs: Vec<bool> = shape.fields.iter().map(|field| field.hangs).collect();
    let hangs_anew = hanging(conn, mapping)? != fields.iter().zip(&hangs).filter(|(_, hangs)| **hangs).map(|((number, _), _)| *number).collect();
    changed |= kept != total || total != stored.len() || hangs_anew || names_differ(conn, mapping, shape, &systems, &fields)?;
    Ok(Plan { mapping, epoch: if kept == total && mapping.is_some() { epoch } else { next }, changed, systems, fields, cells, hangs, hangs_anew })
}

/// Each system's number: the same name on the same object, else its former name, else a new one. Another object or connection under the
/// same name is another system, unless `was` says that it is the same.
fn systems(conn: &Connection, mapping: Option<i64>, shape: &MappingShape) -> Result<Vec<(i64, bool)>, Fault> {
    let mut stored = Vec::new();
    let mut statement = conn.prepare_cached("SELECT id, name, connection, object FROM system WHERE mapping = ?1 AND retired = 0")?;
    let mut rows = statement.query([mapping])?;
    while let Some(row) = rows.next()? {
        stored.push((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?));
    }
    let mut free: i64 = conn.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM system")?.query_row([], |row| row.get(0))?;
    let mut taken = Vec::new();
    for system in &shape.systems {
        let same = |(_, name, connection, object): &&(i64, String, String, String)| {
            name == system.name.as_str() && connection == system.connection.as_str() && object == system.object.as_str()
        };
        let was = |(_, name, _, object): &&(i64, String, String, String)| {
            system.was.as_ref().is_some_and(|was| was.as_str() == name) && object == system.object.as_str()
        };
        let known = stored.iter().find(same).or_else(|| stored.iter().find(was)).map(|row| row.0).filter(|id| !taken.contains(id));
        taken.push(known.unwrap_or(free));
        if known.is_none() {
            free += 1;
        }
    }
    Ok(taken.into_iter().map(|id| (id, stored.iter().any(|row| row.0 == id))).collect())
}

fn fields(conn: &Connection, mapping: Option<i64>, shape: &MappingShape) -> Result<Vec<(i64, bool)>, Fault> {
    let mut stored = BTreeMap::new();
    let mut statement = conn.prepare_cached("SELECT name, number FROM field WHERE mapping = ?1 AND retired = 0")?;
    let mut rows = statement.query([mapping])?;
    while let Some(row) = rows.next()? {
        stored.insert(row.get::<_, String>(0)?, row.get::<_, i64>(1)?);
    }
    let mut highest = conn.prepare_cached("SELECT coalesce(max(number), -1) + 1 FROM field WHERE mapping = ?1")?;
    let mut free: i64 = highest.query_row([mapping], |row| row.get(0))?;
    let named: Vec<i64> = shape.fields.iter().filter_map(|field| stored.get(field.name.as_str()).copied()).collect();
    let mut numbers = Vec::new();
    for field in &shape.fields {
        // A former name counts only if no field bears it now.
        let was = || field.was.as_ref().and_then(|was| stored.get(was.as_str())).filter(|number| !named.contains(number));
        match stored.get(field.name.as_str()).or_else(was) {
            Some(number) => numbers.push((*number, true)),
            None => {
                numbers.push((free, false));
                free += 1;
            }
        }
    }
    Ok(numbers)
}

/// Fields through which other values hang on what they refer to.
fn hanging(conn: &Connection, mapping: Option<i64>) -> Result<BTreeSet<i64>, Fault> {
    let mut statement = conn.prepare("SELECT number FROM field WHERE mapping = ?1 AND hangs AND retired = 0")?;
    let numbers = statement.query_map([mapping], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(numbers)
}

type Cells = BTreeMap<(i64, i64), (i64, u32)>;

/// Stored meaning and epoch by field and system.
fn cells(conn: &Connection, mapping: Option<i64>) -> Result<Cells, Fault> {
    let mut statement = conn.prepare_cached("SELECT field, system, meaning, since FROM cell WHERE mapping = ?1")?;
    let rows = statement.query_map([mapping], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether a name moved, came or went, which no cell may show.
fn names_differ(conn: &Connection, mapping: Option<i64>, shape: &MappingShape, systems: &[(i64, bool)], fields: &[(i64, bool)]) -> Result<bool, Fault> {
    if systems.iter().chain(fields).any(|(_, known)| !known) {
        return Ok(true);
    }
    let count = |sql: &str| conn.prepare_cached(sql)?.query_row([mapping], |row| row.get::<_, i64>(0));
    let stored_systems = count("SELECT count(*) FROM system WHERE mapping = ?1 AND retired = 0")?;
    let stored_fields = count("SELECT count(*) FROM field WHERE mapping = ?1 AND retired = 0")?;
    if stored_systems != systems.len() as i64 || stored_fields != fields.len() as i64 {
        return Ok(true);
    }
    for (system, (number, _)) in shape.systems.iter().zip(systems) {
        let sql = "SELECT name = ?2 AND connection = ?3 FROM system WHERE id = ?1";
        if !conn.prepare_cached(sql)?.query_row(params![number, system.name.as_str(), system.connection.as_str()], |row| row.get::<_, bool>(0))? {
            return Ok(true);
        }
    }
    for (field, (number, _)) in shape.fields.iter().zip(fields) {
        let sql = "SELECT name = ?3 FROM field WHERE mapping = ?1 AND number = ?2";
        if !conn.prepare_cached(sql)?.query_row(params![mapping, number, field.name.as_str()], |row| row.get::<_, bool>(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}
