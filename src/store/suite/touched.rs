//! Hints, cursors, deliveries.

use std::sync::Arc;

use super::sample::*;
use crate::id::{ConnectionName, ObjectName};
use crate::store::{Accepted, Delivery, Feed, MappingId, Store, StoreError, Touched, TouchedRecord};
use crate::system::Cursor;

async fn due(store: &Arc<dyn Store>, mapping: MappingId, second: i64) -> Vec<TouchedRecord> {
    store.touched(mapping, at(second), 100).await.expect("reads")
}

pub async fn a_newer_hint_survives_its_answer(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let first = touch(ids.0, CRM, "0061");
    store.touch(vec![first.clone(), touch(ids.0, ERP, "0061")], None, at(1)).await.expect("touches");
    let read = due(&store, ids.0, 5).await;
    assert_eq!(read.len(), 2, "systems are told apart");
    assert_eq!((&read[0].touch, read[0].first_seen, read[0].attempts), (&first, at(1), 0));
    let newer = crate::store::Touch { why: Touched::Gone, ..first.clone() };
    store.touch(vec![newer.clone()], None, at(3)).await.expect("touches");
    store.untouch(vec![(first.clone(), read[0].seq)]).await.expect("untouches");
    let mut look = merged(None, settled(1));
    look.untouch = vec![(first.clone(), read[0].seq), (read[1].touch.clone(), read[1].seq)];
    commit(&store, ids, vec![look]).await;
    let kept = due(&store, ids.0, 5).await;
    assert_eq!(kept.len(), 1, "the newer hint is kept, the answered one is gone");
    assert_eq!((&kept[0].touch, kept[0].first_seen), (&newer, at(1)));
    assert!(kept[0].seq > read[1].seq);
    store.untouch(vec![(first, kept[0].seq)]).await.expect("untouches");
    assert_eq!(store.touched_count(ids.0).await.expect("counts"), (0, None));
}

pub async fn cursor_and_touched_move_together(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let (crm, object) = (ConnectionName::new("crm"), ObjectName::new("Opportunity"));
    let page = |cursor: Option<&str>, touched| store.commit_page(&crm, &object, Feed::Changes, cursor.map(|c| Cursor(c.into())), touched, at(1));
    page(Some("one"), vec![touch(ids.0, CRM, "1")]).await.expect("commits");
    page(None, vec![touch(ids.0, CRM, "2")]).await.expect("commits");
    assert_eq!(store.cursor(&crm, &object, Feed::Changes).await.expect("reads"), Some(Cursor("one".into())));
    assert_eq!(store.cursor(&crm, &object, Feed::Gone).await.expect("reads"), None);
    assert_eq!(due(&store, ids.0, 5).await.len(), 2);
    let unknown = page(Some("two"), vec![touch(MappingId(77), CRM, "3")]).await;
    assert!(matches!(unknown, Err(StoreError::Unknown { .. })));
    assert_eq!(store.cursor(&crm, &object, Feed::Changes).await.expect("reads"), Some(Cursor("one".into())), "no cursor without its rows");
    page(Some("two"), vec![]).await.expect("commits");
    assert_eq!(store.cursor(&crm, &object, Feed::Changes).await.expect("reads"), Some(Cursor("two".into())));
}

pub async fn what_is_put_off_waits_and_counts_attempts(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let first = touch(ids.0, CRM, "0061");
    store.touch(vec![first.clone()], None, at(1)).await.expect("touches");
    let read = due(&store, ids.0, 5).await;
    let mut look = merged(None, settled(1));
    look.untouch = vec![(first.clone(), read[0].seq)];
    look.again = vec![(crate::store::Touch { why: Touched::Retry, ..first.clone() }, at(60))];
    commit(&store, ids, vec![look]).await;
    assert!(due(&store, ids.0, 59).await.is_empty());
    let later = due(&store, ids.0, 60).await;
    assert_eq!((later[0].attempts, later[0].first_seen, later[0].not_before), (1, at(1), Some(at(60))));
    assert_eq!(store.touched_count(ids.0).await.expect("counts"), (1, Some(at(1))));
    store.touch(vec![first.clone()], Some(at(90)), at(6)).await.expect("touches");
    assert_eq!(due(&store, ids.0, 60).await.len(), 1, "the earlier time counts");
    store.touch(vec![first], None, at(7)).await.expect("touches");
    assert_eq!(due(&store, ids.0, 8).await.len(), 1, "a hint without a time is for now");
}

pub async fn a_delivery_is_accepted_once(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let delivery = |identity: &str| Delivery {
        connection: "crm".into(),
        identity: identity.into(),
        verified_by: "hmac".into(),
        received_at: at(1),
        touched: vec![touch(ids.0, CRM, identity)],
        feeds: vec!["Opportunity".into()],
    };
    assert_eq!(store.accept(delivery("a")).await.expect("accepts"), Accepted::New);
    let read = due(&store, ids.0, 5).await;
    assert_eq!(store.accept(delivery("a")).await.expect("accepts"), Accepted::Again);
    assert_eq!(due(&store, ids.0, 5).await[0].seq, read[0].seq, "a repeat touches nothing");
    assert_eq!(store.accept(Delivery { connection: "erp".into(), ..delivery("a") }).await.expect("accepts"), Accepted::New);
    let both = tokio::join!(store.accept(delivery("b")), store.accept(delivery("b")));
    assert_eq!((both.0.expect("accepts"), both.1.expect("accepts")), (Accepted::New, Accepted::Again));
}

pub async fn small_things_of_a_connection_are_kept(store: Arc<dyn Store>) {
    let (crm, object) = (ConnectionName::new("crm"), ObjectName::new("Opportunity"));
    assert_eq!(store.subscription(&crm, &object).await.expect("reads"), None);
    store.keep_subscription(&crm, &object, Some("id 1".into())).await.expect("keeps");
    store.keep_subscription(&crm, &object, Some("id 2".into())).await.expect("keeps");
    assert_eq!(store.subscription(&crm, &object).await.expect("reads"), Some("id 2".into()));
    store.keep_subscription(&crm, &object, None).await.expect("forgets");
    assert_eq!(store.subscription(&crm, &object).await.expect("reads"), None);
    assert_eq!(store.account(&crm).await.expect("reads"), None);
    store.keep_account(&crm, "00D1").await.expect("keeps");
    assert_eq!(store.account(&crm).await.expect("reads"), Some("00D1".into()));
    assert!(!store.instance().is_empty());
}
