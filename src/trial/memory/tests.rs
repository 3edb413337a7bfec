use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::clock::HandClock;
use crate::id::EntryId;
use crate::value::Str;
use crate::value::record::{Cell, Column, Columns, Form, WriteCell};

fn accounts() -> (MemorySystem, ObjectName, Read) {
    let clock = Arc::new(HandClock::at(Timestamp::UNIX_EPOCH));
    let columns: Columns = Arc::from([Column { path: Path::member("Name"), form: Form::Text }].as_slice());
    let object = ObjectName::new("Account");
    (MemorySystem::new(ConnectionName::new("crm"), clock, abilities()), object.clone(), Read { object, columns })
}

fn named(name: &str) -> Value {
    Value::Map(vec![(Str::from("Name"), Value::text(name))])
}

fn item(key: Option<RecordKey>, version: Option<&str>, name: &str) -> WriteItem {
    let cell = WriteCell { path: Path::member("Name"), form: Form::Text, value: Value::text(name), target: None };
    WriteItem { entry: EntryId(uuid::Uuid::nil()), key, version: version.map(Str::from), cells: vec![cell], by: None }
}

async fn read_all(mut pages: Box<dyn Pages>) -> (Vec<Record>, Option<Cursor>) {
    let (mut records, mut cursor) = (Vec::new(), None);
    while let Some(page) = pages.next().await.expect("memory answers") {
        records.extend(page.records);
        cursor = page.cursor.or(cursor);
    }
    (records, cursor)
}

#[tokio::test]
async fn a_cursor_gives_what_changed_since() {
    let (crm, object, read) = accounts();
    let first = crm.put(&object, named("Acme"));
    crm.put(&object, named("Globex"));
    let (records, cursor) = read_all(crm.changes(read.clone(), None)).await;
    assert_eq!(records.len(), 2);
    assert!(crm.edit(&object, &first, &Path::member("Name"), Value::text("ACME")));
    let (records, cursor) = read_all(crm.changes(read.clone(), cursor)).await;
    assert_eq!(records.iter().map(|record| &record.cells[0]).collect::<Vec<_>>(), [&Cell::Value(Value::text("ACME"))]);
    let (records, _) = read_all(crm.changes(read, cursor)).await;
    assert!(records.is_empty());
}

#[tokio::test]
async fn a_write_needs_the_version_it_was_planned_on() {
    let (crm, object, read) = accounts();
    let key = crm.put(&object, named("Acme"));
    let stale = crm.write(read.clone(), &WriteKind::Update, &[item(Some(key.clone()), Some("0"), "X")]).await;
    assert!(matches!(stale[..], [Outcome::Stale]), "{stale:?}");
    let done = crm.write(read, &WriteKind::Update, &[item(Some(key.clone()), Some("1"), "X")]).await;
    assert!(matches!(done[..], [Outcome::Done { .. }]), "{done:?}");
    assert_eq!(crm.values(&object, &key), Some(named("X")));
}

#[tokio::test]
async fn a_lost_answer_leaves_the_record_there_and_the_op_in_doubt() {
    let (crm, object, read) = accounts();
    crm.fail(Fault::LostAnswer);
    let doubt = crm.write(read.clone(), &WriteKind::Create, &[item(None, None, "Acme")]).await;
    assert!(matches!(doubt[..], [Outcome::InDoubt { .. }]), "{doubt:?}");
    assert_eq!(crm.keys(&object).len(), 1);
    let found = crm.find(read, &Path::member("Name"), &Value::text("Acme")).await.expect("memory answers");
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn deletes_are_told_since_the_cursor_and_get_confirms_them() {
    let (crm, object, read) = accounts();
    let key = crm.put(&object, named("Acme"));
    let (_, start) = read_all(crm.gone(read.clone(), None).expect("it has a feed of deletes")).await;
    assert!(crm.delete(&object, &key));
    let mut pages = crm.gone(read.clone(), start).expect("it has a feed of deletes");
    let page = pages.next().await.expect("memory answers").expect("one page");
    assert_eq!(page.gone.iter().map(|gone| &gone.key).collect::<Vec<_>>(), [&key]);
    let got = crm.get(read, &[key]).await.expect("memory answers");
    assert!(got[0].record.is_none());
}

#[tokio::test]
async fn a_system_that_is_down_answers_nothing() {
    let (crm, _, read) = accounts();
    crm.set_down(true);
    assert!(crm.changes(read.clone(), None).next().await.is_err());
    assert!(matches!(crm.write(read, &WriteKind::Create, &[item(None, None, "Acme")]).await[..], [Outcome::NotDone { .. }]));
}
