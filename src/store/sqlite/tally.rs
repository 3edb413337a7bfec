//! Counts kept beside what they count, so that a status or a limit never counts a million rows.

use rusqlite::params;

use super::fault::Fault;
use super::writer::Write;
use crate::id::EntityId;
use crate::mapping::SystemIx;
use crate::store::stored::Terms;

/// What one call changes of a mapping's counts, and what of them decides how it writes.
pub struct Tally {
    /// Match keys and identities are looked up in tables of their own; until the first match is in, those are left for one sorted pass.
    pub indexed: bool,
    pub has_waiting: bool,
    pub has_dead_letters: bool,
    pub entities: i64,
    pub waiting: i64,
    pub conflicts: i64,
    live: Vec<i64>,
}

impl Tally {
    pub fn begin(write: &Write, terms: &Terms) -> Result<Self, Fault> {
        let sql = "SELECT indexed, waiting > 0, EXISTS (SELECT 1 FROM dead_letter WHERE mapping = ?1 AND closed = 0) FROM mapping WHERE id = ?1";
        let mut statement = write.conn.prepare_cached(sql)?;
        let (indexed, has_waiting, has_dead_letters) = statement.query_row([terms.mapping.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(Self { indexed, has_waiting, has_dead_letters, entities: 0, waiting: 0, conflicts: 0, live: vec![0; terms.systems.len()] })
    }

    pub fn live(&mut self, system: SystemIx, change: i64) {
        self.live[usize::from(system.0)] += change;
    }

    pub fn end(self, write: &Write, terms: &Terms) -> Result<(), Fault> {
        if (self.entities, self.waiting, self.conflicts) != (0, 0, 0) {
            let sql = "UPDATE mapping SET entities = entities + ?2, waiting = waiting + ?3, conflicts = conflicts + ?4 WHERE id = ?1";
            write.execute(sql, params![terms.mapping.0, self.entities, self.waiting, self.conflicts])?;
        }
        for (number, change) in terms.systems.iter().zip(&self.live).filter(|(_, change)| **change != 0) {
            write.execute("UPDATE system SET live = live + ?2 WHERE id = ?1", params![number, change])?;
        }
        Ok(())
    }
}

/// The id of a link: its entity's links lie together, one place for each system.
pub fn link_id(entity: EntityId, system: u16) -> i64 {
    (entity.0 << 16) | i64::from(system)
}
