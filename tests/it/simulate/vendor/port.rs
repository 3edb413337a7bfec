//! The vendor as the engine meets it: each request takes time, may go wrong, and lets others act before it is answered.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use syncline::id::{ConnectionName, ObjectName, RecordKey};
use syncline::system::{Abilities, Cursor, Description, FieldDescription, GoneBy, Got, Outcome, Pages, Read, System, SystemError, WriteItem, WriteKind};
use syncline::value::record::Record;
use syncline::value::{Path, Value};

use super::super::time::{SECOND, micros};
use super::super::world::{Late, Shared, World};
use super::feed::{Kind, Walk};

/// A read that is let through, and how it sees the vendor.
pub struct Pass {
    pub as_of_us: i64,
    pub hidden: Option<&'static str>,
}

pub struct Inner {
    pub name: ConnectionName,
    pub at: usize,
    pub world: Shared,
    abilities: Arc<Abilities>,
}

/// One vendor's address.
pub struct Port(Arc<Inner>);

impl Port {
    pub fn new(world: &Shared, at: usize) -> Self {
        let (name, abilities) = {
            let world = world.lock().expect("no holder of this lock goes on after a panic");
            (ConnectionName::new(world.vendors[at].shape.name), world.vendors[at].abilities.clone())
        };
        Self(Arc::new(Inner { name, at, world: world.clone(), abilities }))
    }
}

impl Inner {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no holder of this lock goes on after a panic")
    }

    pub fn later(&self, why: &str) -> SystemError {
        SystemError::Later { connection: self.name.clone(), why: why.to_owned(), wait: Duration::from_secs(1) }
    }

    /// A request leaves: time passes, others act, and the vendor may be in trouble.
    async fn travel(&self) {
        let hops = {
            let mut world = self.world();
            let took = world.dice.between(20_000, 400_000);
            world.pass(took);
            world.meanwhile();
            world.dice.below(3)
        };
        for _ in 0..=hops {
            tokio::task::yield_now().await;
        }
    }

    /// Asks for a read.
    pub async fn ask(&self, object: &ObjectName, what: &str) -> Result<Pass, SystemError> {
        self.travel().await;
        let mut world = self.world();
        let refused = self.refusal(&mut world, Some(object));
        if let Some(error) = refused {
            world.note(format_args!("{} {object} {what}: {error}", self.name));
            return Err(error);
        }
        let now_us = world.clock.us();
        let stale = world.thrown(|rates| rates.stale);
        let lag = world.vendors[self.at].read_lag_us();
        let as_of_us = if stale && lag > 0 { now_us - world.dice.below(lag as u64) as i64 } else { now_us };
        let hidden = world.vendors[self.at].trouble.hidden.filter(|(_, until)| *until > now_us && !world.calm).map(|(path, _)| path);
        Ok(Pass { as_of_us, hidden })
    }

    fn refusal(&self, world: &mut World, object: Option<&ObjectName>) -> Option<SystemError> {
        if world.calm {
            return None;
        }
        let now_us = world.clock.us();
        if world.thrown(|rates| rates.busy) {
            return Some(self.later("503"));
        }
        let trouble = &world.vendors[self.at].trouble;
        let (connection, why) = (self.name.clone(), "simulated".to_owned());
        if trouble.down_until_us > now_us {
            return Some(self.later("it is down"));
        }
        if trouble.revoked_until_us > now_us {
            return Some(SystemError::Stopped { connection, why });
        }
        let object = object?;
        let is = |of: &Option<(ObjectName, i64)>| of.as_ref().is_some_and(|(name, until)| name == object && *until > now_us);
        if is(&trouble.forbidden) {
            return Some(SystemError::Forbidden { connection, object: object.clone(), why });
        }
        is(&trouble.drifted).then(|| SystemError::Drift { connection, object: object.clone(), why })
    }

    fn walk(self: &Arc<Self>, read: Read, kind: Kind, since: Option<u64>) -> Box<dyn Pages> {
        Box::new(Walk { port: self.clone(), read, kind, after: since.unwrap_or(0), since, bounds: None, done: false })
    }
}

fn place(cursor: &Cursor) -> u64 {
    cursor.0.parse().expect("a cursor comes back as it was given")
}

#[async_trait]
impl System for Port {
    fn connection(&self) -> &ConnectionName {
        &self.0.name
    }

    fn abilities(&self, _: &ObjectName) -> Result<Arc<Abilities>, SystemError> {
        Ok(self.0.abilities.clone())
    }

    fn identity(&self, _: &ObjectName, key: &RecordKey) -> RecordKey {
        key.clone()
    }

    async fn probe(&self) -> Result<String, SystemError> {
        self.0.travel().await;
        let mut world = self.0.world();
        self.0.refusal(&mut world, None).map_or_else(|| Ok(format!("account-{}", self.0.name)), Err)
    }

    async fn objects(&self) -> Result<Vec<Description>, SystemError> {
        Ok(Vec::new())
    }

    async fn describe(&self, object: &ObjectName) -> Result<Description, SystemError> {
        let key = FieldDescription { path: "Key".to_owned(), unique: true, ..FieldDescription::default() };
        Ok(Description { name: object.to_string(), label: object.to_string(), fields: vec![key], fills_in: false })
    }

    fn changes(&self, read: Read, since: Option<Cursor>) -> Box<dyn Pages> {
        self.0.walk(read, Kind::Changes, since.as_ref().map(place))
    }

    fn gone(&self, read: Read, since: Option<Cursor>) -> Option<Box<dyn Pages>> {
        if !matches!(self.0.abilities.gone, GoneBy::Feed | GoneBy::Listing) {
            return None;
        }
        let now = {
            let world = self.0.world();
            let vendor = &world.vendors[self.0.at];
            Walk::safe(&vendor.tables[vendor.table(&read.object)], world.clock.us(), vendor.read_lag_us())
        };
        Some(self.0.walk(read, Kind::Gone, Some(since.as_ref().map_or(now, place))))
    }

    fn list(&self, read: Read) -> Box<dyn Pages> {
        self.0.walk(read, Kind::List, None)
    }

    fn sweep(&self, read: Read) -> Box<dyn Pages> {
        self.0.walk(read, Kind::Sweep, None)
    }

    async fn get(&self, read: Read, keys: &[RecordKey]) -> Result<Vec<Got>, SystemError> {
        let pass = self.0.ask(&read.object, "get").await?;
        let mut world = self.0.world();
        let mut answered = Vec::with_capacity(keys.len());
        for key in keys {
            if world.thrown(|rates| rates.partial_get) {
                continue;
            }
            let unread = world.thrown(|rates| rates.unread);
            let now_us = world.clock.us();
            let vendor = &mut world.vendors[self.0.at];
            let table = vendor.table(&read.object);
            let hidden = if unread { Some("Name") } else { pass.hidden };
            let record = vendor.tables[table].at(key).and_then(|at| {
                vendor.tables[table].records[at].read_us = pass.as_of_us;
                vendor.tables[table].records[at].tell(pass.as_of_us, hidden, now_us);
                let rec = &vendor.tables[table].records[at];
                let state = rec.then(pass.as_of_us).filter(|state| !state.deleted)?;
                Some(vendor.shown(&read, rec, state, hidden))
            });
            world.note(format_args!("{} {} get {key}: {:?}", self.0.name, read.object, record.as_ref().map(|record| &record.version)));
            answered.push(Got { key: key.clone(), record });
        }
        Ok(answered)
    }

    async fn find(&self, read: Read, path: &Path, value: &Value) -> Result<Vec<Record>, SystemError> {
        let pass = self.0.ask(&read.object, "find").await?;
        let mut world = self.0.world();
        let lag = micros(self.0.abilities.find_lag);
        let behind = if lag > 0 && !world.calm { world.dice.below(lag as u64) as i64 } else { 0 };
        let as_of_us = pass.as_of_us.min(world.clock.us() - behind);
        let now_us = world.clock.us();
        let vendor = &mut world.vendors[self.0.at];
        let table = vendor.table(&read.object);
        let found = vendor.find(table, &path.to_string(), value, as_of_us);
        for (at, _) in &found {
            vendor.tables[table].records[*at].tell(as_of_us, pass.hidden, now_us);
        }
        let records: Vec<Record> = found
            .iter()
            .filter_map(|(at, _)| {
                let rec = &vendor.tables[table].records[*at];
                Some(vendor.shown(&read, rec, rec.then(as_of_us)?, pass.hidden))
            })
            .collect();
        let keys: Vec<String> = records.iter().map(|record| record.key.to_string()).collect();
        world.note(format_args!("{} {} find {path} {value}: {}", self.0.name, read.object, keys.join(" ")));
        Ok(records)
    }

    async fn write(&self, read: Read, kind: &WriteKind, items: &[WriteItem]) -> Vec<Outcome> {
        // From here the requests are under way: should their sender end now, they may still arrive.
        let numbers = {
            let mut world = self.0.world();
            items.iter().map(|item| world.send(self.0.at, &read, kind, item)).collect::<Vec<_>>()
        };
        self.0.travel().await;
        let mut outcomes = Vec::with_capacity(items.len());
        {
            let mut world = self.0.world();
            let refused = self.0.refusal(&mut world, Some(&read.object));
            for (item, number) in items.iter().zip(numbers) {
                let outcome = match &refused {
                    Some(error) => {
                        world.unsend(number);
                        Outcome::NotDone { why: error.to_string(), wait: Duration::from_secs(1) }
                    }
                    None => world.arrive(self.0.at, number, &read, kind, item),
                };
                outcomes.push(outcome);
            }
        }
        tokio::task::yield_now().await;
        outcomes
    }

    fn clock_offset(&self) -> f64 {
        let world = self.0.world();
        world.vendors[self.0.at].measured_offset(world.clock.us())
    }
}

impl World {
    /// Puts a request on the wire; it gets a number.
    fn send(&mut self, vendor: usize, read: &Read, kind: &WriteKind, item: &WriteItem) -> u64 {
        self.check_sent(vendor, kind, item);
        let number = self.dice.next();
        // It would arrive by itself only should its sender end: see `orphaned`.
        self.wire.push(Late { number, due_us: i64::MAX, vendor, read: read.clone(), kind: kind.clone(), item: item.clone(), copy: false });
        number
    }

    fn unsend(&mut self, number: u64) {
        self.wire.retain(|late| late.number != number);
    }

    /// The sender of requests that are under way is gone: they arrive late, or never.
    pub fn orphaned(&mut self) {
        let now_us = self.clock.us();
        for at in (0..self.wire.len()).rev() {
            if self.wire[at].due_us != i64::MAX {
                continue;
            }
            if self.dice.chance(0.5) {
                self.wire[at].due_us = now_us + self.dice.below(self.last_us(self.wire[at].vendor) as u64) as i64;
            } else {
                self.wire.remove(at);
            }
        }
    }

    /// How late a request may still be carried out: up to twice the deadline, and never past what the engine reckons with.
    fn last_us(&self, vendor: usize) -> i64 {
        let deadline = micros(self.vendors[vendor].abilities.deadline);
        (2 * deadline).min(deadline + 50 * SECOND)
    }

    fn arrive(&mut self, vendor: usize, number: u64, read: &Read, kind: &WriteKind, item: &WriteItem) -> Outcome {
        let doubt = |why: &str| Outcome::InDoubt { why: why.to_owned() };
        let at = self.wire.iter().position(|late| late.number == number).expect("a request is on the wire until it arrives");
        if self.thrown(|rates| rates.not_done) {
            self.wire.remove(at);
            return Outcome::NotDone { why: "429".to_owned(), wait: Duration::from_secs(1) };
        }
        if self.thrown(|rates| rates.late) {
            let last = self.last_us(vendor);
            self.wire[at].due_us = self.clock.us() + self.dice.between(SECOND, last - 2 * SECOND);
            return doubt("no answer in time");
        }
        let sent = self.wire.remove(at);
        if self.thrown(|rates| rates.request_lost) {
            return doubt("the request was lost");
        }
        if self.thrown(|rates| rates.locked) && *kind == WriteKind::Update {
            return Outcome::Locked { why: "approved".to_owned(), wait: Duration::from_secs(60) };
        }
        if self.thrown(|rates| rates.refused) && matches!(kind, WriteKind::Update | WriteKind::Create) {
            let fields = item.cells.iter().take(1).map(|cell| cell.path.clone()).collect();
            self.refuse(item);
            return Outcome::Refused { code: "INVALID".to_owned(), message: "simulated".to_owned(), fields };
        }
        let outcome = self.execute(vendor, read, kind, item, false);
        let guarded = item.version.is_some() && self.vendors[vendor].shape.versions;
        if guarded && matches!(kind, WriteKind::Update) && self.thrown(|rates| rates.twice) {
            let due_us = self.clock.us() + self.dice.between(0, 20 * SECOND);
            self.wire.push(Late { due_us, copy: true, ..sent });
        }
        if self.thrown(|rates| rates.answer_lost) || self.thrown(|rates| rates.partial_batch) {
            return doubt("the answer was lost");
        }
        outcome
    }
}
