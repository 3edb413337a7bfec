//! A mapping of three fields in two systems, and entities of it.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::id::{EntityId, EntryId, RecordKey, RunId};
use crate::mapping::matching::MatchKey;
use crate::mapping::{FieldIx, SystemIx};
use crate::store::{Conflict, FieldShape, Loaded, Loser, MappingId, MappingShape, Merged, Run, Store, SystemShape, Touch, Touched};
use crate::sync::entity::{Agreed, Entity, Fact, Interval, Known, Link, Origin, Shadow};
use crate::sync::op::{Entry, EntryClass, EntryState, FieldWrite, Op, OpKind};
use crate::sync::reason::Reason;
use crate::value::Value;

pub const CRM: SystemIx = SystemIx(0);
pub const ERP: SystemIx = SystemIx(1);
pub const NAME: FieldIx = FieldIx(0);
pub const AMOUNT: FieldIx = FieldIx(1);

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time of this century")
}

pub fn shape() -> MappingShape {
    let system = |name: &str, object: &str| SystemShape { name: name.into(), was: None, connection: name.into(), object: object.into() };
    let field = |name: &str, meaning: [Option<u64>; 2]| FieldShape { name: name.into(), was: None, meaning: meaning.to_vec(), hangs: false };
    MappingShape {
        name: "deals".into(),
        was: None,
        systems: vec![system("crm", "Opportunity"), system("erp", "sale.order")],
        fields: vec![field("name", [Some(1), Some(2)]), field("amount", [Some(3), Some(u64::MAX)]), field("note", [Some(5), None])],
    }
}

pub async fn registered(store: &Arc<dyn Store>) -> (MappingId, RunId) {
    let mapping = store.register(shape()).await.expect("registers");
    let run = store.new_run(mapping, crate::store::Wake::Person, at(0));
    store.begin_run(run).await.expect("begins");
    (mapping, run.id)
}

/// The run that [`registered`] began.
pub fn run((mapping, id): (MappingId, RunId)) -> Run {
    Run { id, mapping, wake: crate::store::Wake::Person, started_at: at(0) }
}

pub fn set(value: Value, origin: Origin, second: i64) -> Agreed {
    Agreed::Set(Fact { value, origin, changed: Interval { after: Some(at(second - 60)), until: at(second) } })
}

pub fn link(key: &str, shadows: Vec<Shadow>) -> Link {
    Link::adopted(RecordKey::new(key), RecordKey::new(key), shadows)
}

/// Agreed with both systems, all seen and confirmed.
pub fn settled(id: i64) -> Entity {
    let values = [Value::text(format!("Deal {id}")), Value::Integer(100 + id), Value::text("a note")];
    let known = |value: &Value| Shadow::Known(Known::settled(value.clone()));
    let hub = values.iter().map(|value| set(value.clone(), Origin::System(CRM), 10)).collect();
    let crm = link(&format!("006{id}"), values.iter().map(known).collect());
    let erp = link(&format!("SO{id}"), vec![known(&values[0]), known(&values[1]), Shadow::NoCell]);
    Entity { id: EntityId(id), hub, links: vec![Some(crm), Some(erp)], closed: false }
}

pub fn merged(before: Option<Entity>, after: Entity) -> Merged {
    Merged { before, ..Merged::of(after) }
}

pub fn key(rule: u16, text: &str) -> MatchKey {
    MatchKey { rule, text: text.into(), hash: crate::value::fingerprint::hash64(text.as_bytes()) }
}

pub fn touch(mapping: MappingId, system: SystemIx, key: &str) -> Touch {
    Touch { mapping, system, key: RecordKey::new(key), identity: RecordKey::new(key), why: Touched::Changed }
}

pub fn entry(number: u128, run: RunId, entity: EntityId, system: SystemIx, kind: OpKind) -> Entry {
    let write = FieldWrite {
        field: AMOUNT,
        pre: Some(Value::Integer(1)),
        want: Value::Integer(2),
        stands_for: Value::text("two"),
        reason: Reason::Latest { winner: Some(CRM), grade: crate::sync::evidence::Grade::Possible },
    };
    let path = crate::value::Path::parse("custom.\"odd name\"").expect("a good path");
    Entry {
        id: EntryId(Uuid::from_u128(number)),
        run,
        op: Op {
            entity,
            system,
            kind,
            key: Some(RecordKey::new("SO1")),
            version: Some("v1".into()),
            fields: vec![write],
            deferred: vec![NAME],
            reason: Reason::Missing,
        },
        class: EntryClass::Marker { path, value: Value::text("e1") },
        state: EntryState::Ready,
        attempt: 0,
        first_sent_at: None,
        deadline: None,
    }
}

pub async fn load(store: &Arc<dyn Store>, mapping: MappingId, id: EntityId) -> Loaded {
    store.load(mapping, &[id]).await.expect("loads").pop().expect("one was asked for")
}

/// The entity as stored, without the ids that storing gave its links.
pub async fn entity(store: &Arc<dyn Store>, mapping: MappingId, id: EntityId) -> Entity {
    let mut entity = load(store, mapping, id).await.entity;
    entity.links.iter_mut().flatten().for_each(|link| link.id = None);
    entity
}

pub async fn commit(store: &Arc<dyn Store>, (mapping, run): (MappingId, RunId), merged: Vec<Merged>) {
    store.commit_merged(mapping, run, merged, at(100)).await.expect("commits");
}

/// An amount that lost against the CRM's.
pub fn lost(entity: EntityId, run: RunId) -> Conflict {
    Conflict {
        entity,
        field: AMOUNT,
        run,
        at: at(5),
        losers: vec![Loser { system: Some(ERP), value: Value::Integer(4), shadow: None, until: Some(at(4)), actor: None }],
        winner: Value::Integer(5),
        winner_system: Some(CRM),
        winner_until: None,
        winner_actor: None,
        policy: "latest".into(),
        grade: None,
    }
}
