//! Runs: when they began, how they ended, and what is open of a mapping.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::column;
use super::fault::Fault;
use super::writer::Write;
use crate::id::{MappingName, RunId};
use crate::store::stored::{Terms, run as stored};
use crate::store::{Adoption, MappingId, Run, RunEnd, RunRecord, RunState, Totals};

/// Among so many newest runs are those that had not ended.
const NEWEST: i64 = 1_000;

pub fn begin(write: &Write, run: &Run) -> Result<(), Fault> {
    let sql = "INSERT INTO run (id, mapping, wake, state, started_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (state, body) = (stored::state(RunState::Running), stored::write(&RunEnd::default()));
    write.execute(sql, params![run.id.0, run.mapping.0, stored::wake(run.wake), state, column::millis(run.started_at), body])?;
    Ok(())
}

/// Ends a run, whether it was shown as running or not.
pub fn end(write: &Write, run: &Run, end: &RunEnd, at: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO run (id, mapping, wake, state, started_at, ended_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at, body = excluded.body";
    let (state, started, ended) = (stored::state(end.state), column::millis(run.started_at), column::millis(at));
    write.execute(sql, params![run.id.0, run.mapping.0, stored::wake(run.wake), state, started, ended, stored::write(end)])?;
    Ok(())
}

/// The number of the newest run that was ever stored.
pub fn last(conn: &Connection) -> rusqlite::Result<i64> {
    let mut statement = conn.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'run'")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Runs that the former holder of the store left running: nobody runs them any more. Only the newest can be such.
pub fn cut_short(conn: &Connection) -> Result<(), Fault> {
    let end = RunEnd { message: Some("its process ended in the middle; the next run settles what was in flight".to_owned()), ..RunEnd::default() };
    let sql = "UPDATE run SET state = ?2, body = ?3 WHERE state = ?1 AND id > (SELECT max(id) FROM run) - ?4";
    conn.execute(sql, params![stored::state(RunState::Running), stored::state(RunState::Stopped), stored::write(&end), NEWEST])?;
    Ok(())
}

/// The newest first.
pub fn list(conn: &Connection, mapping: Option<MappingId>, limit: usize) -> Result<Vec<RunRecord>, Fault> {
    let sql = "SELECT run.id, mapping.name, wake, state, started_at, ended_at, body FROM run JOIN mapping ON mapping.id = run.mapping
               WHERE ?1 IS NULL OR run.mapping = ?1 ORDER BY run.id DESC LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![mapping.map(|id| id.0), limit as i64])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(6)?;
        all.push(RunRecord {
            id: RunId(row.get(0)?),
            mapping: MappingName::new(row.get::<_, String>(1)?),
            wake: stored::read_wake(row.get(2)?)?,
            started_at: column::instant(row.get(4)?)?,
            ended_at: column::maybe_instant(row.get(5)?)?,
            end: stored::read(stored::read_state(row.get(3)?)?, &body)?,
        });
    }
    Ok(all)
}

/// `adopted` holds the epoch of the mapping whose records were last read whole: behind it, a cell came or means something else. A reader's
/// terms may be ahead of what is stored, or of a mapping that is not stored at all.
pub fn adoption(conn: &Connection, terms: &Terms) -> Result<Adoption, Fault> {
    let mut statement = conn.prepare_cached("SELECT adopted, epoch FROM mapping WHERE id = ?1")?;
    Ok(match statement.query_row([terms.mapping.0], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))).optional()? {
        None | Some((0, _)) => Adoption::First,
        Some((at, epoch)) if at < terms.epoch.max(epoch) => Adoption::Edited,
        Some(_) => Adoption::Done,
    })
}

pub fn adopt(write: &Write, mapping: MappingId) -> Result<(), Fault> {
    write.execute("UPDATE mapping SET adopted = epoch WHERE id = ?1", [mapping.0])?;
    Ok(())
}

pub fn totals(conn: &Connection, terms: &Terms) -> Result<Totals, Fault> {
    let count = |sql: &str| conn.prepare_cached(sql)?.query_row([terms.mapping.0], |row| column::count(row, 0));
    Ok(Totals {
        entities: count("SELECT coalesce(sum(entities), 0) FROM mapping WHERE id = ?1")?,
        waiting: count("SELECT coalesce(sum(waiting), 0) FROM mapping WHERE id = ?1")?,
        conflicts: count("SELECT coalesce(sum(conflicts), 0) FROM mapping WHERE id = ?1")?,
        reviews: count("SELECT count(*) FROM review WHERE mapping = ?1 AND closed = 0 AND answer IS NULL")?,
        dead_letters: count("SELECT count(*) FROM dead_letter WHERE mapping = ?1 AND closed = 0")?,
        in_doubt: count("SELECT count(*) FROM entry WHERE mapping = ?1 AND state < 5 AND state IN (1, 2)")?,
        touched: count("SELECT count(*) FROM touched WHERE mapping = ?1")?,
    })
}
