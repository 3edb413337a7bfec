use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Fields, Store};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn fields(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

fn store() -> (Store, Arc<str>) {
    let mut store = Store::default();
    store.declare("deals", &["external"]);
    let who: Arc<str> = "kim".into();
    store.create("deals", "a", fields(json!({ "external": "X1", "n": 1 })), at(0), &who);
    store.create("deals", "b", fields(json!({ "external": "X2", "n": 1 })), at(1), &who);
    store.update("deals", "a", fields(json!({ "external": "X3", "n": 2 })), at(5), &who);
    store.mark("deals", "b", Some(at(6)), at(6), &who);
    (store, who)
}

#[test]
fn a_stale_read_sees_what_was_there_then() {
    let (store, _) = store();
    let shelf = store.shelf("deals");
    assert_eq!(shelf.get("a", None).unwrap().field("n"), 2);
    assert_eq!(shelf.get("a", Some(at(4))).unwrap().field("n"), 1);
    assert!(shelf.get("b", Some(at(0))).is_none());
    assert!(shelf.get("b", Some(at(2))).unwrap().deleted.is_none());
    assert!(shelf.live("b").is_none());
    assert_eq!((shelf.made(), shelf.alive()), (2, 1));
}

#[test]
fn indexes_follow_changes_and_deletes() {
    let (mut store, who) = store();
    let hits = |store: &Store, value: &str| store.shelf("deals").find("external", value).unwrap().len();
    assert_eq!([hits(&store, "x1"), hits(&store, "x3"), hits(&store, "x2")], [0, 1, 0]);
    store.mark("deals", "b", None, at(7), &who);
    assert_eq!(hits(&store, "x2"), 1);
    let changed: Vec<_> = store.shelf("deals").modified_between(at(5), at(9), None).iter().map(|record| record.key.to_string()).collect();
    assert_eq!(changed, ["a", "b"]);
    assert_eq!(store.shelf("deals").modified_between(at(0), at(2), Some(at(4))).len(), 2);
}

#[test]
fn an_undone_batch_leaves_no_trace() {
    let (mut store, who) = store();
    store.start_undo();
    store.create("deals", "c", fields(json!({ "external": "X9" })), at(8), &who);
    store.update("deals", "a", fields(json!({ "external": "X9", "n": 9 })), at(8), &who);
    store.take_back(0);
    assert!(store.shelf("deals").get("c", None).is_none());
    assert_eq!(store.shelf("deals").live("a").unwrap().field("n"), 2);
    assert_eq!(store.shelf("deals").find("external", "X9").unwrap().len(), 0);
    assert_eq!(store.shelf("deals").newest_first(usize::MAX, None).count(), 2);
}
