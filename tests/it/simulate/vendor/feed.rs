//! Reads of many records, page by page.

use std::sync::Arc;

use async_trait::async_trait;
use syncline::system::{Cursor, Gone, Page, Pages, Read, SystemError};

use super::super::time::instant;
use super::port::Inner;
use super::{Rec, State, Table};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Changes,
    Gone,
    List,
    Sweep,
}

/// A read under way.
pub struct Walk {
    pub port: Arc<Inner>,
    pub read: Read,
    pub kind: Kind,
    /// Numbers of changes already told.
    pub after: u64,
    /// `None`: everything there is, not what changed.
    pub since: Option<u64>,
    /// Where the read ends, since what changes meanwhile is for the next, and up to where all was visible when it began.
    pub bounds: Option<(u64, u64)>,
    pub done: bool,
}

impl Walk {
    /// The cursor that loses nothing: what is younger than the lag may not have been visible.
    pub fn safe(table: &Table, now_us: i64, lag_us: i64) -> u64 {
        let hidden = table.records.iter().flat_map(|rec| &rec.states).filter(|state| state.from_us > now_us - lag_us);
        hidden.map(|state| state.change - 1).min().unwrap_or(table.last)
    }
}

impl Walk {
    /// What is left to tell: changes in their order, or everything there is in the order of its making.
    fn rows(&self, table: &Table, as_of_us: i64, to: u64) -> Vec<(usize, State)> {
        let wanted = |nth: usize, rec: &Rec| {
            let state = rec.then(as_of_us)?;
            let left = match self.since {
                Some(_) => state.change > self.after && state.change <= to,
                None => nth as u64 >= self.after,
            };
            (left && (self.kind == Kind::Gone) == state.deleted).then(|| state.clone())
        };
        let mut rows: Vec<(usize, State)> = table.records.iter().enumerate().filter_map(|(nth, rec)| Some((nth, wanted(nth, rec)?))).collect();
        if self.since.is_some() {
            rows.sort_by_key(|(_, state)| state.change);
        }
        rows
    }
}

#[async_trait]
impl Pages for Walk {
    async fn next(&mut self) -> Result<Option<Page>, SystemError> {
        if self.done {
            return Ok(None);
        }
        let pass = self.port.ask(&self.read.object, &format!("{:?}", self.kind)).await?;
        let mut world = self.port.world();
        let now_us = world.clock.us();
        if world.thrown(|rates| rates.expired) && self.after > 0 {
            world.note(format_args!("{} {} page token expired", self.port.name, self.read.object));
            return Err(self.port.later("the page token expired"));
        }
        let empty = matches!(self.kind, Kind::List | Kind::Sweep) && self.since.is_none() && self.after == 0 && world.thrown(|rates| rates.emptied);
        let vendor = &mut world.vendors[self.port.at];
        let (lag_us, size, at) = (vendor.read_lag_us(), vendor.shape.page, vendor.table(&self.read.object));
        let (to, safe) = *self.bounds.get_or_insert_with(|| (vendor.tables[at].last, Self::safe(&vendor.tables[at], now_us, lag_us)));
        let mut page = Page::default();
        let mut rows = if empty { Vec::new() } else { self.rows(&vendor.tables[at], pass.as_of_us, to) };
        self.done = rows.len() <= size;
        rows.truncate(size);
        for (nth, state) in &rows {
            let rec = &vendor.tables[at].records[*nth];
            if self.kind == Kind::Gone {
                page.gone.push(Gone { key: rec.key.clone(), identity: rec.key.clone(), time: Some(instant(state.time_us)) });
            } else {
                page.records.push(vendor.shown(&self.read, rec, state, pass.hidden));
                vendor.tables[at].records[*nth].read_us = pass.as_of_us;
                vendor.tables[at].records[*nth].tell(pass.as_of_us, pass.hidden, now_us);
            }
            self.after = if self.since.is_some() { state.change } else { *nth as u64 + 1 };
        }
        let place = if self.done || self.since.is_none() { safe } else { self.after.min(safe) };
        page.cursor = match (self.kind, self.since) {
            (Kind::Changes | Kind::Gone, Some(since)) => Some(Cursor(place.max(since).to_string())),
            (Kind::Changes, None) if self.done => Some(Cursor(place.to_string())),
            _ => None,
        };
        if !world.trace.is_kept() {
            return Ok(Some(page));
        }
        let cursor = page.cursor.as_ref().map_or("-", |cursor| &cursor.0).to_owned();
        let keys: Vec<String> = page.records.iter().map(|r| r.key.to_string()).chain(page.gone.iter().map(|g| g.key.to_string())).collect();
        world.note(format_args!("{} {} {:?} since {:?}: {} cursor {cursor}", self.port.name, self.read.object, self.kind, self.since, keys.join(" ")));
        Ok(Some(page))
    }
}
