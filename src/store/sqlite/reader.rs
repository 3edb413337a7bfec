//! Reads beside the writer: a few connections, each read in one transaction and so of one moment.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::fault::Fault;
use super::schema::{self, Purpose};
use crate::store::StoreError;

/// Connections that read at once; reads are short, and each connection keeps pages of its own in memory.
const READERS: usize = 3;

pub struct Readers {
    file: String,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    pub fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let idle = (0..READERS).map(|_| schema::open(path, Purpose::Read)).collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(Self { file: path.display().to_string(), idle: Mutex::new(idle), permits: Semaphore::new(READERS) }))
    }

    pub async fn call<R, F>(self: &Arc<Self>, doing: &'static str, work: F) -> Result<R, StoreError>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> Result<R, Fault> + Send + 'static,
    {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let readers = Arc::clone(self);
        let read = move || {
            let conn = readers.take().expect("there are as many connections as permits");
            let result = one_moment(&conn, work);
            readers.put_back(conn);
            result.map_err(|fault| fault.told(&readers.file, doing))
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(result) => result,
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        }
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().expect("no holder of this lock can panic").pop()
    }

    fn put_back(&self, conn: Connection) {
        self.idle.lock().expect("no holder of this lock can panic").push(conn);
    }
}

fn one_moment<R>(conn: &Connection, work: impl FnOnce(&Connection) -> Result<R, Fault>) -> Result<R, Fault> {
    let tx = conn.unchecked_transaction()?;
    let result = work(&tx)?;
    tx.commit()?;
    Ok(result)
}
