//! SQLite behind the suite, and what only a file can do wrong.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::store::suite::suite;
use crate::store::{LeaseHolder, Store, StoreError, sqlite};

fn holder(process: u32, second: i64) -> LeaseHolder {
    let now = Timestamp::from_second(1_800_000_000 + second).expect("a time of this century");
    LeaseHolder { process, host: "here".into(), now, lives: Duration::from_secs(30) }
}

fn open(path: &Path) -> Arc<dyn Store> {
    sqlite::open(path, &holder(1, 0)).expect("opens")
}

#[test]
fn sqlite_in_memory_keeps_the_contract() {
    suite(|| sqlite::memory().expect("opens"));
}

#[test]
fn sqlite_in_a_file_keeps_the_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    let number = AtomicU32::new(0);
    suite(|| open(&directory.path().join(format!("{}.db", number.fetch_add(1, Ordering::Relaxed)))));
}
