//! The one thread that writes: calls that wait together share a transaction and its sync to disk, and each is answered only after it.

use std::sync::Mutex;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::{self, Fault};
use super::lease::Held;
use crate::store::StoreError;

/// Calls that may wait for the writer; more wait at the door.
const QUEUE_MAX: usize = 256;
/// Calls in one transaction: enough to share a sync among all webhooks in flight, few enough to answer the first one soon.
const GROUP_MAX: usize = 64;

/// What a call may use while its transaction is open.
pub struct Write<'a> {
    pub conn: &'a Connection,
    pub held: &'a mut Held,
    seq: &'a mut i64,
}

impl Write<'_> {
    /// The number of a new hint; a number once given is never given again by this process, committed or not.
    pub fn next_seq(&mut self) -> i64 {
        *self.seq += 1;
        *self.seq
    }

    pub fn execute(&self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }
}

/// Whether a call may write without holding the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    Checked,
    /// For taking the lease itself, and for reads of a store in memory.
    Free,
}

/// Where writes are done: on the one thread for it, or in memory where they are asked for.
pub enum Writer {
    Thread(Thread),
    Here(Here),
}

impl Writer {
    pub async fn call<R, F>(&self, doing: &'static str, fence: Fence, work: F) -> Result<R, StoreError>
    where
        R: Send + 'static,
        F: FnOnce(&mut Write) -> Result<R, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Box::new(Call { doing, fence, work: Some(work), result: None, reply });
        match self {
            Writer::Thread(thread) => {
                let queue = thread.queue.as_ref().expect("the queue is only taken when the store is dropped");
                queue.send(call).await.map_err(|_| gone(doing))?;
            }
            Writer::Here(here) => here.state.lock().expect("no holder of this lock can panic").commit(&mut vec![call]),
        }
        answer.await.map_err(|_| gone(doing))?
    }
}

/// Writes one call after the other where it is called: what happens hangs on no thread.
pub struct Here {
    state: Mutex<State>,
}

impl Here {
    pub fn start(conn: Connection, file: String) -> Result<Self, StoreError> {
        Ok(Self { state: Mutex::new(State::new(conn, file, Held::Never)?) })
    }

    /// Asks without a transaction: nobody else has the database, and the caller does not wait in the middle.
    pub fn read<R>(&self, doing: &'static str, work: impl FnOnce(&Connection) -> Result<R, Fault>) -> Result<R, StoreError> {
        let state = self.state.lock().expect("no holder of this lock can panic");
        match &state.broken {
            Some(error) => Err(fault::disk(&state.file, doing, fault::again(error))),
            None => work(&state.conn).map_err(|fault| fault.told(&state.file, doing)),
        }
    }

    /// Gives the connection back, with all that was committed.
    pub fn end(self) -> Connection {
        self.state.into_inner().expect("no holder of this lock can panic").conn
    }
}

/// The writer as its store holds it. Dropping it lets the thread finish what was asked and waits for it.
pub struct Thread {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    pub fn start(conn: Connection, file: String, held: Held) -> Result<Self, StoreError> {
        let work = State::new(conn, file, held)?;
        let (queue, calls) = mpsc::channel(QUEUE_MAX);
        let handle = thread::Builder::new().name("store".into()).spawn(move || work.run(calls)).map_err(|e| {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOMEM);
            StoreError::Failed { doing: "start the writer", source: rusqlite::Error::SqliteFailure(code, Some(e.to_string())) }
        })?;
        Ok(Self { queue: Some(queue), handle: Some(handle) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("the store's writer ended by a bug");
        }
    }
}

fn gone(doing: &'static str) -> StoreError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT);
    StoreError::Failed { doing, source: rusqlite::Error::SqliteFailure(code, Some("the store's writer has ended".into())) }
}

/// One call, whatever it answers with.
trait Job: Send {
    fn doing(&self) -> &'static str;
    fn fence(&self) -> Fence;
    /// Does the work; whether it is to be kept.
    fn run(&mut self, write: &mut Write) -> bool;
    fn refuse(&mut self, why: StoreError);
    /// The failure of SQLite that ended the work, if one did.
    fn failure(&self) -> Option<&rusqlite::Error>;
    fn answer(self: Box<Self>, file: &str, committed: Result<(), StoreError>);
}

struct Call<R, F> {
    doing: &'static str,
    fence: Fence,
    work: Option<F>,
    result: Option<Result<R, Fault>>,
    reply: oneshot::Sender<Result<R, StoreError>>,
}

impl<R, F> Job for Call<R, F>
where
    R: Send,
    F: FnOnce(&mut Write) -> Result<R, Fault> + Send,
{
    fn doing(&self) -> &'static str {
        self.doing
    }

    fn fence(&self) -> Fence {
        self.fence
    }

    fn run(&mut self, write: &mut Write) -> bool {
        let work = self.work.take().expect("a call is run once");
        let result = work(write);
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn refuse(&mut self, why: StoreError) {
        self.result = Some(Err(Fault::Store(why)));
    }

    fn failure(&self) -> Option<&rusqlite::Error> {
        match &self.result {
            Some(Err(Fault::Sqlite(error))) => Some(error),
            _ => None,
        }
    }

    fn answer(self: Box<Self>, file: &str, committed: Result<(), StoreError>) {
        let answer = match (self.result, committed) {
            (Some(Err(fault)), _) => Err(fault.told(file, self.doing)),
            (_, Err(error)) => Err(error),
            (Some(Ok(result)), Ok(())) => Ok(result),
            (None, Ok(())) => unreachable!("what was committed was run"),
        };
        // A caller that went away does not want to know.
        drop(self.reply.send(answer));
    }
}

struct State {
    conn: Connection,
    file: String,
    held: Held,
    seq: i64,
    /// The failure after which nothing is written any more.
    broken: Option<rusqlite::Error>,
}

impl State {
    fn new(conn: Connection, file: String, held: Held) -> Result<Self, StoreError> {
        let seq = last_seq(&conn).map_err(|e| fault::disk(&file, "open", e))?;
        Ok(Self { conn, file, held, seq, broken: None })
    }

    fn run(mut self, mut calls: mpsc::Receiver<Box<dyn Job>>) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while let Some(first) = calls.blocking_recv() {
            group.push(first);
            while group.len() < GROUP_MAX
                && let Ok(next) = calls.try_recv()
            {
                group.push(next);
            }
            self.commit(&mut group);
        }
    }

    /// Runs the group in one transaction and answers each call.
    fn commit(&mut self, group: &mut Vec<Box<dyn Job>>) {
        let committed = match &self.broken {
            Some(error) => Err(fault::again(error)),
            None => self.transaction(group),
        };
        if let Err(error) = &committed
            && fault::is_fatal(error)
            && self.broken.is_none()
        {
            tracing::error!(file = self.file, %error, "the store cannot be written; nothing is written any more");
            self.broken = Some(fault::again(error));
        }
        for job in group.drain(..) {
            let committed = committed.as_ref().copied().map_err(|e| fault::disk(&self.file, job.doing(), fault::again(e)));
            job.answer(&self.file, committed);
        }
    }

    fn transaction(&mut self, group: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
        let tx = Transaction::begin(&self.conn)?;
        let fenced = self.held.is_fenced(tx.0)?;
        // A call that is alone is undone with its transaction.
        let alone = group.len() == 1;
        for job in group {
            if fenced && job.fence() == Fence::Checked {
                job.refuse(StoreError::Fenced { file: self.file.clone() });
                continue;
            }
            if !alone {
                tx.does("SAVEPOINT call")?;
            }
            let keep = job.run(&mut Write { conn: tx.0, held: &mut self.held, seq: &mut self.seq });
            if let Some(error) = job.failure().filter(|error| fault::is_fatal(error)) {
                return Err(fault::again(error));
            }
            match (keep, alone) {
                (true, true) => {}
                (false, true) => return tx.does("ROLLBACK"),
                (true, false) => tx.does("RELEASE call")?,
                (false, false) => {
                    tx.does("ROLLBACK TO call")?;
                    tx.does("RELEASE call")?;
                }
            }
        }
        tx.does("COMMIT")
    }
}

fn last_seq(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM touched")?.query_row([], |row| row.get(0))
}

/// An open transaction, by statements that are prepared once. Dropped before it was committed it is rolled back.
struct Transaction<'a>(&'a Connection);

impl<'a> Transaction<'a> {
    fn begin(conn: &'a Connection) -> rusqlite::Result<Self> {
        let tx = Self(conn);
        tx.does("BEGIN IMMEDIATE")?;
        Ok(tx)
    }

    fn does(&self, sql: &str) -> rusqlite::Result<()> {
        self.0.prepare_cached(sql)?.execute([]).map(|_| ())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.does("ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the store cannot be rolled back");
        }
    }
}
