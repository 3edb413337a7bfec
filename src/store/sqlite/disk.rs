//! A disk in memory for simulations: what was committed on it outlives the store, and once nobody needs it any more it is wiped for the next.
//!
//! Making tables and preparing statements costs as much as a short history, so each thread keeps the databases that it made.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::writer::{Here, Writer};
use super::{IN_MEMORY, Sqlite, fault, schema};
use crate::store::{Store, StoreError};

thread_local! {
    /// Databases that are as new.
    static WIPED: RefCell<Vec<Database>> = const { RefCell::new(Vec::new()) };
}

/// A store on it works where it is called, on no thread of its own, and finds what the one before it committed.
pub struct MemoryDisk(Arc<Slot>);

impl MemoryDisk {
    /// An empty store that says it is `instance`.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(instance: &str) -> Result<Self, StoreError> {
        let database = match WIPED.with_borrow_mut(Vec::pop) {
            Some(database) => database,
            None => Database::create()?,
        };
        database.conn.execute("UPDATE meta SET instance = ?1", [instance]).map_err(|e| fault::disk(IN_MEMORY, "open", e))?;
        let Database { conn, born } = database;
        Ok(Self(Arc::new(Slot { conn: Mutex::new(Some(conn)), born })))
    }

    /// What `integrity_check` and `foreign_key_check` find wrong: nothing, ever.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] while a store is open on it.
    pub fn damage(&self) -> Result<Vec<String>, StoreError> {
        let conn = self.0.conn.lock().expect("no holder of this lock can panic");
        let conn = conn.as_ref().ok_or_else(|| StoreError::Unknown { what: "a disk in memory that no store is open on".into() })?;
        let told = |sql: &str| -> rusqlite::Result<Vec<String>> { conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect() };
        let mut found = told("PRAGMA integrity_check").map_err(|e| fault::disk(IN_MEMORY, "check", e))?;
        found.retain(|line| line != "ok");
        found.extend(told("PRAGMA foreign_key_check").map_err(|e| fault::disk(IN_MEMORY, "check", e))?);
        Ok(found)
    }

    /// Opens the store, once the one before it is dropped.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] while another store is open on it.
    pub fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        let conn = self.0.conn.lock().expect("no holder of this lock can panic").take();
        let conn = conn.ok_or_else(|| StoreError::Unknown { what: "a disk in memory that no store is open on".into() })?;
        let mut store = Sqlite::new(IN_MEMORY.into(), &conn, None, None)?;
        store.writer = Some(Writer::Here(Here::start(conn, IN_MEMORY.into())?));
        store.disk = Some(Arc::clone(&self.0));
        Ok(Arc::new(store))
    }
}

/// For scratch files of a store in memory: in memory as well where there is such a place.
pub fn scratch() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// Where the connection of a disk lies while no store is open on it.
pub struct Slot {
    conn: Mutex<Option<Connection>>,
    born: Arc<Born>,
}

impl Slot {
    pub fn put_back(&self, conn: Connection) {
        *self.conn.lock().expect("no holder of this lock can panic") = Some(conn);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(conn) = self.conn.get_mut().expect("no holder of this lock can panic").take() else { return };
        // One that cannot be wiped is not used again; the next disk makes its own.
        if self.born.wipe(&conn).is_ok() {
            let database = Database { conn, born: Arc::clone(&self.born) };
            // While the thread ends nobody asks for another.
            WIPED.try_with(|wiped| wiped.borrow_mut().push(database)).unwrap_or_default();
        }
    }
}

/// A database in memory, and how to make it as it was.
struct Database {
    conn: Connection,
    born: Arc<Born>,
}

impl Database {
    fn create() -> Result<Self, StoreError> {
        let conn = schema::in_memory()?;
        let born = Born::of(&conn).map_err(|e| fault::disk(IN_MEMORY, "open", e))?;
        Ok(Self { conn, born: Arc::new(born) })
    }
}

/// The tables of an empty store, each with the rows that it began with; what refers to others comes before them.
#[derive(Debug, PartialEq)]
struct Born(Vec<(String, Vec<Vec<Value>>)>);

impl Born {
    fn of(conn: &Connection) -> rusqlite::Result<Self> {
        let mut statement = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid DESC")?;
        let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let with_rows = |name: String| rows(conn, &name).map(|rows| (name, rows));
        Ok(Self(names.into_iter().map(with_rows).collect::<rusqlite::Result<_>>()?))
    }

    fn wipe(&self, conn: &Connection) -> rusqlite::Result<()> {
        let tx = conn.unchecked_transaction()?;
        for (name, rows) in &self.0 {
            tx.execute(&format!("DELETE FROM {name}"), [])?;
            for row in rows {
                let places = vec!["?"; row.len()].join(", ");
                tx.execute(&format!("INSERT INTO {name} VALUES ({places})"), params_from_iter(row))?;
            }
        }
        tx.commit()
    }
}

fn rows(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = conn.prepare(&format!("SELECT * FROM {table}"))?;
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row| (0..columns).map(|at| row.get(at)).collect();
    statement.query_map([], row)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wiped_disk_is_as_new() {
        let made = Database::create().expect("there is memory");
        made.conn.pragma_update(None, "foreign_keys", false).expect("it is set");
        for (table, _) in made.born.0.iter().filter(|(_, rows)| rows.is_empty()) {
            let columns: Vec<String> = {
                let mut statement = made.conn.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).expect("a table");
                statement.query_map([], |row| row.get(0)).expect("columns").collect::<rusqlite::Result<_>>().expect("names")
            };
            let sevens = vec!["7"; columns.len()].join(", ");
            made.conn.execute(&format!("INSERT INTO {table} VALUES ({sevens})"), []).expect("a row of sevens");
        }
        made.conn.execute("UPDATE meta SET entity = 9, mark = 9, restored = 9", []).expect("changes");
        made.conn.execute("UPDATE lease SET epoch = 9, host = 'x'", []).expect("changes");
        assert_ne!(Born::of(&made.conn).expect("reads"), *made.born);
        made.conn.pragma_update(None, "foreign_keys", true).expect("it is set");
        made.born.wipe(&made.conn).expect("wipes");
        assert_eq!(Born::of(&made.conn).expect("reads"), *made.born);
    }
}
