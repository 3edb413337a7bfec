//! A mapping's file changes: what its numbers still stand for.

use std::sync::Arc;

use super::sample::*;
use crate::id::{EntityId, RecordKey};
use crate::store::{FieldShape, Store};
use crate::sync::entity::{Agreed, Known, Shadow};
use crate::value::Value;

pub async fn order_and_names_may_change(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    commit(&store, ids, vec![merged(None, settled(1))]).await;
    let mut turned = shape();
    turned.systems.reverse();
    turned.fields.reverse();
    turned.fields.iter_mut().for_each(|field| field.meaning.reverse());
    (turned.fields[2].name, turned.fields[2].was) = ("title".into(), Some("name".into()));
    (turned.systems[1].name, turned.systems[1].was) = ("sales".into(), Some("crm".into()));
    turned.systems[1].connection = "sales".into();
    (turned.name, turned.was) = ("opportunities".into(), Some("deals".into()));
    let mapping = store.register(turned.clone()).await.expect("registers");
    assert_eq!(mapping, ids.0);
    let mut expected = settled(1);
    expected.hub.reverse();
    expected.links.reverse();
    expected.links.iter_mut().flatten().for_each(|link| link.shadows.reverse());
    let origin = crate::sync::entity::Origin::System(ERP);
    for agreed in &mut expected.hub {
        if let Agreed::Set(fact) = agreed {
            fact.origin = origin;
        }
    }
    assert_eq!(entity(&store, mapping, EntityId(1)).await, expected, "the same numbers at other places");
    assert_eq!(store.register(turned).await.expect("registers"), mapping);
    assert_eq!(store.runs(None, 1).await.expect("lists")[0].mapping.as_str(), "opportunities");
}

pub async fn a_changed_meaning_is_unknown_until_written(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    commit(&store, ids, vec![merged(None, settled(1)), merged(None, settled(2))]).await;
    let mut changed = shape();
    changed.fields[1].meaning[1] = Some(44);
    changed.fields[2].meaning[1] = Some(45);
    store.register(changed.clone()).await.expect("registers");
    let mut expected = settled(1);
    let erp = expected.links[1].as_mut().expect("is linked");
    (erp.shadows[1], erp.shadows[2]) = (Shadow::Unknown, Shadow::Unknown);
    assert_eq!(entity(&store, ids.0, EntityId(1)).await, expected, "a changed meaning and a new cell were never observed");
    store.register(changed).await.expect("registers");
    assert_eq!(entity(&store, ids.0, EntityId(1)).await, expected, "the same file again changes nothing");
    // One field is observed anew; the other stays unknown although the link was written.
    let mut read = expected.clone();
    let erp = read.links[1].as_mut().expect("is linked");
    erp.shadows[1] = Shadow::Known(Known::settled(Value::Integer(101)));
    commit(&store, ids, vec![merged(Some(expected.clone()), read.clone())]).await;
    assert_eq!(entity(&store, ids.0, EntityId(1)).await, read);
    // So it does if only the link itself moved.
    let mut moved = settled(2);
    let erp = moved.links[1].as_mut().expect("is linked");
    (erp.shadows[1], erp.shadows[2]) = (Shadow::Unknown, Shadow::Unknown);
    let before = moved.clone();
    moved.links[1].as_mut().expect("is linked").version = Some("v2".into());
    commit(&store, ids, vec![merged(Some(before), moved.clone())]).await;
    assert_eq!(entity(&store, ids.0, EntityId(2)).await, moved);
}

pub async fn what_left_the_mapping_is_gone_and_new_when_it_returns(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    commit(&store, ids, vec![merged(None, settled(1))]).await;
    let mut less = shape();
    less.fields.remove(0);
    less.fields.push(FieldShape { name: "stage".into(), was: None, meaning: vec![Some(8), Some(9)], hangs: false });
    store.register(less).await.expect("registers");
    let found = entity(&store, ids.0, EntityId(1)).await;
    assert_eq!(found.hub.len(), 3);
    assert_eq!((found.agreed(crate::mapping::FieldIx(0)), &found.hub[2]), (&Value::Integer(101), &Agreed::Unset));
    assert_eq!(found.links[0].as_ref().expect("is linked").shadows[2], Shadow::Unknown, "a new field was never observed");
    store.register(shape()).await.expect("registers");
    let back = entity(&store, ids.0, EntityId(1)).await;
    assert_eq!(back.hub[0], Agreed::Unset, "a field that comes back is adopted");
    assert_eq!(back.links[0].as_ref().expect("is linked").shadows[0], Shadow::Unknown);
    assert_eq!(back.hub[1], settled(1).hub[1]);
}

pub async fn another_object_is_another_system(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    commit(&store, ids, vec![merged(None, settled(1))]).await;
    store.touch(vec![touch(ids.0, ERP, "SO1"), touch(ids.0, CRM, "0061")], None, at(1)).await.expect("touches");
    let mut other = shape();
    other.systems[1].object = "purchase.order".into();
    store.register(other).await.expect("registers");
    let found = entity(&store, ids.0, EntityId(1)).await;
    assert!(found.links[0].is_some() && found.links[1].is_none());
    assert_eq!(store.linked(ids.0, ERP, &[RecordKey::new("SO1")]).await.expect("looks up"), [None]);
    assert_eq!(store.counts(ids.0).await.expect("counts"), (1, vec![1, 0]));
    assert_eq!(store.touched(ids.0, at(9), 10).await.expect("reads").len(), 1, "records of a system that left are not looked at");
}
