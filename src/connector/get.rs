//! Reads by key, in the vendor's batches and side by side; what is not found counts only after a control read that worked.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;

use super::Line;
use super::call::{Answer, read_error};
use super::decode::{Plan, fields, identity};
use super::frame::{Frame, Local};
use super::outcome::{Part, parts};
use super::page::{Asked, Walk, Want, doc_of};
use super::rate::Purpose;
use super::verdict::Judged;
use crate::catalog::read::{Get, Records};
use crate::catalog::scope::{FIELDS, ITEMS, KEY, KEYS, OP_ID};
use crate::expr::Item;
use crate::id::RecordKey;
use crate::plant::planted;
use crate::spec::connector::Verdict;
use crate::system::{Got, Read, SystemError};
use crate::value::record::{Columns, Record};
use crate::value::{Doc, Value};

/// Batches of one read that are under way together; the vendor's own limit is in the connector's pools.
const SIDE_BY_SIDE: usize = 4;

impl Line {
    pub async fn get(self: &Arc<Self>, read: Read, keys: &[RecordKey]) -> Result<Vec<Got>, SystemError> {
        let local = self.local(&read.object)?;
        let Some(get) = &local.object.get else {
            return Err(SystemError::Drift {
                connection: self.name.clone(),
                object: local.name.clone(),
                why: "the connector's file does not say how a record is read by key".into(),
            });
        };
        let frame = Frame::new(&self.ground, Some(&local));
        let plan = Plan::new(&local, &frame, &read.columns, get.read.key.as_ref(), None);
        let asked = Asking { line: self, local: &local, get, plan: &plan, fields: fields(&local, &read.columns) };
        let mut batches = Vec::with_capacity(keys.len() / get.batch + 1);
        for batch in keys.chunks(get.batch) {
            batches.push(asked.batch(batch));
        }
        let mut under_way = stream::iter(batches).buffer_unordered(SIDE_BY_SIDE);
        let mut all = Vec::with_capacity(keys.len());
        while let Some(got) = under_way.next().await {
            all.extend(got?);
        }
        drop(under_way);
        if !planted!("gone-without-control") && !all.is_empty() && all.iter().all(|got: &Got| got.record.is_none()) {
            self.control(&local).await?;
        }
        Ok(all)
    }

    /// Nothing at all was found: that counts only if the object can be read now.
    async fn control(self: &Arc<Self>, local: &Arc<Local>) -> Result<(), SystemError> {
        let Some(list) = &local.object.list else { return Ok(()) };
        let mut walk = Walk::new(self.clone(), local.clone(), list.clone(), &Columns::default(), Want::Keys, None);
        walk.step(Asked::default()).await.map(|_| ())
    }
}

struct Asking<'a> {
    line: &'a Line,
    local: &'a Local,
    get: &'a Get,
    plan: &'a Plan,
    fields: Item,
}

impl Asking<'_> {
    /// One call; a batch that is too big becomes two.
    async fn batch(&self, keys: &[RecordKey]) -> Result<Vec<Got>, SystemError> {
        let mut left = vec![keys];
        let mut all = Vec::with_capacity(keys.len());
        while let Some(keys) = left.pop() {
            let frame = self.frame(keys)?;
            let answer = self.line.call(&self.get.read.request, &frame, Purpose::Read).await.map_err(|failure| failure.into_error(self.line))?;
            match answer.judged.is {
                Verdict::Ok => all.extend(self.got(&frame, &answer, keys)?),
                Verdict::Gone if keys.len() == 1 => all.push(Got { key: keys[0].clone(), record: None }),
                Verdict::Split if keys.len() > 1 => {
                    let (a, b) = keys.split_at(keys.len() / 2);
                    left.extend([b, a]);
                }
                _ => return Err(read_error(self.line, &self.local.name, &answer.judged)),
            }
        }
        Ok(all)
    }

    fn frame(&self, keys: &[RecordKey]) -> Result<Frame<'_>, SystemError> {
        let mut frame = Frame::new(&self.line.ground, Some(self.local)).with(FIELDS, self.fields.clone());
        frame.set(KEYS, Item::List(keys.iter().map(|key| Item::text(key.as_str())).collect()));
        if let [key] = keys {
            frame.set(KEY, Item::text(key.as_str())).set(OP_ID, Item::text(super::outcome::op_id(0)));
        }
        if let Some(tree) = &self.get.item {
            let items: Result<Vec<Item>, _> = keys
                .iter()
                .enumerate()
                .map(|(at, key)| tree.fill(&frame.clone().with(KEY, Item::text(key.as_str())).with(OP_ID, Item::text(super::outcome::op_id(at)))))
                .collect();
            frame.set(ITEMS, Item::List(items.map_err(|fault| self.garbled(format!("`get.item`: {fault}")))?));
        }
        Ok(frame)
    }

    fn got(&self, frame: &Frame, answer: &Answer, keys: &[RecordKey]) -> Result<Vec<Got>, SystemError> {
        let seen = answer.frame(frame);
        if let Some(outcomes) = &self.get.outcomes {
            let parts = parts(outcomes, self.line, self.local, &seen, answer, keys.len(), |at| Some(&keys[at]), false).map_err(|why| self.garbled(why))?;
            return self.by_part(&seen, parts, keys);
        }
        let docs: Vec<Doc> = match &self.get.read.records {
            Records::Many(pick) => {
                let item = pick.get(&answer.body, &seen).map_err(|fault| self.garbled(format!("`records`: {fault}")))?;
                item.elements().ok_or_else(|| self.garbled(format!("`records` of `get` should be a list and is {}", item.noun())))?.filter_map(doc_of).collect()
            }
            Records::One(pick) => doc_of(pick.get(&answer.body, &seen).map_err(|fault| self.garbled(format!("`record`: {fault}")))?).into_iter().collect(),
        };
        let mut found: HashMap<RecordKey, Record> = HashMap::with_capacity(docs.len());
        for doc in docs.iter().filter(|doc| doc.value() != Value::Blank) {
            let record = self.plan.record(self.local, &seen, doc).map_err(|why| self.garbled(why))?;
            found.insert(record.identity.clone(), record);
        }
        Ok(keys.iter().map(|key| Got { key: key.clone(), record: found.remove(&identity(self.local, &seen, key.as_str())) }).collect())
    }

    fn by_part(&self, seen: &Frame, parts: Vec<Option<Part>>, keys: &[RecordKey]) -> Result<Vec<Got>, SystemError> {
        let pick = match &self.get.read.records {
            Records::Many(pick) | Records::One(pick) => pick,
        };
        let mut all = Vec::with_capacity(keys.len());
        let mut trouble: Option<Judged> = None;
        for (key, part) in keys.iter().zip(parts) {
            let Some(part) = part else { continue };
            match part.judged.is {
                Verdict::Ok => {
                    let body = super::page::as_body(seen, &part.body);
                    let doc = doc_of(pick.get(&part.body, &body).map_err(|fault| self.garbled(format!("`record`: {fault}")))?);
                    let record = doc.map(|doc| self.plan.record(self.local, &body, &doc)).transpose().map_err(|why| self.garbled(why))?;
                    all.push(Got { key: key.clone(), record });
                }
                Verdict::Gone => all.push(Got { key: key.clone(), record: None }),
                // Not read: the caller sees no answer for this key and asks again.
                _ => trouble = Some(part.judged),
            }
        }
        match trouble {
            Some(judged) if all.is_empty() => Err(read_error(self.line, &self.local.name, &judged)),
            _ => Ok(all),
        }
    }

    fn garbled(&self, why: String) -> SystemError {
        SystemError::Garbled { connection: self.line.name.clone(), why }
    }
}
