//! A few systems in memory holding one entity, users who edit them, and a run that looks, writes and looks again.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::table::{Form, Table, shaped};
use crate::id::{EntityId, EntryId, RecordKey, ReviewId, RunId};
use crate::mapping::{Observation, Seen};
use crate::sync::entity::{Entity, FieldIx, Link, Shadow, SystemIx};
use crate::sync::op::{Entry, EntryClass, EntryState, Op, OpKind};
use crate::sync::pace::Tried;
use crate::sync::review::{Answer, NewReview, ReviewInput};
use crate::sync::terms::{Access, Terms};
use crate::sync::{Answered, Look, Neighbours, Scene, Sight, Silence, Undo, landed, look};
use crate::system::{Abilities, CreateClass, GoneBy, Guarded, Outcome, UpdateClass};
use crate::value::record::Gate;
use crate::value::{Str, Value};

#[derive(Clone, Debug)]
pub struct Rec {
    pub key: RecordKey,
    pub values: Vec<Value>,
    pub version: u64,
    pub time: Timestamp,
    pub takes_part: bool,
    pub locked: bool,
    pub archived: bool,
}

#[derive(Clone)]
pub struct World {
    pub table: Table,
    /// What vendors really do to values; differs from the table's forms where nobody declared it.
    pub vendor: Vec<Vec<Form>>,
    pub records: Vec<Option<Rec>>,
    pub down: Vec<bool>,
    pub unread: Vec<(usize, usize)>,
    pub unresolved: Vec<(usize, usize)>,
    pub neighbours: Neighbours,
    pub entity: Entity,
    pub entries: Vec<Entry>,
    pub reviews: Vec<ReviewInput>,
    pub undo: Option<Undo>,
    pub tried: Vec<Tried>,
    pub since: Option<Timestamp>,
    /// Until when a system takes no writes.
    pub paused: Vec<Option<Timestamp>>,
    pub now: Timestamp,
    pub abilities: Vec<Arc<Abilities>>,
    pub made: u64,
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number")
}

pub fn text(letters: &str) -> Value {
    if letters == "0" { Value::Blank } else { Value::text(letters) }
}

pub fn abilities() -> Abilities {
    Abilities {
        create: vec![CreateClass::None],
        update: Some(UpdateClass::Version),
        delete: Some(Guarded::Version),
        archive: Some(Guarded::Version),
        restore: Some(Guarded::Version),
        gone: GoneBy::Feed,
        full_read: false,
        find: None,
        get_batch: 1,
        create_batch: 1,
        update_batch: 1,
        delete_batch: 1,
        read_lag: Duration::ZERO,
        find_lag: Duration::ZERO,
        deadline: Duration::from_secs(30),
        parents: Vec::new(),
    }
}

impl World {
    /// All systems hold a record that shows `values`, and nothing is linked in agreement yet.
    pub fn new(table: Table, values: &[&[&str]]) -> Self {
        let systems = table.systems.len();
        let entity = Entity::start(EntityId(1), table.fields.len(), systems);
        let vendor = table.fields.iter().map(|field| field.forms.clone()).collect();
        let mut world = World {
            vendor,
            records: vec![None; systems],
            down: vec![false; systems],
            unread: Vec::new(),
            unresolved: Vec::new(),
            neighbours: Neighbours::default(),
            entity,
            entries: Vec::new(),
            reviews: Vec::new(),
            undo: None,
            tried: Vec::new(),
            since: None,
            paused: vec![None; systems],
            now: at(1_000),
            abilities: (0..systems).map(|_| Arc::new(abilities())).collect(),
            made: 0,
            table,
        };
        for (system, values) in values.iter().enumerate() {
            if !values.is_empty() {
                world.add(system, values.iter().map(|one| text(one)).collect());
            }
        }
        world
    }

    /// A world in agreement on `values`.
    pub fn agreed(table: Table, values: &[&str]) -> Self {
        let systems = table.systems.len();
        let all: Vec<&[&str]> = vec![values; systems];
        let mut world = World::new(table, &all);
        world.settle(5);
        world.now = at(2_000);
        world.look();
        world.now = at(3_000);
        world
    }

    /// A record of its own, linked by adoption.
    pub fn add(&mut self, system: usize, values: Vec<Value>) {
        self.made += 1;
        let key = RecordKey::new(format!("{}-{}", self.table.systems[system].name, self.made));
        let shadows = self.blank_shadows(system);
        self.entity.links[system] = Some(Link::adopted(key.clone(), key.clone(), shadows));
        self.records[system] = Some(Rec { key, values, version: 1, time: self.now, takes_part: true, locked: false, archived: false });
    }

    fn blank_shadows(&self, system: usize) -> Vec<Shadow> {
        let shadow = |field: FieldIx| match self.table.access(field, SystemIx(system as u16)) {
            Access::None => Shadow::NoCell,
            _ => Shadow::Unknown,
        };
        self.table.fields().map(shadow).collect()
    }

    /// A user types.
    pub fn edit(&mut self, system: usize, field: usize, value: &str, time: i64) {
        let record = self.records[system].as_mut().expect("a record to edit");
        record.values[field] = text(value);
        record.version += 1;
        record.time = record.time.max(at(time));
        self.now = self.now.max(at(time + 1));
    }

    pub fn shows(&self, system: usize, field: usize) -> &Value {
        &self.records[system].as_ref().expect("a record").values[field]
    }

    pub fn sight(&self, system: usize) -> Sight {
        if self.down[system] {
            return Sight::Silent(Silence::Down);
        }
        match (&self.records[system], &self.entity.links[system]) {
            (_, None) => Sight::Unread,
            (None, Some(_)) => Sight::Gone,
            (Some(record), Some(link)) if record.key != link.key => Sight::Gone,
            (Some(record), Some(_)) => Sight::Live(self.observe(system, record)),
        }
    }

    pub fn observe(&self, system: usize, record: &Rec) -> Observation {
        let seen = |field: usize| match self.table.fields[field].access[system] {
            Access::None => Seen::NoCell,
            Access::WriteOnly => Seen::Unread,
            _ if self.unread.contains(&(system, field)) => Seen::Unread,
            _ if self.unresolved.contains(&(system, field)) => Seen::Unresolved(RecordKey::new("nobody")),
            _ => Seen::Value(record.values[field].clone()),
        };
        Observation {
            key: record.key.clone(),
            identity: record.key.clone(),
            version: Some(Str::from(record.version.to_string())),
            time: Some(record.time),
            actor: None,
            fields: (0..self.table.fields.len()).map(seen).collect(),
            by: None,
            takes_part: Some(record.takes_part),
            locked: record.locked,
            gate: Gate::Open,
            archived: record.archived,
            trouble: None,
        }
    }

    /// A look, without storing anything.
    pub fn peek(&self) -> Look {
        let systems = self.table.systems.len();
        let sights: Vec<Sight> = (0..systems).map(|system| self.sight(system)).collect();
        let open: Vec<Entry> = self.entries.iter().filter(|entry| entry.state.is_open()).cloned().collect();
        look(&Scene {
            undo: self.undo.as_ref(),
            terms: &self.table,
            entity: &self.entity,
            sights: &sights,
            read_at: &vec![self.now; systems],
            entries: &open,
            reviews: &self.reviews,
            tried: &self.tried,
            since: self.since,
            abilities: &self.abilities,
            waiting: &[],
            paused: &self.paused,
            neighbours: &self.neighbours,
            now: self.now,
            today: date(2026, 3, 2),
            offsets: &vec![SignedDuration::ZERO; systems],
            instance: "test",
            run: RunId(1),
        })
    }

    /// A look whose decisions are stored and whose ops are not sent.
    pub fn look(&mut self) -> Look {
        let look = self.peek();
        self.keep(&look);
        look
    }

    pub fn keep(&mut self, look: &Look) {
        if let Some(entity) = &look.entity {
            self.entity = entity.clone();
        }
        for (id, state) in &look.entry_states {
            self.entries.iter_mut().filter(|entry| entry.id == *id).for_each(|entry| entry.state = *state);
        }
        self.reviews.retain(|review| !look.closed_reviews.contains(&review.id));
        self.open(&look.reviews);
    }

    fn open(&mut self, reviews: &[NewReview]) {
        for review in reviews {
            self.made += 1;
            self.reviews.push(ReviewInput { id: ReviewId(self.made as i64), about: review.about.clone(), answer: None });
        }
    }

    pub fn answer(&mut self, answer: Answer) {
        self.reviews.first_mut().expect("an open review").answer = Some(answer);
    }

    /// Looks, stores, sends. Returns what was sent.
    pub fn step(&mut self) -> Look {
        let look = self.look();
        self.now += SignedDuration::from_secs(10);
        for (op, class) in &look.ops {
            let entry = self.entry(op, class.clone());
            let outcome = self.write(op);
            self.land(&entry, &outcome, false);
        }
        look
    }

    pub fn entry(&mut self, op: &Op, class: EntryClass) -> Entry {
        self.made += 1;
        let entry = Entry {
            id: EntryId(Uuid::from_u128(u128::from(self.made))),
            run: RunId(1),
            op: op.clone(),
            class,
            state: EntryState::Sent,
            attempt: 1,
            first_sent_at: Some(self.now),
            deadline: Some(self.now + SignedDuration::from_secs(30)),
        };
        self.entries.push(entry.clone());
        entry
    }

    pub fn land(&mut self, entry: &Entry, outcome: &Outcome, told: bool) {
        let system = entry.op.system.0 as usize;
        let observation = self.records[system].as_ref().filter(|_| told).map(|record| self.observe(system, record));
        let landed = landed(&Answered {
            terms: &self.table,
            entity: &self.entity,
            entry,
            outcome,
            observation: observation.as_ref(),
            adopt: false,
            neighbours: &self.neighbours,
            reviews: &self.reviews,
            sent_at: self.now,
            now: self.now,
        });
        self.entity = landed.entity;
        self.entries.iter_mut().filter(|one| one.id == entry.id).for_each(|one| one.state = landed.state);
        self.reviews.retain(|review| !landed.closed_reviews.contains(&review.id));
        self.open(&landed.reviews);
    }

    /// What the vendor does with an op.
    pub fn write(&mut self, op: &Op) -> Outcome {
        let system = op.system.0 as usize;
        let now = self.now;
        let vendor: Vec<Form> = self.vendor.iter().map(|forms| forms[system]).collect();
        match op.kind {
            OpKind::Create => {
                self.made += 1;
                let key = RecordKey::new(format!("{}-{}", self.table.systems[system].name, self.made));
                let mut values = vec![Value::Blank; self.table.fields.len()];
                for write in &op.fields {
                    values[write.field.0 as usize] = shaped(vendor[write.field.0 as usize], &write.want).unwrap_or_default();
                }
                let record = Rec { key: key.clone(), values, version: 1, time: now, takes_part: true, locked: false, archived: false };
                self.records[system] = Some(record);
                Outcome::Done { key: Some(key), record: None, version: Some("1".into()), created: Some(true) }
            }
            OpKind::Update => {
                let Some(record) = self.records[system].as_mut() else { return Outcome::Gone };
                if op.version != Some(Str::from(record.version.to_string())) {
                    return Outcome::Stale;
                }
                for write in &op.fields {
                    record.values[write.field.0 as usize] = shaped(vendor[write.field.0 as usize], &write.want).unwrap_or_default();
                }
                record.version += 1;
                record.time = now;
                let version = Some(Str::from(record.version.to_string()));
                Outcome::Done { key: None, record: None, version, created: None }
            }
            OpKind::Archive(_) => {
                let Some(record) = self.records[system].as_mut() else { return Outcome::Gone };
                record.archived = true;
                Outcome::Done { key: None, record: None, version: None, created: None }
            }
            OpKind::Restore => {
                let Some(record) = self.records[system].as_mut() else { return Outcome::Gone };
                record.archived = false;
                record.version += 1;
                record.time = now;
                Outcome::Done { key: None, record: None, version: None, created: None }
            }
            OpKind::Delete(_) => {
                self.records[system] = None;
                Outcome::Done { key: None, record: None, version: None, created: None }
            }
        }
    }

    /// Steps until nothing is planned; the number of steps that wrote.
    pub fn settle(&mut self, most: usize) -> usize {
        for step in 0..most {
            let look = self.step();
            if look.ops.is_empty() && look.waits.is_none_or(|until| until > self.now) {
                return step;
            }
        }
        panic!("still writing after {most} rounds: {}", self.print(&self.peek()));
    }

    /// The plan in one line: ops, losers, questions.
    pub fn print(&self, look: &Look) -> String {
        let name = |system: SystemIx| self.table.system_name(system);
        let mut lines = Vec::new();
        for (op, _) in &look.ops {
            let fields: Vec<String> = op.fields.iter().map(|write| format!("{}={}", self.table.field_name(write.field), shown(&write.want))).collect();
            let kind = match op.kind {
                OpKind::Create => "create ",
                OpKind::Update => "",
                OpKind::Archive(_) => "archive",
                OpKind::Delete(_) => "delete",
                OpKind::Restore => "restore",
            };
            lines.push(format!("{} {kind}{}", name(op.system), fields.join(" ")));
        }
        for conflict in &look.conflicts {
            let losers: Vec<String> = conflict.losers.iter().map(|loser| format!("{}:{}", loser.system.map_or("agreed", name), shown(&loser.value))).collect();
            let grade = conflict.grade.as_ref().map(|grade| format!(" ({grade})")).unwrap_or_default();
            lines.push(format!("lost {}{grade}", losers.join(" ")));
        }
        lines.extend(look.reviews.iter().map(|review| match &review.about {
            crate::sync::review::ReviewAbout::Conflict { .. } => "ask".to_owned(),
            crate::sync::review::ReviewAbout::Delete { why, .. } => format!("ask: {why}"),
            about => format!("ask {about:?}"),
        }));
        lines.join("; ")
    }
}

pub fn shown(value: &Value) -> String {
    match value {
        Value::Blank => "0".to_owned(),
        Value::Text(text) => text.to_string(),
        Value::Set(elements) => format!("{{{}}}", elements.iter().map(shown).collect::<Vec<_>>().join(",")),
        other => format!("{other:?}"),
    }
}
