//! What hangs on the date, on another entity, or on a record that is still to come.

use std::sync::Arc;

use super::sample::*;
use crate::id::{EntityId, RecordKey};
use crate::mapping::FieldIx;
use crate::store::{FieldShape, MappingId, MappingShape, Merged, Store, Touch, Touched};
use crate::sync::entity::{Entity, Origin};
use crate::value::Value;

const PARTNER: FieldIx = FieldIx(2);

/// Deals whose values hang on those of the partner they refer to.
fn deals(hangs: bool) -> MappingShape {
    let mut deals = MappingShape { name: "hanging".into(), ..shape() };
    deals.fields[2] = FieldShape { name: "partner".into(), was: None, meaning: vec![Some(7), None], hangs };
    deals
}

/// A deal that refers to a partner.
fn deal(id: i64, partner: i64) -> Entity {
    let mut deal = settled(id);
    deal.hub[usize::from(PARTNER.0)] = set(Value::Ref(EntityId(partner)), Origin::System(CRM), 10);
    deal
}

/// A store with partners 1 and 2, and with deals of theirs, a first match whole.
async fn laid(store: &Arc<dyn Store>, hangs: bool) -> (MappingId, MappingId) {
    let partners = registered(store).await;
    commit(store, partners, vec![merged(None, settled(1)), merged(None, settled(2))]).await;
    let deals = store.register(deals(hangs)).await.expect("registers");
    let begun = store.new_run(deals, crate::store::Wake::Person, at(0));
    store.begin_run(begun).await.expect("begins");
    commit(store, (deals, begun.id), vec![merged(None, deal(11, 1)), merged(None, deal(12, 2)), merged(None, deal(13, 1))]).await;
    store.end_run(begun, crate::store::RunEnd::default(), at(1)).await.expect("ends");
    (partners.0, deals)
}

/// A value of the partner moves, and those that hang on it are touched: which, by their keys in the CRM.
async fn spread(store: &Arc<dyn Store>, (partners, deals): (MappingId, MappingId), partner: i64) -> Vec<RecordKey> {
    let run = store.new_run(partners, crate::store::Wake::Person, at(2));
    let spreads = Merged { spreads: true, ..merged(Some(settled(partner)), settled(partner)) };
    store.commit_merged(partners, run.id, vec![spreads], at(3)).await.expect("commits");
    let found = store.touched(deals, at(4), 10).await.expect("lists");
    assert!(found.iter().all(|found| found.touch.why == Touched::Reference), "{found:?}");
    store.untouch(found.iter().map(|found| (found.touch.clone(), found.seq)).collect()).await.expect("answers");
    let mut keys: Vec<RecordKey> = found.into_iter().map(|found| found.touch.key).collect();
    keys.sort();
    keys
}

fn keys(ids: &[i64]) -> Vec<RecordKey> {
    ids.iter().map(|id| RecordKey::new(format!("006{id}"))).collect()
}

pub async fn what_hangs_on_an_entity_is_touched_with_it(store: Arc<dyn Store>) {
    let laid = laid(&store, true).await;
    assert_eq!(spread(&store, laid, 1).await, keys(&[11, 13]));
    assert_eq!(spread(&store, laid, 2).await, keys(&[12]));
    // It is another partner's now, and a new one comes.
    let run = store.new_run(laid.1, crate::store::Wake::Person, at(5));
    let moved = vec![merged(Some(deal(11, 1)), deal(11, 2)), merged(None, deal(14, 2))];
    store.commit_merged(laid.1, run.id, moved, at(6)).await.expect("commits");
    assert_eq!(spread(&store, laid, 1).await, keys(&[13]));
    assert_eq!(spread(&store, laid, 2).await, keys(&[11, 12, 14]));
    // The partner turns out to be one with another: by its former name it is referred to still.
    let run = store.new_run(laid.0, crate::store::Wake::Person, at(7));
    let mut one = settled(1);
    one.links[0].as_mut().expect("is linked").predecessors.push(RecordKey::new("0062"));
    let join = Merged { joined: vec![EntityId(2)], ..merged(Some(settled(1)), one) };
    store.commit_merged(laid.0, run.id, vec![join], at(8)).await.expect("commits");
    let both = spread(&store, laid, 1).await;
    assert_eq!(both, keys(&[11, 12, 13, 14]));
}

pub async fn what_hangs_is_found_anew_when_the_mapping_changes(store: Arc<dyn Store>) {
    let laid = laid(&store, false).await;
    assert_eq!(spread(&store, laid, 1).await, [], "nobody reads through the reference");
    store.register(deals(true)).await.expect("registers");
    assert_eq!(spread(&store, laid, 1).await, keys(&[11, 13]));
    store.register(deals(false)).await.expect("registers");
    assert_eq!(spread(&store, laid, 1).await, []);
}

pub async fn what_was_looked_through_is_kept_and_what_waits_is_hastened(store: Arc<dyn Store>) {
    let (mapping, _) = registered(&store).await;
    assert_eq!(store.derived(mapping).await.expect("reads"), None);
    store.keep_derived(mapping, "by this").await.expect("keeps");
    assert_eq!(store.derived(mapping).await.expect("reads").as_deref(), Some("by this"));
    let waits = |key: &str, why| Touch { why, ..touch(mapping, CRM, key) };
    let all = vec![waits("0061", Touched::Reference), waits("0062", Touched::Retry)];
    store.touch(all, Some(at(100)), at(1)).await.expect("touches");
    store.hasten(mapping).await.expect("hastens");
    let due = store.touched(mapping, at(2), 10).await.expect("lists");
    assert_eq!(due.iter().map(|due| due.touch.key.as_str()).collect::<Vec<_>>(), ["0061"], "only what waits for another record");
}
