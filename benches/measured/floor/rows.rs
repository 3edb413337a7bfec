//! The rows a sync must keep: the agreed values, two links, and what finds them again by record and by match key.

use std::hash::{BuildHasher as _, BuildHasherDefault};
use std::path::Path;

use anyhow::ensure;
use rusqlite::{Connection, params};

use super::thing::Thing;
use crate::things::Side;

const TABLES: &str = "
    CREATE TABLE entity (id INTEGER PRIMARY KEY, hub BLOB NOT NULL, keys BLOB NOT NULL);
    CREATE TABLE link (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, identity TEXT NOT NULL, more BLOB NOT NULL);
    CREATE TABLE linked (system INTEGER NOT NULL, identity TEXT NOT NULL, entity INTEGER NOT NULL, PRIMARY KEY (system, identity)) WITHOUT ROWID;
    CREATE TABLE matched (hash INTEGER NOT NULL, target INTEGER NOT NULL, PRIMARY KEY (hash, target)) WITHOUT ROWID;";

/// Two records that are one thing.
pub struct Joined {
    entity: i64,
    left: Thing,
    pub right: Thing,
    pub differences: Vec<(&'static str, serde_json::Value)>,
}

impl Joined {
    pub fn differs(&self) -> bool {
        !self.differences.is_empty()
    }
}

/// The file.
pub struct Rows {
    conn: Connection,
    next: i64,
}

impl Rows {
    pub fn open(file: &Path) -> anyhow::Result<Rows> {
        let conn = Connection::open(file)?;
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "cache_size", -(24 << 10))?;
        conn.execute_batch(TABLES)?;
        Ok(Rows { conn, next: 1 })
    }

    pub fn join(&mut self, left: Thing, right: Thing) -> anyhow::Result<Joined> {
        let differences = left.differences(&right)?;
        self.next += 1;
        Ok(Joined { entity: self.next - 1, left, right, differences })
    }

    /// One transaction of new entities.
    pub fn append(&mut self, joined: &[Joined]) -> anyhow::Result<()> {
        let tx = self.conn.transaction()?;
        {
            let mut entity = tx.prepare_cached("INSERT INTO entity VALUES (?1, ?2, ?3)")?;
            let mut link = tx.prepare_cached("INSERT INTO link VALUES (?1, 0, ?2, ?3)")?;
            for joined in joined {
                let hash = hash(joined.left.sku());
                entity.execute(params![joined.entity, joined.left.values(), hash.to_be_bytes()])?;
                for (side, thing) in [(Side::Left, &joined.left), (Side::Right, &joined.right)] {
                    link.execute(params![joined.entity << 16 | side as i64, thing.id, more(thing)])?;
                }
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// What finds them again, each in one sorted pass.
    pub fn index(&mut self) -> anyhow::Result<()> {
        let tx = self.conn.transaction()?;
        tx.execute_batch(
            "INSERT INTO linked SELECT id & 65535, identity, id >> 16 FROM link ORDER BY 1, 2;
             INSERT INTO matched SELECT keys, id FROM entity ORDER BY 1, 2;",
        )?;
        tx.commit()?;
        Ok(())
    }

    /// One transaction of what a batch of writes came back with.
    pub fn written(&mut self, batch: &[Joined], answered: &[Thing]) -> anyhow::Result<()> {
        ensure!(batch.len() == answered.len(), "{} ops, {} outcomes", batch.len(), answered.len());
        let tx = self.conn.transaction()?;
        {
            let mut link = tx.prepare_cached("UPDATE link SET more = ?2 WHERE id = ?1")?;
            for (joined, thing) in batch.iter().zip(answered) {
                ensure!(joined.left.values() == thing.values(), "{} was written and still differs", thing.id);
                link.execute(params![joined.entity << 16 | Side::Right as i64, more(thing)])?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// Everything into the one file.
    pub fn close(self) -> anyhow::Result<()> {
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

fn more(thing: &Thing) -> Vec<u8> {
    [thing.version.as_bytes(), &thing.modified_ms.to_be_bytes()].concat()
}

fn hash(text: &str) -> i64 {
    BuildHasherDefault::<std::hash::DefaultHasher>::default().hash_one(text) as i64
}
