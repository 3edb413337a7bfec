//! Ops to requests and back: batches in the vendor's sizes, preconditions, halving, and one outcome per op.

use std::time::Duration;

use futures::StreamExt;
use futures::stream;

use super::Line;
use super::call::{Answer, Failure};
use super::decode::{Plan, fields};
use super::frame::{Frame, Local, maybe_word};
use super::outcome::{Part, op_id, parts};
use super::page::{as_body, doc_of};
use super::rate::Purpose;
use super::spell::Speller;
use super::verdict::Judged;
use crate::catalog::scope::{FIELDS, ITEMS, KEY, KEYS, MATCH_FIELD, MATCH_VALUE, OP_ID, OP_TOKEN, VALUES, VERSION};
use crate::catalog::write::{Archive, Write};
use crate::expr::Item;
use crate::id::RecordKey;
use crate::spec::connector::Verdict;
use crate::system::{Outcome, Read, WriteItem, WriteKind};
use crate::value::record::{Form, WriteCell};
use crate::value::{Path, Value};

/// Single calls that are under way together; the vendor's own limit is in the connector's pools.
const SIDE_BY_SIDE: usize = 4;
/// The wait named where a person must act first.
const STOPPED_WAIT: Duration = Duration::from_secs(900);
/// The wait named where the vendor names none.
const LATER: Duration = Duration::from_secs(30);

impl Line {
    /// Sends ops of one kind; one outcome per item, in order.
    pub async fn write(&self, read: Read, kind: &WriteKind, items: &[WriteItem]) -> Vec<Outcome> {
        let local = match self.local(&read.object) {
            Ok(local) => local,
            Err(error) => return items.iter().map(|_| refused("unknown_object", error.to_string())).collect(),
        };
        let (write, sets) = match block(&local, kind) {
            Some(found) => found,
            None => {
                return items
                    .iter()
                    .map(|_| refused("not_supported", format!("the connector's file does not say how `{}` is written so", local.name)))
                    .collect();
            }
        };
        let frame = Frame::new(&self.ground, Some(&local));
        let plan = Plan::new(&local, &frame, &read.columns, None, None);
        let sending = Sending { line: self, local: &local, write, plan: &plan, kind, sets, fields: fields(&local, &read.columns) };
        let mut outcomes: Vec<Option<Outcome>> = items.iter().map(|_| None).collect();
        let mut ready: Vec<Ready> = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            match sending.ready(at, item) {
                Ok(op) => ready.push(op),
                Err(outcome) => outcomes[at] = Some(outcome),
            }
        }
        let mut batches = Vec::with_capacity(ready.len() / write.batch_size() + 1);
        for batch in ready.chunks(write.batch_size()) {
            batches.push(sending.batch(batch));
        }
        let mut under_way = stream::iter(batches).buffer_unordered(if write.batch.is_some() { 1 } else { SIDE_BY_SIDE });
        while let Some(done) = under_way.next().await {
            for (at, outcome) in done {
                outcomes[at] = Some(outcome);
            }
        }
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Outcome::InDoubt { why: "nothing is known of it".into() })).collect()
    }
}

/// The block that does this kind of write, and the values that archiving or its contrary sets.
fn block<'a>(local: &'a Local, kind: &WriteKind) -> Option<(&'a Write, &'a [(Path, Value)])> {
    let object = &*local.object;
    let none: &[(Path, Value)] = &[];
    match kind {
        WriteKind::Create => object.create.as_ref().map(|create| (&create.write, none)),
        WriteKind::Upsert(_) => object.upsert.as_ref().map(|upsert| (&upsert.write, none)),
        WriteKind::Update => object.update.as_ref().map(|update| (update, none)),
        WriteKind::Delete => object.delete.as_ref().map(|delete| (delete, none)),
        WriteKind::Archive => match object.archive.as_ref()? {
            Archive::Call(write) => Some((write, none)),
            Archive::Sets { sets, .. } => object.update.as_ref().map(|update| (update, sets.as_slice())),
        },
        WriteKind::Restore => match object.archive.as_ref()? {
            Archive::Sets { restores, .. } if !restores.is_empty() => object.update.as_ref().map(|update| (update, restores.as_slice())),
            Archive::Sets { .. } | Archive::Call(_) => None,
        },
    }
}

/// An op whose values are spelt.
struct Ready<'a> {
    at: usize,
    item: &'a WriteItem,
    values: Item,
}

struct Sending<'a> {
    line: &'a Line,
    local: &'a Local,
    write: &'a Write,
    plan: &'a Plan,
    kind: &'a WriteKind,
    sets: &'a [(Path, Value)],
    fields: Item,
}

impl<'a> Sending<'a> {
    /// Spells an op's values; one that cannot be sent gets its outcome here, and the others go without it.
    fn ready(&self, at: usize, item: &'a WriteItem) -> Result<Ready<'a>, Outcome> {
        let needs_key = !matches!(self.kind, WriteKind::Create | WriteKind::Upsert(_));
        if needs_key && item.key.is_none() {
            return Err(refused("no_key", "the op has no record key".into()));
        }
        if self.write.uses(VERSION) && item.version.is_none() {
            // Without its version the write would have no precondition.
            return Err(Outcome::Stale);
        }
        let archived: Vec<WriteCell>;
        let cells = if self.sets.is_empty() {
            &item.cells
        } else {
            archived =
                self.sets.iter().map(|(path, value)| WriteCell { path: path.clone(), form: Form::Natural, value: value.clone(), target: None }).collect();
            &archived
        };
        let values = Speller { ground: &self.line.ground }.values(self.local, cells).map_err(|why| refused("cannot_spell", why))?;
        Ok(Ready { at, item, values })
    }

    /// Sends a batch, halved as often as it takes.
    async fn batch(&self, ops: &[Ready<'a>]) -> Vec<(usize, Outcome)> {
        let mut left = vec![ops];
        let mut done = Vec::with_capacity(ops.len());
        while let Some(ops) = left.pop() {
            let frame = match self.frame(ops) {
                Ok(frame) => frame,
                Err(why) => {
                    done.extend(ops.iter().map(|op| (op.at, refused("cannot_fill", why.clone()))));
                    continue;
                }
            };
            match self.line.call(&self.write.request, &frame, Purpose::Write).await {
                Err(failure) => done.extend(ops.iter().map(|op| (op.at, of_failure(&failure)))),
                Ok(answer) if ops.len() > 1 && self.halves(&answer.judged) => {
                    let (a, b) = ops.split_at(ops.len() / 2);
                    left.extend([b, a]);
                }
                Ok(answer) if answer.judged.is != Verdict::Ok => done.extend(ops.iter().map(|op| (op.at, of_verdict(&answer.judged)))),
                Ok(answer) => done.extend(self.told(&frame, &answer, ops)),
            }
        }
        done
    }

    /// Whether the whole batch failed for what may be one op's fault, and surely nothing of it was done.
    fn halves(&self, judged: &Judged) -> bool {
        let atomic = self.write.outcomes.as_ref().is_some_and(|outcomes| outcomes.atomic);
        match judged.is {
            Verdict::Split => true,
            Verdict::Duplicate | Verdict::Drift | Verdict::Gone | Verdict::MissingReference | Verdict::Refused | Verdict::Stale => atomic,
            Verdict::Ok
            | Verdict::Retry
            | Verdict::RateLimited
            | Verdict::Locked
            | Verdict::RefreshAuth
            | Verdict::Restart
            | Verdict::Expired
            | Verdict::Stop => false,
        }
    }

    fn frame(&self, ops: &[Ready]) -> Result<Frame<'a>, String> {
        let mut frame = Frame::new(&self.line.ground, Some(self.local));
        if let WriteKind::Upsert(path) = self.kind {
            frame.set(MATCH_FIELD, Item::text(path.to_string()));
        }
        let keys = ops.iter().filter_map(|op| op.item.key.as_ref()).map(|key| Item::text(key.as_str()));
        let keys = Item::List(keys.collect());
        if let [op] = ops {
            self.fill(&mut frame, 0, op);
        }
        if let Some(tree) = &self.write.item {
            let items: Result<Vec<Item>, _> = ops
                .iter()
                .enumerate()
                .map(|(at, op)| {
                    let mut own = frame.clone();
                    self.fill(&mut own, at, op);
                    tree.fill(&own)
                })
                .collect();
            frame.set(ITEMS, Item::List(items.map_err(|fault| format!("`item`: {fault}"))?));
        }
        // After the items: what the whole batch names is not copied for each of them.
        frame.set(KEYS, keys).set(FIELDS, self.fields.clone());
        Ok(frame)
    }

    fn fill(&self, frame: &mut Frame, at: usize, op: &Ready) {
        frame.set(OP_ID, Item::text(op_id(at))).set(OP_TOKEN, Item::text(op.item.entry.to_string())).set(VALUES, op.values.clone());
        if let Some(key) = &op.item.key {
            frame.set(KEY, Item::text(key.as_str()));
        }
        if let Some(version) = &op.item.version {
            frame.set(VERSION, Item::text(version));
        }
        if let Some(by) = &op.item.by {
            frame.set(MATCH_VALUE, Item::Value(by.clone()));
        }
    }

    fn told(&self, frame: &Frame, answer: &Answer, ops: &[Ready]) -> Vec<(usize, Outcome)> {
        let seen = answer.frame(frame);
        let Some(outcomes) = &self.write.outcomes else {
            let part = Part { judged: answer.judged.clone(), body: answer.body.clone(), status: answer.status };
            return ops.iter().map(|op| (op.at, self.outcome(&seen, &part))).collect();
        };
        let key = |at: usize| ops[at].item.key.as_ref();
        match parts(outcomes, self.line, self.local, &seen, answer, ops.len(), key, self.write.uses(VERSION)) {
            Err(why) => ops.iter().map(|op| (op.at, Outcome::InDoubt { why: why.clone() })).collect(),
            Ok(parts) => {
                let seen = seen.for_one();
                let told = |part: Option<Part>| match part {
                    Some(part) => self.outcome(&seen, &part),
                    None => Outcome::InDoubt { why: "the answer says nothing about it".into() },
                };
                ops.iter().zip(parts).map(|(op, part)| (op.at, told(part))).collect()
            }
        }
    }

    fn outcome(&self, seen: &Frame, part: &Part) -> Outcome {
        if part.judged.is != Verdict::Ok {
            return of_verdict(&part.judged);
        }
        let seen = as_body(seen, &part.body).with(crate::catalog::scope::STATUS, Item::integer(i64::from(part.status)));
        let doc = self.write.record.as_ref().and_then(|pick| pick.get(&part.body, &seen).ok()).and_then(doc_of);
        // A record that does not show its key is no record: the write is done all the same, and read again later.
        let record = doc.and_then(|doc| self.plan.record(self.local, &seen, &doc).ok());
        let key = maybe_word(self.write.key.as_ref(), &seen).map(RecordKey::new).or_else(|| record.as_ref().map(|record| record.key.clone()));
        let version = maybe_word(self.write.version.as_ref(), &seen).or_else(|| record.as_ref().and_then(|record| record.version.clone()));
        let creates = matches!(self.kind, WriteKind::Create | WriteKind::Upsert(_));
        if creates && key.is_none() {
            return Outcome::InDoubt { why: "the answer does not say which record was made".into() };
        }
        let created = self.write.created.as_ref().and_then(|program| program.eval(&seen).ok()).filter(|item| !item.is_blank()).map(|item| item.is_truthy());
        Outcome::Done { key: key.filter(|_| creates), record: record.map(Box::new), version, created }
    }
}

fn refused(code: &str, message: String) -> Outcome {
    Outcome::Refused { code: code.into(), message, fields: Vec::new() }
}

fn of_failure(failure: &Failure) -> Outcome {
    match failure {
        Failure::Later { why, wait } => Outcome::NotDone { why: why.clone(), wait: wait.unwrap_or(LATER) },
        Failure::Stopped(why) => Outcome::NotDone { why: why.clone(), wait: STOPPED_WAIT },
        Failure::Unfit(why) => refused("cannot_fill", why.clone()),
        Failure::Lost(why) | Failure::Garbled(why) => Outcome::InDoubt { why: why.clone() },
    }
}

/// What a verdict on a write means for its op.
fn of_verdict(judged: &Judged) -> Outcome {
    let why = judged.why();
    let wait = judged.wait.unwrap_or(LATER);
    match judged.is {
        Verdict::Ok => Outcome::InDoubt { why },
        Verdict::RateLimited => Outcome::NotDone { why: judged.told(), wait },
        Verdict::Locked => Outcome::Locked { why, wait },
        Verdict::Stale => Outcome::Stale,
        Verdict::Gone => Outcome::Gone,
        Verdict::Duplicate => Outcome::Duplicate { keys: judged.keys.iter().map(RecordKey::new).collect(), message: judged.message.clone() },
        Verdict::MissingReference => Outcome::MissingReference { message: why },
        Verdict::Stop | Verdict::RefreshAuth => Outcome::NotDone { why: judged.told(), wait: wait.max(STOPPED_WAIT) },
        // The vendor failed in the middle: what it did is not known.
        Verdict::Retry | Verdict::Restart | Verdict::Expired => Outcome::InDoubt { why },
        Verdict::Drift | Verdict::Refused | Verdict::Split => {
            let fields = judged.field.iter().filter_map(|field| Path::parse(field).ok()).collect();
            Outcome::Refused {
                code: if judged.code.is_empty() { format!("http_{}", judged.status) } else { judged.code.to_string() },
                message: judged.message.clone(),
                fields,
            }
        }
    }
}
