//! What a look committed is what the next one loads.

use std::sync::Arc;

use super::sample::*;
use crate::id::{EntityId, RecordKey};
use crate::mapping::{FieldIx, SystemIx};
use crate::store::{Begun, Hit, RunEnd, RunState, Settled, Store, StoreError, Waiting, WaitingWhy};
use crate::sync::entity::{Agreed, Cause, Entity, Known, Link, LinkState, Origin, Shadow, Standing};
use crate::sync::op::{EntryState, OpKind};
use crate::value::Value;

pub async fn an_entity_comes_back_as_it_was_committed(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let range = store.reserve(2).await.expect("reserves");
    let other = store.reserve(1).await.expect("reserves");
    assert!(range.end - range.start == 2 && other.start >= range.end, "ids are given once");
    let mut entity = settled(range.start);
    entity.hub[2] = Agreed::Unset;
    entity.hub[1] = set(Value::Integer(7), Origin::Person, 30);
    let crm = entity.links[0].as_mut().expect("is linked");
    crm.key = RecordKey::new("006A");
    crm.predecessors = vec![RecordKey::new("005"), RecordKey::new("004")];
    crm.state = LinkState::GoneByUs { cause: Cause::Deleted(ERP), at: at(5) };
    crm.version = Some("W/\"abc\"".into());
    crm.changed_at = Some("2024-05-05T01:02:03.1234567Z".parse().expect("a time"));
    (crm.written_at, crm.unchanged_at) = (Some(at(1)), Some("9999-12-30T21:59:59.9999999Z".parse().expect("a time")));
    (crm.asleep, crm.inside, crm.beyond, crm.kept) = (true, true, true, true);
    crm.shadows = vec![
        Shadow::Known(Known {
            seen: Value::text("De"),
            stands_for: Standing::Nothing,
            confirmed: false,
            refused: Some(Value::text("Deal")),
            unchanged_at: Some(at(9)),
        }),
        Shadow::Known(Known { refused: Some(Value::Integer(7)), ..Known::settled(Value::Integer(7)) }),
        Shadow::Known(Known { stands_for: Standing::Nothing, ..Known::settled(Value::Blank) }),
    ];
    let erp = entity.links[1].as_mut().expect("is linked");
    erp.state = LinkState::Owed(Cause::Wall);
    erp.shadows =
        vec![Shadow::Unknown, Shadow::Known(Known { stands_for: Standing::For(Value::Integer(6)), ..Known::settled(Value::Integer(5)) }), Shadow::NoCell];
    let mut closed = settled(range.start + 1);
    closed.closed = true;
    closed.links[1] = None;
    commit(&store, ids, vec![merged(None, entity.clone()), merged(None, closed.clone())]).await;
    assert_eq!(self::entity(&store, ids.0, entity.id).await, entity);
    assert_eq!(self::entity(&store, ids.0, closed.id).await, closed);
    assert_eq!(store.entities(ids.0, None, 10).await.expect("lists"), vec![entity.id, closed.id]);
    assert_eq!(store.entities(ids.0, Some(entity.id), 10).await.expect("lists"), vec![closed.id]);
    assert!(matches!(store.load(ids.0, &[EntityId(999)]).await, Err(StoreError::Unknown { .. })));
}

pub async fn an_entity_begins_as_if_it_had_been_looked_at(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let looked_at = settled(store.reserve(1).await.expect("reserves").start);
    let mut begun = Begun { id: looked_at.id, links: Vec::new(), agreed: Vec::new(), bytes: Vec::new(), keys: vec![key(0, "acme").stored()] };
    for (at, link) in looked_at.links.iter().enumerate() {
        let link = Link { shadows: Vec::new(), ..link.clone().expect("is linked") };
        begun.links.push((SystemIx(at as u16), link));
    }
    for (at, agreed) in looked_at.hub.iter().enumerate() {
        let Agreed::Set(fact) = agreed else { continue };
        let from = begun.bytes.len();
        crate::value::fingerprint::canonical(&fact.value, &mut begun.bytes);
        begun.agreed.push((CRM, fact.changed, vec![(FieldIx(at as u16), from..begun.bytes.len())]));
    }
    store.begin(ids.0, vec![begun]).await.expect("begins");
    assert_eq!(entity(&store, ids.0, looked_at.id).await, looked_at);
    assert_eq!(store.counts(ids.0).await.expect("counts"), (1, vec![1, 1]));
    let run = store.new_run(ids.0, crate::store::Wake::Start, at(1));
    store.end_run(run, RunEnd { state: RunState::Done, ..RunEnd::default() }, at(2)).await.expect("ends");
    assert_eq!(store.hits(ids.0, &[key(0, "acme")]).await.expect("looks up"), vec![vec![Hit::Entity(looked_at.id)]]);
}

async fn entity(store: &Arc<dyn Store>, mapping: crate::store::MappingId, id: EntityId) -> Entity {
    super::sample::entity(store, mapping, id).await
}

pub async fn a_moved_hub_leaves_the_old_pair_with_every_other_link(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let before = settled(1);
    commit(&store, ids, vec![merged(None, before.clone())]).await;
    let mut after = before.clone();
    after.hub[0] = set(Value::text("renamed"), Origin::System(CRM), 50);
    after.links[0].as_mut().expect("is linked").shadows[0] = Shadow::Known(Known::settled(Value::text("renamed")));
    // The ERP's shadow is as it was: it shows the old name, which stands for the old agreed value.
    commit(&store, ids, vec![merged(Some(before.clone()), after.clone())]).await;
    assert_eq!(entity(&store, ids.0, before.id).await, after);
    let mut delivered = after.clone();
    delivered.links[1].as_mut().expect("is linked").shadows[0] = Shadow::Known(Known::settled(Value::text("renamed")));
    commit(&store, ids, vec![merged(Some(after), delivered.clone())]).await;
    assert_eq!(entity(&store, ids.0, before.id).await, delivered);
}

pub async fn a_result_after_the_hub_moved_is_told_apart_from_the_stored_hub(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let first = settled(1);
    let mut sent = merged(None, first.clone());
    sent.entries = vec![entry(1, ids.1, first.id, ERP, OpKind::Update)];
    commit(&store, ids, vec![sent]).await;
    let mut moved = first.clone();
    moved.hub[1] = set(Value::Integer(999), Origin::System(CRM), 70);
    commit(&store, ids, vec![merged(Some(first.clone()), moved.clone())]).await;
    // The answer to a write planned before the move; its caller still holds the entity as it was then.
    let mut after = first.clone();
    let known = Known { seen: Value::Integer(101), confirmed: false, ..Known::settled(Value::Integer(101)) };
    after.links[1].as_mut().expect("is linked").shadows[1] = Shadow::Known(known.clone());
    let result = settled_as(1, EntryState::Done, Some(first), after);
    store.settle(ids.0, vec![result]).await.expect("settles");
    moved.links[1].as_mut().expect("is linked").shadows[1] = Shadow::Known(known);
    assert_eq!(entity(&store, ids.0, moved.id).await, moved);
}

pub fn settled_as(number: u128, state: EntryState, before: Option<Entity>, after: Entity) -> Settled {
    Settled {
        entry: crate::id::EntryId(uuid::Uuid::from_u128(number)),
        state,
        before,
        after,
        dead_letter: None,
        reviews: Vec::new(),
        conflicts: Vec::new(),
        again: Vec::new(),
        at: at(200),
        answer: "200 OK".into(),
    }
}

pub async fn what_is_agreed_is_told_of_live_records_alone(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let live = settled(1);
    let mut gone = settled(2);
    let link = gone.links[0].as_mut().expect("is linked");
    link.state = LinkState::GoneByUser { at: at(5) };
    let (live_key, gone_key) = (live.links[0].as_ref().expect("is linked").identity.clone(), link.identity.clone());
    commit(&store, ids, vec![merged(None, live.clone()), merged(None, gone)]).await;
    let told = store.agreed(ids.0, CRM, &[RecordKey::new("nobody"), live_key, gone_key]).await.expect("looks up");
    assert_eq!(told, vec![None, Some((live.id, live.hub)), None]);
}

async fn linked(store: &Arc<dyn Store>, mapping: crate::store::MappingId, identity: &str) -> Option<EntityId> {
    store.linked(mapping, CRM, &[RecordKey::new(identity)]).await.expect("looks up")[0]
}

pub async fn links_are_found_by_identity_and_predecessor(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    assert_eq!(linked(&store, ids.0, "0061").await, None);
    let mut first = settled(1);
    first.links[0].as_mut().expect("is linked").predecessors = vec![RecordKey::new("0050")];
    commit(&store, ids, vec![merged(None, first.clone()), merged(None, settled(2))]).await;
    for (identity, found) in [("0061", Some(1)), ("0050", Some(1)), ("0062", Some(2)), ("SO1", None)] {
        assert_eq!(linked(&store, ids.0, identity).await, found.map(EntityId), "{identity}");
    }
    let mut again = first.clone();
    let crm = again.links[0].as_mut().expect("is linked");
    (crm.key, crm.identity) = (RecordKey::new("0077"), RecordKey::new("0077"));
    crm.predecessors.push(RecordKey::new("0061"));
    commit(&store, ids, vec![merged(Some(first), again.clone())]).await;
    for (identity, found) in [("0077", Some(1)), ("0061", Some(1)), ("0050", Some(1))] {
        assert_eq!(linked(&store, ids.0, identity).await, found.map(EntityId), "{identity}");
    }
    let keys = store.keys_of(ids.0, CRM, &[EntityId(1), EntityId(2), EntityId(3)]).await.expect("reads keys");
    assert_eq!(keys, vec![Some(RecordKey::new("0077")), Some(RecordKey::new("0062")), None]);
    let mut unlinked = again.clone();
    unlinked.links[0] = None;
    commit(&store, ids, vec![merged(Some(again), unlinked.clone())]).await;
    assert_eq!(linked(&store, ids.0, "0077").await, None);
    assert_eq!(entity(&store, ids.0, unlinked.id).await, unlinked);
}

pub async fn a_record_is_linked_once(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    commit(&store, ids, vec![merged(None, settled(1))]).await;
    assert_eq!(linked(&store, ids.0, "0061").await, Some(EntityId(1)));
    let mut twin = settled(2);
    twin.links[0].as_mut().expect("is linked").identity = RecordKey::new("0061");
    let refused = store.commit_merged(ids.0, ids.1, vec![merged(None, settled(3)), merged(None, twin)], at(1)).await;
    assert!(matches!(refused, Err(StoreError::Failed { .. })), "{refused:?}");
    assert!(matches!(store.load(ids.0, &[EntityId(3)]).await, Err(StoreError::Unknown { .. })), "a call is kept whole or not at all");
}

pub async fn keys_hit_entities_and_waiting_records(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let hits = async |keys: &[_]| store.hits(ids.0, keys).await.expect("looks up");
    let waiting = |identity: &str, text: &str| Waiting {
        system: ERP,
        key: RecordKey::new(identity),
        identity: RecordKey::new(identity),
        keys: vec![key(0, text)],
        why: WaitingWhy::StartsNever,
    };
    assert_eq!(hits(&[key(0, "acme")]).await, vec![vec![]]);
    let with_keys = |id, keys| crate::store::Merged { keys: Some(keys), ..merged(None, settled(id)) };
    let found = |system, key: &str| Hit::Waiting { system, identity: RecordKey::new(key), key: RecordKey::new(key) };
    commit(&store, ids, vec![with_keys(1, vec![key(0, "acme"), key(1, "a@acme")])]).await;
    store.keep_waiting(ids.0, vec![waiting("W1", "acme")], vec![]).await.expect("keeps");
    // The first look-up fills the tables; what comes after is kept in them at once.
    assert_eq!(
        hits(&[key(0, "acme"), key(1, "a@acme"), key(1, "acme")]).await,
        vec![vec![Hit::Entity(EntityId(1)), found(ERP, "W1")], vec![Hit::Entity(EntityId(1))], vec![],]
    );
    commit(&store, ids, vec![with_keys(2, vec![key(0, "acme")])]).await;
    store.keep_waiting(ids.0, vec![waiting("W2", "acme"), waiting("W1", "bolt")], vec![]).await.expect("keeps");
    let all = vec![Hit::Entity(EntityId(2)), Hit::Entity(EntityId(1)), found(ERP, "W2")];
    assert_eq!(hits(&[key(0, "acme"), key(0, "bolt")]).await, vec![all, vec![found(ERP, "W1")]]);
    let changed = crate::store::Merged { keys: Some(vec![key(0, "bolt")]), ..merged(Some(settled(1)), settled(1)) };
    commit(&store, ids, vec![changed]).await;
    store.keep_waiting(ids.0, vec![], vec![(ERP, RecordKey::new("W2"))]).await.expect("forgets");
    assert_eq!(hits(&[key(0, "acme"), key(1, "a@acme")]).await, vec![vec![Hit::Entity(EntityId(2))], vec![]]);
    // A waiting record that is linked waits no more.
    let mut joined = settled(9);
    joined.links[1].as_mut().expect("is linked").identity = RecordKey::new("W1");
    commit(&store, ids, vec![merged(None, joined)]).await;
    assert_eq!(hits(&[key(0, "bolt")]).await, vec![vec![Hit::Entity(EntityId(1))]]);
    assert_eq!(store.totals(ids.0).await.expect("counts").waiting, 0);
}

pub async fn two_entities_become_one(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let (mut elder, mut younger) = (settled(1), settled(2));
    (elder.links[1], younger.links[0]) = (None, None);
    let keyed = |entity: &Entity, text: &str| crate::store::Merged { keys: Some(vec![key(0, text)]), ..merged(None, entity.clone()) };
    let mut owing = keyed(&younger, "younger");
    owing.entries = vec![entry(1, ids.1, younger.id, ERP, OpKind::Update)];
    owing.conflicts = vec![lost(younger.id, ids.1)];
    commit(&store, ids, vec![keyed(&elder, "elder"), owing]).await;
    assert_eq!(linked(&store, ids.0, "0061").await, Some(EntityId(1)));
    let mut one = elder.clone();
    one.links[1] = younger.links[1].clone();
    let join = crate::store::Merged { joined: vec![younger.id], ..merged(Some(elder), one.clone()) };
    commit(&store, ids, vec![join]).await;
    assert_eq!(store.resolve_alias(younger.id).await.expect("follows"), one.id);
    assert_eq!(store.resolve_alias(one.id).await.expect("follows"), one.id);
    assert_eq!(entity(&store, ids.0, younger.id).await, one, "a former id leads to the entity");
    let entries = load(&store, ids.0, one.id).await.entries;
    assert_eq!(entries.iter().map(|entry| entry.op.entity).collect::<Vec<_>>(), vec![one.id], "the journal follows");
    let lost = store.conflicts(Some(ids.0), 10).await.expect("lists");
    assert_eq!(lost.iter().map(|lost| lost.entity).collect::<Vec<_>>(), vec![one.id], "and so does what was lost");
    assert_eq!(store.linked(ids.0, ERP, &[RecordKey::new("SO2")]).await.expect("looks up"), vec![Some(one.id)]);
    assert_eq!(store.keys_of(ids.0, ERP, &[younger.id]).await.expect("reads keys"), vec![Some(RecordKey::new("SO2"))]);
    assert_eq!(store.hits(ids.0, &[key(0, "younger")]).await.expect("looks up"), vec![vec![]]);
    assert_eq!(store.counts(ids.0).await.expect("counts"), (1, vec![1, 1]));
}

pub async fn a_failed_commit_leaves_nothing(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let mut bad = merged(None, settled(2));
    bad.entry_states = vec![(crate::id::EntryId(uuid::Uuid::from_u128(77)), EntryState::Done)];
    let good = merged(None, settled(1));
    let (bad, good) =
        tokio::join!(store.commit_merged(ids.0, ids.1, vec![merged(None, settled(3)), bad], at(1)), store.commit_merged(ids.0, ids.1, vec![good], at(1)),);
    assert!(matches!(bad, Err(StoreError::Unknown { .. })), "{bad:?}");
    good.expect("a call beside a failing one is kept");
    assert_eq!(store.entities(ids.0, None, 10).await.expect("lists"), vec![EntityId(1)]);
    assert_eq!(store.counts(ids.0).await.expect("counts"), (1, vec![1, 1]));
}

pub async fn counts_follow(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    assert_eq!(store.counts(ids.0).await.expect("counts"), (0, vec![0, 0]));
    commit(&store, ids, (1..=3).map(|id| merged(None, settled(id))).collect()).await;
    let mut gone = settled(2);
    gone.links[1].as_mut().expect("is linked").state = LinkState::GoneByUser { at: at(3) };
    commit(&store, ids, vec![merged(Some(settled(2)), gone.clone())]).await;
    assert_eq!(store.counts(ids.0).await.expect("counts"), (3, vec![3, 2]));
    assert_eq!(store.keys_of(ids.0, ERP, &[gone.id]).await.expect("reads keys"), vec![None], "a key that is gone is no key");
    assert_eq!(store.linked(ids.0, ERP, &[RecordKey::new("SO2")]).await.expect("looks up"), vec![Some(gone.id)], "a tombstone is found");
    commit(&store, ids, vec![merged(Some(gone), settled(2))]).await;
    assert_eq!(store.counts(ids.0).await.expect("counts"), (3, vec![3, 3]));
    assert_eq!(store.totals(ids.0).await.expect("counts").entities, 3);
}

pub async fn identities_come_in_order_and_live_only(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let end = RunEnd { state: RunState::Done, ..RunEnd::default() };
    let all = [3, 1, 2, 4].map(|id| merged(None, settled(id)));
    commit(&store, ids, all.into()).await;
    store.end_run(run(ids), end, at(2)).await.expect("ends");
    let mut gone = settled(2);
    let crm = gone.links[0].as_mut().expect("is linked");
    crm.state = LinkState::GoneByUser { at: at(3) };
    commit(&store, ids, vec![merged(Some(settled(2)), gone)]).await;
    let row = |id: i64| (RecordKey::new(format!("006{id}")), RecordKey::new(format!("006{id}")), EntityId(id));
    assert_eq!(store.identities(ids.0, CRM, None, 2).await.expect("lists"), vec![row(1), row(3)]);
    let after = RecordKey::new("0063");
    assert_eq!(store.identities(ids.0, CRM, Some(&after), 2).await.expect("lists"), vec![row(4)]);
}
