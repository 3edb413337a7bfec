//! One vendor's records: those never changed are arithmetic, the changed ones are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Asked, PAGE};
use crate::things::{BEGINNING_MS, Changed, Side, Things, number};

/// One vendor's records.
pub struct Shelf {
    pub side: Side,
    pub things: Things,
    pub asked: Asked,
    /// When the first page of everything was asked for.
    reading_since: Option<Instant>,
    changed: HashMap<u32, Changed>,
    /// The changed ones by time, for the feed.
    by_time: BTreeSet<(i64, u32)>,
}

/// One op of a batch.
#[derive(Deserialize)]
pub struct Update<'a> {
    pub op: &'a RawValue,
    #[serde(borrow)]
    pub id: &'a str,
    #[serde(borrow)]
    pub version: Option<&'a str>,
    pub values: BTreeMap<String, Box<RawValue>>,
}

impl Shelf {
    pub fn new(side: Side, things: Things) -> Shelf {
        Shelf { side, things, asked: Asked::default(), reading_since: None, changed: HashMap::new(), by_time: BTreeSet::new() }
    }

    /// Everything as at the beginning.
    pub fn reset(&mut self) {
        *self = Shelf::new(self.side, self.things);
    }

    /// Nothing was asked yet.
    pub fn forget(&mut self) {
        self.asked = Asked::default();
        self.reading_since = None;
    }

    /// A page of everything was asked for at `received`, and is answered now.
    pub fn listed(&mut self, received: Instant) {
        self.asked.list += 1;
        let since = *self.reading_since.get_or_insert(received);
        self.asked.reading_us = since.elapsed().as_micros() as u64;
    }

    fn key(&self, index: u32) -> String {
        format!("{}{index:09}", self.side.letter())
    }

    fn write(&self, out: &mut Vec<u8>, index: u32) {
        self.things.write(out, self.side, index, self.changed.get(&index));
    }

    fn page(&self, indexes: &[u32], next: Option<String>) -> Vec<u8> {
        let mut body = Vec::with_capacity(indexes.len() * 1_000 + 64);
        body.extend_from_slice(b"{\"items\":[");
        for (nth, index) in indexes.iter().enumerate() {
            if nth > 0 {
                body.push(b',');
            }
            self.write(&mut body, *index);
        }
        body.extend_from_slice(b"],\"next\":");
        match next {
            Some(next) => body.extend_from_slice(format!("\"{next}\"}}").as_bytes()),
            None => body.extend_from_slice(b"null}"),
        }
        body
    }

    /// A page of everything, by key; the token is the last key of the page before.
    pub fn list(&self, token: Option<&str>) -> Vec<u8> {
        let start = token.and_then(number).map_or(0, |last| last + 1);
        let end = (start + PAGE as u32).min(self.things.count);
        let indexes: Vec<u32> = (start..end).collect();
        self.page(&indexes, (end < self.things.count).then(|| self.key(end - 1)))
    }

    /// A page of what changed in `[from, to)`, by time and key; the token is the time and key last told.
    pub fn changes(&self, from_ms: i64, to_ms: i64, token: Option<&str>) -> Vec<u8> {
        let after = token.and_then(|token| token.split_once('-')).and_then(|(ms, key)| Some((ms.parse().ok()?, number(key)?)));
        let start: (i64, u32) = match after {
            Some((ms, index)) => (ms, index + 1),
            None => (from_ms, 0),
        };
        let mut found: Vec<(i64, u32)> = self.untouched(start, to_ms).take(PAGE + 1).collect();
        found.extend(self.by_time.range(start..(to_ms, 0)).take(PAGE + 1));
        found.sort_unstable();
        let more = found.len() > PAGE;
        found.truncate(PAGE);
        let next = found.last().filter(|_| more).map(|(ms, index)| format!("{ms}-{}", self.key(*index)));
        let indexes: Vec<u32> = found.into_iter().map(|(_, index)| index).collect();
        self.page(&indexes, next)
    }

    fn untouched(&self, start: (i64, u32), to_ms: i64) -> impl Iterator<Item = (i64, u32)> {
        let own = |ms: i64| u32::try_from((ms - BEGINNING_MS).clamp(0, i64::from(self.things.count))).expect("clamped to the count");
        (own(start.0)..own(to_ms)).map(|index| (BEGINNING_MS + i64::from(index), index)).filter(move |at| *at >= start && !self.changed.contains_key(&at.1))
    }

    /// The records of these keys, as far as there are any.
    pub fn get(&self, ids: &[&str]) -> Vec<u8> {
        let indexes: Vec<u32> = ids.iter().filter_map(|id| number(id)).filter(|index| *index < self.things.count).collect();
        self.page(&indexes, None)
    }

    /// Writes one op if its version still holds, and says so in the batch's answer. Gives the thing that was written.
    pub fn update(&mut self, update: &Update<'_>, now_ms: i64, out: &mut Vec<u8>) -> Option<u32> {
        out.extend_from_slice(b"{\"op\":");
        out.extend_from_slice(update.op.get().as_bytes());
        let Some(index) = number(update.id).filter(|index| *index < self.things.count) else {
            out.extend_from_slice(b",\"status\":404}");
            return None;
        };
        let version = self.changed.get(&index).map_or(1, |changed| changed.version);
        if update.version.is_some_and(|asked| asked != format!("v{version:07}")) {
            self.asked.stale += 1;
            out.extend_from_slice(b",\"status\":412}");
            return None;
        }
        let values = update.values.iter().map(|(name, value)| (name.clone(), value.get().to_owned()));
        self.change(index, now_ms, values);
        self.asked.written += 1;
        out.extend_from_slice(b",\"status\":200,\"record\":");
        self.write(out, index);
        out.push(b'}');
        Some(self.things.thing(self.side, index))
    }

    /// Somebody edits a record here.
    pub fn change(&mut self, index: u32, now_ms: i64, values: impl IntoIterator<Item = (String, String)>) {
        let changed = self.changed.entry(index).or_insert(Changed { at_ms: 0, version: 1, values: BTreeMap::new() });
        self.by_time.remove(&(changed.at_ms, index));
        changed.at_ms = now_ms;
        changed.version += 1;
        changed.values.extend(values);
        self.by_time.insert((now_ms, index));
    }
}
