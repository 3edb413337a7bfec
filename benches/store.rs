//! What the store costs: bytes of an entity of 12 mapped fields in 2 systems, a first match, scattered results, loads, deliveries.
//!
//! `cargo bench --bench store -- [entities]` prints the figures; `docs/benchmarks.md` keeps them. The file lies in `TMPDIR`.
#![expect(clippy::disallowed_methods, reason = "a bench measures the machine's own time")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use syncline::id::{EntityId, EntryId, RecordKey, RunId};
use syncline::mapping::matching::MatchKey;
use syncline::mapping::{FieldIx, SystemIx};
use syncline::store::stage::{Stage, StagedRecord};
use syncline::store::{
    Delivery, FieldShape, LeaseHolder, MappingId, MappingShape, Merged, RunEnd, RunState, Settled, Store, SystemShape, Touch, Touched, Wake, sqlite,
};
use syncline::sync::entity::{Agreed, Entity, Fact, Interval, Known, Link, Origin, Shadow, Standing};
use syncline::sync::op::{Entry, EntryClass, EntryState, FieldWrite, Op, OpKind};
use syncline::sync::reason::Reason;
use syncline::value::{Currency, Money, Value, fingerprint};

const FIELDS: u16 = 12;
const SLICE: i64 = 1_000;
const SYSTEMS: [SystemIx; 2] = [SystemIx(0), SystemIx(1)];

fn main() {
    let count: i64 = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let directory = tempfile::tempdir().expect("a directory");
    stage(directory.path(), count);
    runtime.block_on(figures(&directory.path().join("bench.db"), count));
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("a time of this century")
}

fn scramble(number: i64) -> u64 {
    fingerprint::hash64(&number.to_le_bytes())
}

fn shape() -> MappingShape {
    let system = |name: &str| SystemShape { name: name.into(), was: None, connection: name.into(), object: "Account".into() };
    let field = |n: u16| FieldShape { name: format!("field{n}").as_str().into(), was: None, meaning: vec![Some(1), Some(2)], hangs: false };
    let fields = (0..FIELDS).map(field).collect();
    MappingShape { name: "accounts".into(), was: None, systems: vec![system("crm"), system("erp")], fields }
}

fn values(number: i64) -> [Value; FIELDS as usize] {
    let noise = scramble(number);
    let money = Money { value: rust_decimal::Decimal::new((noise % 10_000_000) as i64, 2), currency: Currency::parse("EUR").expect("a currency") };
    [
        Value::text(format!("Northwind Trading {number} GmbH")),
        Value::text(format!("northwind-{number}.example.com")),
        Value::text(format!("+49 30 {:08}", noise % 100_000_000)),
        Value::text(format!("office{number}@northwind-{number}.example.com")),
        Value::text("Berlin"),
        Value::text(format!("{:05}", noise % 100_000)),
        Value::text("DE"),
        Value::text(["prospect", "customer", "partner"][(noise % 3) as usize]),
        Value::Money(money),
        Value::Integer((noise % 5_000) as i64),
        Value::Boolean(noise.is_multiple_of(2)),
        Value::Date(jiff::civil::date(2026, 1 + (noise % 12) as i8, 1 + (noise % 28) as i8)),
    ]
}

/// One in ten differs in one field, where the ERP is owed the CRM's value.
fn entity(number: i64) -> Entity {
    let values = values(number);
    let changed = |field: i64| Interval { after: None, until: at(scramble(number) as i64 % 1_000_000 * (1 + field % 2)) };
    let fact = |(field, value): (i64, &Value)| {
        Agreed::Set(Fact { value: value.clone(), origin: Origin::System(SYSTEMS[(field % 4 == 3) as usize]), changed: changed(i64::from(field % 4 == 3)) })
    };
    let hub = (0..).zip(&values).map(fact).collect();
    let noise = scramble(number);
    let keys = [format!("001Qx{number:013}"), format!("{noise:08x}-4f3a-11ef-9a44-{:012x}", noise >> 16)];
    let versions = ["2026-09-21T10:11:12.000+0000".to_owned(), format!("W/\"JzIwOzE2NDg1{noise:020};MTswMDsn\"")];
    let link = |system: usize| {
        let mut shadows: Vec<_> = values.iter().map(|value| Shadow::Known(Known::settled(value.clone()))).collect();
        if system == 1 && number % 10 == 0 {
            shadows[9] = Shadow::Known(Known { stands_for: Standing::Nothing, ..Known::settled(Value::Integer(-number)) });
        }
        let key = RecordKey::new(&keys[system]);
        let mut link = Link::adopted(key.clone(), key, shadows);
        link.version = Some(versions[system].as_str().into());
        (link.changed_at, link.unchanged_at) = (Some(at(number % 100_000)), Some(at(2_000_000)));
        Some(link)
    };
    Entity { id: EntityId(number), hub, links: vec![link(0), link(1)], closed: false }
}

fn keys(number: i64) -> Vec<MatchKey> {
    let key = |rule: u16, text: String| MatchKey { rule, hash: fingerprint::hash64(text.as_bytes()), text };
    vec![key(0, format!("northwind-{number}.example.com")), key(1, format!("northwind trading {number}"))]
}

fn merged(number: i64, run: RunId) -> Merged {
    let after = entity(number);
    let entries = if number % 10 == 0 { vec![entry(number, run)] } else { Vec::new() };
    Merged {
        before: None,
        after,
        joined: vec![],
        keys: Some(keys(number)),
        conflicts: vec![],
        reviews: vec![],
        closed_reviews: vec![],
        entries,
        entry_states: vec![],
        untouch: vec![],
        again: vec![],
        decided: vec![],
        spreads: false,
    }
}

fn entry(number: i64, run: RunId) -> Entry {
    let (want, reason) = (Value::Integer(number), Reason::Owner { winner: SYSTEMS[0] });
    let write = FieldWrite { field: FieldIx(9), pre: Some(Value::Integer(-number)), stands_for: want.clone(), want, reason };
    let key = entity(number).links[1].as_ref().map(|link| link.key.clone());
    let op = Op {
        entity: EntityId(number),
        system: SYSTEMS[1],
        kind: OpKind::Update,
        key,
        version: Some("W/\"JzIwOzE2NDg1\"".into()),
        fields: vec![write],
        deferred: vec![],
        reason: Reason::Owed,
    };
    let id = EntryId(uuid::Uuid::from_u128(number as u128 | 1 << 80));
    Entry { id, run, op, class: EntryClass::Guarded, state: EntryState::Ready, attempt: 0, first_sent_at: None, deadline: None }
}

async fn figures(path: &Path, count: i64) {
    let holder = LeaseHolder { process: std::process::id(), host: "bench".into(), now: at(0), lives: Duration::from_secs(30) };
    let store = sqlite::open(path, &holder).expect("opens");
    let mapping = store.register(shape()).await.expect("registers");
    let run = store.new_run(mapping, Wake::Person, at(0));
    let first = store.reserve(count as u64).await.expect("reserves").start;
    let mut spent = Duration::ZERO;
    for slice in (first..first + count).step_by(SLICE as usize) {
        let merged: Vec<_> = (slice..(slice + SLICE).min(first + count)).map(|number| merged(number, run.id)).collect();
        let begin = Instant::now();
        store.commit_merged(mapping, run.id, merged, at(1)).await.expect("commits");
        spent += begin.elapsed();
    }
    told("first match, commit", count, spent);
    let begin = Instant::now();
    store.end_run(run, RunEnd { state: RunState::Done, ..RunEnd::default() }, at(2)).await.expect("ends");
    told("first match, look-up tables", count, begin.elapsed());
    results(&store, mapping, first, count).await;
    reads(&store, mapping, first, count).await;
    deliveries(&store, mapping).await;
    drop(store);
    let bytes = std::fs::metadata(path).expect("is there").len();
    println!("{:<34} {:>9} bytes an entity ({} MiB)", "size", bytes / count as u64, bytes >> 20);
    tables(path, count);
    let begin = Instant::now();
    let again = sqlite::open(path, &holder).expect("opens");
    again.register(shape()).await.expect("registers");
    println!("{:<34} {:>9.2} ms", "open and register", begin.elapsed().as_secs_f64() * 1e3);
}

/// Settles the entries of one in ten entities, scattered over the file.
async fn results(store: &Arc<dyn Store>, mapping: MappingId, first: i64, count: i64) {
    let mut numbers: Vec<i64> = (first..first + count).filter(|number| number % 10 == 0).collect();
    numbers.sort_by_key(|number| scramble(*number));
    numbers.truncate(10_000);
    let (mut sent, mut settled) = (Duration::ZERO, Duration::ZERO);
    for slice in numbers.chunks(200) {
        let ids: Vec<_> = slice.iter().map(|number| EntryId(uuid::Uuid::from_u128(*number as u128 | 1 << 80))).collect();
        let results = slice.iter().zip(&ids).map(|(number, id)| result(*number, *id)).collect();
        let begin = Instant::now();
        store.mark_sent(&ids, at(3), at(60)).await.expect("marks");
        sent += begin.elapsed();
        let begin = Instant::now();
        store.settle(mapping, results).await.expect("settles");
        settled += begin.elapsed();
    }
    told("scattered, mark sent (by 200)", numbers.len() as i64, sent);
    told("scattered, settle (by 200)", numbers.len() as i64, settled);
}

fn result(number: i64, entry: EntryId) -> Settled {
    let before = entity(number);
    let mut after = before.clone();
    let link = after.links[1].as_mut().expect("is linked");
    (link.version, link.written_at) = (Some("W/\"JzIwOzE2NDg1MDAwMDAwMDAwMDAwMDAwMDAxOzAwOyc\"".into()), Some(at(4)));
    link.shadows[9] = Shadow::Known(Known::settled(before.agreed(FieldIx(9)).clone()));
    let (conflicts, reviews, again) = (vec![], vec![], vec![]);
    let answer = "200".into();
    Settled { entry, state: EntryState::Done, before: Some(before), after, dead_letter: None, reviews, conflicts, again, at: at(5), answer }
}

async fn reads(store: &Arc<dyn Store>, mapping: MappingId, first: i64, count: i64) {
    let number = |n: i64| first + (scramble(n) % count as u64) as i64;
    let looks = 20_000.min(count);
    let (mut linked, mut loaded) = (Duration::ZERO, Duration::ZERO);
    for slice in 0..looks / SLICE {
        let numbers: Vec<_> = (slice * SLICE..(slice + 1) * SLICE).map(number).collect();
        let identities: Vec<_> = numbers.iter().map(|n| RecordKey::new(format!("001Qx{n:013}"))).collect();
        let begin = Instant::now();
        let found = store.linked(mapping, SYSTEMS[0], &identities).await.expect("looks up");
        linked += begin.elapsed();
        let found: Vec<_> = found.into_iter().map(|id| id.expect("is linked")).collect();
        let begin = Instant::now();
        store.load(mapping, &found).await.expect("loads");
        loaded += begin.elapsed();
    }
    told("linked, by identity", looks, linked);
    told("load", looks, loaded);
}

/// Deliveries from sixteen connections at once, each answered when it is on disk.
async fn deliveries(store: &Arc<dyn Store>, mapping: MappingId) {
    let each = 500;
    let begin = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..16 {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let mut times = Vec::new();
            for number in 0..each {
                let key = RecordKey::new(format!("001Qx{:013}", connection * each + number));
                let touch = Touch { mapping, system: SYSTEMS[0], identity: key.clone(), key, why: Touched::Delivery };
                let identity = format!("delivery-{connection}-{number}");
                let delivery =
                    Delivery { connection: "crm".into(), identity, verified_by: "hmac".into(), received_at: at(9), touched: vec![touch], feeds: vec![] };
                let begin = Instant::now();
                store.accept(delivery).await.expect("accepts");
                times.push(begin.elapsed());
            }
            times
        });
    }
    let mut times: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    let all = begin.elapsed();
    times.sort();
    told("deliveries, 16 at once", times.len() as i64, all);
    let at = |share: usize| times[times.len() * share / 1_000].as_secs_f64() * 1e3;
    println!("{:<34} p50 {:.2} ms, p99 {:.2} ms", "", at(500), at(990));
}

fn stage(directory: &Path, count: i64) {
    let mut stage = Stage::create(directory).expect("creates");
    let record = |number: i64, system: SystemIx| StagedRecord { system, keys: keys(number), bytes: vec![7; 400] };
    let mut spent = Duration::ZERO;
    for slice in (0..count).step_by(SLICE as usize) {
        for system in SYSTEMS {
            let records = (slice..(slice + SLICE).min(count)).map(|number| record(number, system)).collect();
            let begin = Instant::now();
            stage.put(records).expect("puts");
            spent += begin.elapsed();
        }
    }
    told("stage, put", 2 * count, spent);
    let begin = Instant::now();
    stage.finish().expect("finishes");
    told("stage, group", 2 * count, begin.elapsed());
    let begin = Instant::now();
    let groups: usize = stage.groups(SLICE as usize).map(|slice| slice.expect("reads").len()).sum();
    told("stage, read groups", 2 * count, begin.elapsed());
    assert_eq!(groups as i64, count);
}

fn told(what: &str, count: i64, spent: Duration) {
    println!("{what:<34} {:>9.2} ms {:>8.2} us each", spent.as_secs_f64() * 1e3, spent.as_secs_f64() * 1e6 / count as f64);
}

/// Bytes of each table and index.
fn tables(path: &Path, count: i64) {
    let conn = rusqlite::Connection::open(path).expect("opens");
    let mut statement = conn.prepare("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 10").expect("prepares");
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).expect("reads");
    for row in rows {
        let (name, bytes) = row.expect("reads");
        println!("  {name:<32} {:>9} bytes an entity", bytes / count);
    }
}
