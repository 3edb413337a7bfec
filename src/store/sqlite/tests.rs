//! SQLite behind the suite, and what only a file can do wrong.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::lease::Held;
use super::schema::{self, Purpose};
use super::start;
use crate::store::suite::{look, sample, suite};
use crate::store::{Feed, LeaseHolder, RunEnd, RunState, Store, StoreError, sqlite};

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

/// Everything of a store that a kill could tear, in words.
pub(super) async fn shown(store: &Arc<dyn Store>) -> String {
    let mapping = store.register(sample::shape()).await.expect("registers");
    let ids = store.entities(mapping, None, 100).await.expect("lists");
    let cursor = store.cursor(&"crm".into(), &"Opportunity".into(), Feed::Changes).await.expect("reads");
    format!(
        "{:?}\n{:?}\n{cursor:?}\n{:?}\n{:?}\n{:?}",
        store.load(mapping, &ids).await.expect("loads"),
        store.unsettled(mapping).await.expect("reads"),
        store.touched(mapping, sample::at(99), 100).await.expect("reads"),
        store.runs(None, 10).await.expect("lists").iter().map(|run| (run.id, run.ended_at)).collect::<Vec<_>>(),
        store.counts(mapping).await.expect("counts"),
    )
}

/// The file and its log as they lie on disk now, under another name; the log short by `torn` bytes.
fn copy(from: &Path, to: &Path, torn: u64) {
    std::fs::copy(super::mark::path(from), super::mark::path(to)).expect("it stands beside the store");
    let wal = |path: &Path| path.with_extension("db-wal");
    std::fs::copy(from, to).expect("copies the file");
    std::fs::copy(wal(from), wal(to)).expect("copies the log");
    let log = std::fs::File::options().write(true).open(wal(to)).expect("opens the log");
    log.set_len(log.metadata().expect("has a length").len() - torn).expect("tears the log");
}

fn sound(path: &Path) {
    let conn = rusqlite::Connection::open(path).expect("opens");
    let answer: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checks");
    assert_eq!(answer, "ok");
    let dangling = conn.prepare("PRAGMA foreign_key_check").expect("prepares").exists([]).expect("checks");
    assert!(!dangling, "a row refers to one that is not there");
}

#[tokio::test]
async fn after_a_kill_at_any_commit_the_file_holds_what_was_answered() {
    let directory = tempfile::tempdir().expect("a directory");
    let live = directory.path().join("live.db");
    let store = open(&live);
    let ids = sample::registered(&store).await;
    let mut look = sample::merged(None, sample::settled(1));
    look.entries = vec![sample::entry(1, ids.1, crate::id::EntityId(1), sample::ERP, crate::sync::op::OpKind::Update)];
    let entry = look.entries[0].id;
    let mut look = Some(look);
    let mut before = shown(&store).await;
    for step in 0..6 {
        match step {
            0 => sample::commit(&store, ids, vec![look.take().expect("is taken once")]).await,
            1 => {
                let touched = vec![sample::touch(ids.0, sample::CRM, "0061"), sample::touch(ids.0, sample::CRM, "0062")];
                let cursor = Some(crate::system::Cursor("c1".into()));
                store.commit_page(&"crm".into(), &"Opportunity".into(), Feed::Changes, cursor, touched, sample::at(3)).await.expect("commits");
            }
            2 => store.mark_sent(&[entry], sample::at(4), sample::at(9)).await.expect("marks"),
            3 => {
                let mut after = sample::settled(1);
                after.links[1].as_mut().expect("is linked").version = Some("v2".into());
                let result = look::settled_as(1, crate::sync::op::EntryState::Done, Some(sample::settled(1)), after);
                store.settle(ids.0, vec![result]).await.expect("settles");
            }
            4 => sample::commit(&store, ids, (2..60).map(|id| sample::merged(None, sample::settled(id))).collect()).await,
            _ => {
                let end = RunEnd { state: RunState::Done, ..RunEnd::default() };
                let run = store.new_run(ids.0, crate::store::Wake::Person, sample::at(1));
                store.end_run(run, end, sample::at(9)).await.expect("ends");
            }
        }
        let after = shown(&store).await;
        assert_ne!(before, after);
        for torn in [0, 1] {
            let killed = directory.path().join(format!("killed-{step}-{torn}.db"));
            copy(&live, &killed, torn);
            let again = open(&killed);
            // The last step fills the look-up tables in a second transaction, which nobody sees.
            let expected = if torn == 0 || step == 5 { &after } else { &before };
            assert_eq!(&shown(&again).await, expected, "step {step}, {torn} bytes short");
            drop(again);
            sound(&killed);
        }
        before = after;
    }
}

/// Its mark had moved, and the file beside it did not exist yet: it passed for a restored backup, and waited for a person.
#[test]
fn a_store_whose_first_process_ended_while_it_opened_is_no_restored_backup() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("store.db");
    let mut conn = schema::open(&path, Purpose::Write).expect("opens");
    let beside = super::beside(&conn, &path).expect("reads");
    super::take(&mut conn, &mut Held::Never, &holder(1, 0), super::Proof::Locked, "store.db", beside.as_ref()).expect("takes the lease");
    drop(conn);
    assert_eq!(open(&path).restored(), None);
    std::fs::remove_file(super::mark::path(&path)).expect("it is there");
    assert!(open(&path).restored().is_some(), "a store that was used and has no such file was moved or restored without it");
}

#[tokio::test]
async fn a_run_whose_process_is_gone_runs_no_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("cut.db");
    let store = open(&path);
    let ids = sample::registered(&store).await;
    let states = async |store: &Arc<dyn Store>| store.runs(None, 10).await.expect("lists").iter().map(|run| run.end.state).collect::<Vec<_>>();
    assert_eq!(states(&store).await, [RunState::Running]);
    drop(store);
    let store = open(&path);
    assert_eq!(states(&store).await, [RunState::Stopped]);
    store.register(sample::shape()).await.expect("registers");
    let ended = RunEnd { state: RunState::Done, ..RunEnd::default() };
    store.end_run(sample::run(ids), ended, sample::at(9)).await.expect("ends");
    drop(store);
    assert_eq!(states(&open(&path)).await, [RunState::Done], "one that ended stays as it ended");
}

#[test]
fn a_newer_or_foreign_or_damaged_file_is_refused_untouched() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    drop(open(&path("newer.db")));
    let raw = rusqlite::Connection::open(path("newer.db")).expect("opens");
    raw.pragma_update(None, "user_version", 99).expect("writes");
    drop(raw);
    let newer = sqlite::open(&path("newer.db"), &holder(1, 0)).err();
    assert!(matches!(newer, Some(StoreError::Newer { found: 99, known: schema::NEWEST, .. })), "{newer:?}");
    let raw = rusqlite::Connection::open(path("foreign.db")).expect("opens");
    raw.execute_batch("CREATE TABLE other (x)").expect("writes");
    drop(raw);
    std::fs::write(path("text.db"), "this is a letter, and longer than the header of a database file has to be; it says so three times over").expect("writes");
    drop(open(&path("torn.db")));
    let mut bytes = std::fs::read(path("torn.db")).expect("reads");
    bytes[100..4_096].fill(0xAA);
    std::fs::write(path("torn.db"), bytes).expect("writes");
    for name in ["foreign.db", "text.db", "torn.db"] {
        let before = std::fs::read(path(name)).expect("reads");
        let refused = sqlite::open(&path(name), &holder(1, 0)).err();
        assert!(matches!(refused, Some(StoreError::Damaged { .. })), "{name}: {refused:?}");
        assert!(std::fs::read(path(name)).expect("reads") == before, "{name} was written to");
    }
}

#[tokio::test]
async fn one_process_at_a_time_has_the_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("one.db");
    let first = open(&path);
    let second = sqlite::open(&path, &holder(2, 1)).err();
    let Some(StoreError::Held { process: 1, host, since, .. }) = second else { panic!("{second:?}") };
    assert_eq!((host.as_str(), since.starts_with("2027-01-15T08:00:00")), ("here", true));
    // Somebody on another machine takes it over, thinking this process dead.
    let raw = rusqlite::Connection::open(&path).expect("opens");
    raw.execute("UPDATE lease SET epoch = epoch + 1, process = 9, host = 'there', renewed = renewed + 60000", []).expect("writes");
    let fenced = first.reserve(1).await;
    assert!(matches!(fenced, Err(StoreError::Fenced { .. })), "{fenced:?}");
    assert!(matches!(first.renew_lease(holder(1, 2).now).await, Err(StoreError::Fenced { .. })));
    assert!(matches!(first.take_lease(&holder(1, 89)).await, Err(StoreError::Held { process: 9, .. })), "the other may live");
    first.take_lease(&holder(1, 90)).await.expect("the other's lease has ended");
    first.reserve(1).await.expect("writes again");
    first.release_lease().await.expect("releases");
    assert!(matches!(first.reserve(1).await, Err(StoreError::Fenced { .. })), "what was released is not written");
    let second = sqlite::open(&path, &holder(2, 91)).expect("the lease is free");
    second.renew_lease(holder(2, 95).now).await.expect("renews");
    drop((first, second));
    sqlite::open(&path, &holder(3, 96)).expect("a holder that is dead on this machine holds nothing");
}

#[tokio::test]
async fn a_reader_sees_what_the_writer_committed_and_writes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("read.db");
    assert!(matches!(sqlite::open_read_only(&path).err(), Some(StoreError::Unknown { .. })));
    let store = open(&path);
    let reader = sqlite::open_read_only(&path).expect("opens beside the writer");
    let unknown = reader.register(sample::shape()).await.expect("looks it up");
    assert_eq!(reader.counts(unknown).await.expect("counts"), (0, vec![0, 0]), "nothing was ever kept of it");
    let other = reader.register(crate::store::MappingShape { name: "leads".into(), ..sample::shape() }).await.expect("looks it up");
    assert_ne!(unknown, other);
    assert_eq!(reader.adoption(other).await.expect("reads"), crate::store::Adoption::First);
    let ids = sample::registered(&store).await;
    sample::commit(&store, ids, vec![sample::merged(None, sample::settled(1))]).await;
    store.linked(ids.0, sample::CRM, &["0061".into()]).await.expect("looks up");
    let mapping = reader.register(sample::shape()).await.expect("looks it up");
    assert_eq!(mapping, ids.0);
    assert_eq!(sample::entity(&reader, mapping, crate::id::EntityId(1)).await, sample::settled(1));
    assert_eq!(reader.linked(mapping, sample::CRM, &["0061".into()]).await.expect("looks up"), [Some(crate::id::EntityId(1))]);
    let refused = reader.reserve(1).await;
    assert!(matches!(refused, Err(StoreError::Failed { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_written_and_ends_all_writing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("full.db");
    let conn = schema::open(&path, Purpose::Write).expect("opens");
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("counts");
    conn.pragma_update_and_check(None, "max_page_count", pages + 12, |_| Ok(())).expect("limits");
    let store = start(conn, path.display().to_string(), Held::Never, None, None).expect("starts");
    let ids = sample::registered(&store).await;
    sample::commit(&store, ids, vec![sample::merged(None, sample::settled(1))]).await;
    let before = shown(&store).await;
    let many = (2..2_000).map(|id| sample::merged(None, sample::settled(id))).collect();
    let full = store.commit_merged(ids.0, ids.1, many, sample::at(1)).await;
    assert!(matches!(full, Err(StoreError::Disk { .. })), "{full:?}");
    let after = store.reserve(1).await;
    assert!(matches!(after, Err(StoreError::Disk { .. })), "nothing is tried again: {after:?}");
    drop(store);
    sound(&path);
    assert_eq!(shown(&open(&path)).await, before);
}

#[tokio::test]
async fn calls_at_once_share_commits_and_all_are_answered() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(&directory.path().join("many.db"));
    let ids = sample::registered(&store).await;
    let delivery = |n: usize| crate::store::Delivery {
        connection: "crm".into(),
        identity: format!("d{}", n % 150),
        verified_by: "hmac".into(),
        received_at: sample::at(1),
        touched: vec![sample::touch(ids.0, sample::CRM, &n.to_string())],
        feeds: vec![],
    };
    let answers = futures::future::join_all((0..300).map(|n| store.accept(delivery(n)))).await;
    let new = answers.into_iter().filter(|answer| matches!(answer, Ok(crate::store::Accepted::New))).count();
    assert_eq!((new, store.touched_count(ids.0).await.expect("counts").0), (150, 150));
}

#[tokio::test]
async fn a_store_behind_its_mark_is_known_to_be_restored_until_a_person_confirms() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, backup) = (directory.path().join("live.db"), directory.path().join("backup.db"));
    let store = open(&path);
    let ids = sample::registered(&store).await;
    let mut owing = sample::merged(None, sample::settled(1));
    owing.entries = vec![sample::entry(1, ids.1, crate::id::EntityId(1), crate::mapping::SystemIx(1), crate::sync::op::OpKind::Update)];
    sample::commit(&store, ids, vec![owing]).await;
    store.adopt(ids.0, Vec::new()).await.expect("adopts");
    rusqlite::Connection::open(&path).and_then(|raw| raw.execute_batch(&format!("VACUUM INTO '{}'", backup.display()))).expect("a backup");
    let given = store.reserve(5).await.expect("reserves");
    store.release_lease().await.expect("releases");
    drop(store);
    assert_eq!(open(&path).restored(), None, "nobody replaced it");
    for end in ["-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{end}", path.display())));
    }
    std::fs::copy(&backup, &path).expect("the backup is there");
    let store = open(&path);
    assert!(store.restored().is_some());
    drop(store);
    let store = open(&path);
    assert!(store.restored().is_some(), "starting again confirms nothing");
    let ids = (store.register(sample::shape()).await.expect("registers"), ids.1);
    let open_entries = store.unsettled(ids.0).await.expect("reads");
    assert!(open_entries.iter().all(|entry| entry.state == crate::sync::op::EntryState::InDoubt && entry.deadline.is_some()), "{open_entries:?}");
    assert_eq!(open_entries.len(), 1);
    assert!(store.reserve(1).await.expect("reserves").start >= given.end, "no id is given twice");
    store.confirm_restored().await.expect("confirms");
    assert_eq!(store.restored(), None);
    assert_eq!(store.adoption(ids.0).await.expect("reads"), crate::store::Adoption::Edited, "everything is read anew");
    drop(store);
    assert_eq!(open(&path).restored(), None);
}

/// However long the log is, what one entity lost is found at once.
#[test]
fn what_one_entity_lost_is_found_by_its_index() {
    let conn = schema::in_memory().expect("a store in memory");
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", super::conflict::LOG_OF_ONE)).expect("good SQL");
    let steps = statement.query_map([1, 2, 3, 4], |row| row.get::<_, String>(3)).expect("explains");
    let steps: Vec<String> = steps.map(|step| step.expect("a step")).collect();
    assert!(steps.iter().any(|step| step.contains("conflict_entity")), "{steps:?}");
}

#[test]
fn an_epoch_that_moved_fences() {
    let conn = schema::in_memory().expect("opens");
    let epoch: i64 = conn.query_row("SELECT epoch FROM lease", [], |row| row.get(0)).expect("reads");
    assert!(!Held::Epoch(epoch).is_fenced(&conn).expect("reads"));
    conn.execute("UPDATE lease SET epoch = epoch + 1", []).expect("writes");
    assert!(Held::Epoch(epoch).is_fenced(&conn).expect("reads"));
}

/// A planted bug, caught.
#[test]
fn an_epoch_that_nobody_checks_is_noticed() {
    crate::plant::caught_by("epoch-not-checked", an_epoch_that_moved_fences);
}
