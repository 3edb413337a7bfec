//! What is kept for a time goes when it is over, and nothing else goes with it.

use std::sync::Arc;

use super::look::settled_as;
use super::sample::*;
use crate::id::{EntityId, RecordKey};
use crate::store::{NewReview, Old, ReviewAbout, RunEnd, RunState, Store, StoreError, Values, Wake};
use crate::sync::entity::{Agreed, LinkState, Shadow};
use crate::sync::op::{EntryState, OpKind};

async fn forget(store: &Arc<dyn Store>, what: Old, before: i64) -> Option<i64> {
    store.forget(what, at(before), 0).await.expect("forgets")
}

pub async fn what_is_over_is_forgotten_and_what_is_open_stays(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let mut look = merged(None, settled(1));
    look.entries = (1..=3).map(|number| entry(number, ids.1, EntityId(1), ERP, OpKind::Update)).collect();
    look.conflicts = vec![lost(EntityId(1), ids.1)];
    commit(&store, ids, vec![look]).await;
    // Closed at 200; the second is open, the third was closed long after.
    let settle = |number, second| crate::store::Settled { at: at(second), ..settled_as(number, EntryState::Done, Some(settled(1)), settled(1)) };
    store.settle(ids.0, vec![settle(1, 200), settle(3, 900)]).await.expect("settles");
    let tried = || async { store.tried(ids.0, &[EntityId(1)], at(-1)).await.expect("reads")[0].len() };
    assert_eq!(forget(&store, Old::Entries, 500).await, None);
    assert_eq!((tried().await, load(&store, ids.0, EntityId(1)).await.entries.len()), (1, 1), "one closed lately, one open");
    let conflicts = || async { (store.conflicts(Some(ids.0), 9).await.expect("lists").len(), store.totals(ids.0).await.expect("counts").conflicts) };
    forget(&store, Old::Conflicts, 0).await;
    assert_eq!(conflicts().await, (1, 1), "its run began then");
    forget(&store, Old::Conflicts, 1).await;
    assert_eq!(conflicts().await, (0, 0));
    let new = |system| NewReview { entity: Some(EntityId(1)), about: ReviewAbout::PingPong { system, field: None, other: None } };
    let first = store.open_review(ids.0, new(CRM), at(1)).await.expect("opens");
    store.open_review(ids.0, new(ERP), at(2)).await.expect("opens");
    store.close_review(first).await.expect("closes");
    forget(&store, Old::Reviews, 500).await;
    let left: Vec<_> = store.reviews(Some(ids.0), false).await.expect("lists");
    assert_eq!(left.iter().map(|review| review.about.clone()).collect::<Vec<_>>(), [new(ERP).about]);
    let end = RunEnd { state: RunState::Done, ..RunEnd::default() };
    store.end_run(run(ids), end.clone(), at(3)).await.expect("ends");
    let second = store.new_run(ids.0, Wake::Person, at(10));
    store.end_run(second, end, at(11)).await.expect("ends");
    forget(&store, Old::Runs, 500).await;
    let runs: Vec<_> = store.runs(None, 9).await.expect("lists").into_iter().map(|run| run.id).collect();
    assert_eq!(runs, [second.id], "the last one tells how the mapping stands");
}

pub async fn many_old_rows_go_a_few_at_a_time(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let mut look = merged(None, settled(1));
    look.conflicts = (0..1_200).map(|_| lost(EntityId(1), ids.1)).collect();
    commit(&store, ids, vec![look]).await;
    let (mut calls, mut after) = (0, Some(0));
    while let Some(from) = after {
        after = store.forget(Old::Conflicts, at(100), from).await.expect("forgets");
        calls += 1;
    }
    assert_eq!((calls, store.totals(ids.0).await.expect("counts").conflicts), (3, 0));
}

pub async fn an_old_tombstone_keeps_its_id_only(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let gone = |id: i64, second: i64, whole: bool| {
        let mut entity = settled(id);
        entity.links[1].as_mut().expect("is linked").state = LinkState::GoneByUser { at: at(second) };
        if whole {
            entity.links[0].as_mut().expect("is linked").state = LinkState::GoneByUser { at: at(second) };
            entity.closed = true;
        }
        crate::store::Merged { keys: Some(vec![key(0, &format!("k{id}"))]), ..merged(None, entity) }
    };
    commit(&store, ids, vec![gone(1, 10, false), gone(2, 10, true), gone(3, 900, true), gone(4, 10, true)]).await;
    store.end_run(run(ids), RunEnd { state: RunState::Done, ..RunEnd::default() }, at(20)).await.expect("ends");
    let open = NewReview { entity: Some(EntityId(4)), about: ReviewAbout::PingPong { system: CRM, field: None, other: None } };
    store.open_review(ids.0, open, at(1)).await.expect("opens");
    assert_eq!(store.forget_gone(ids.0, at(500), 0, Values::Drop).await.expect("forgets"), None);
    let linked = |system, identity: String| {
        let store = Arc::clone(&store);
        async move { store.linked(ids.0, system, &[RecordKey::new(identity)]).await.expect("looks up")[0] }
    };
    // One is left in the other system: the entity lives, and what it agreed on with it.
    let one = entity(&store, ids.0, EntityId(1)).await;
    assert!(matches!(one.links[1].as_ref().expect("a tombstone").state, LinkState::GoneByUser { .. }));
    assert_eq!(one.links[1].as_ref().expect("a tombstone").shadows, [Shadow::Unknown, Shadow::Unknown, Shadow::NoCell]);
    assert_eq!(one.hub, settled(1).hub);
    assert_eq!((linked(ERP, "SO1".into()).await, linked(CRM, "0061".into()).await), (None, Some(EntityId(1))));
    // It came back after all: it is found by its record again.
    let mut back = one.clone();
    back.links[1].as_mut().expect("a tombstone").state = LinkState::Live;
    commit(&store, ids, vec![merged(Some(one), back)]).await;
    assert_eq!(linked(ERP, "SO1".into()).await, Some(EntityId(1)));
    // Nothing is left of the second but its ids.
    let two = entity(&store, ids.0, EntityId(2)).await;
    assert!(two.hub.iter().all(|agreed| *agreed == Agreed::Unset) && two.closed, "{two:?}");
    assert_eq!(two.links[0].as_ref().expect("a tombstone").identity, RecordKey::new("0062"));
    assert_eq!(store.hits(ids.0, &[key(0, "k2"), key(0, "k3")]).await.expect("looks up").iter().map(Vec::len).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((linked(CRM, "0063".into()).await, linked(CRM, "0064".into()).await), (Some(EntityId(3)), Some(EntityId(4))), "too young; asked about");
    // The same record is a new one now.
    let mut again = settled(9);
    again.links[0].as_mut().expect("is linked").identity = RecordKey::new("0062");
    commit(&store, ids, vec![merged(None, again)]).await;
    assert_eq!(linked(CRM, "0062".into()).await, Some(EntityId(9)));
    let beyond = store.forget_gone(crate::store::MappingId(77), at(500), 0, Values::Drop).await;
    assert!(matches!(beyond, Err(StoreError::Unknown { .. })));
}

pub async fn what_others_refer_to_keeps_its_values(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let mut gone = settled(1);
    for link in gone.links.iter_mut().flatten() {
        link.state = LinkState::GoneByUser { at: at(10) };
    }
    gone.closed = true;
    commit(&store, ids, vec![merged(None, gone.clone())]).await;
    store.end_run(run(ids), RunEnd { state: RunState::Done, ..RunEnd::default() }, at(20)).await.expect("ends");
    store.forget_gone(ids.0, at(500), 0, Values::Keep).await.expect("forgets");
    assert_eq!(entity(&store, ids.0, EntityId(1)).await.hub, gone.hub);
    assert_eq!(store.linked(ids.0, CRM, &[RecordKey::new("0061")]).await.expect("looks up"), vec![None]);
}
