//! What is kept for a time only: a few rows in each call, oldest first, so that nobody waits for it.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::fault::Fault;
use super::load;
use super::tally::{Tally, link_id};
use super::writer::Write;
use super::{column, entity};
use crate::id::EntityId;
use crate::store::stored::{Terms, link as stored};
use crate::store::{Old, Values};
use crate::sync::entity::{Agreed, Entity, Link, LinkState, Shadow};

/// Rows that one call looks at.
const ROWS: usize = 500;

/// Each with its id, whether it is over, and since when (none: nobody knows yet). Rows lie in the order of their making. What has no time of its own is
/// as old as its run, or as the next one that is still there.
fn rows(what: Old) -> (&'static str, &'static str) {
    match what {
        Old::Entries => (
            "entry",
            "SELECT id, state >= 5, coalesce(settled_at, first_sent_at, (SELECT started_at FROM run WHERE run.id >= entry.run ORDER BY run.id LIMIT 1)),
             mapping FROM entry",
        ),
        Old::Conflicts => {
            ("conflict", "SELECT id, 1, (SELECT started_at FROM run WHERE run.id >= conflict.run ORDER BY run.id LIMIT 1), mapping FROM conflict")
        }
        Old::DeadLetters => ("dead_letter", "SELECT id, closed, at, mapping FROM dead_letter"),
        Old::Reviews => ("review", "SELECT id, closed, coalesce(answered_at, opened_at), mapping FROM review"),
        // The last run of a mapping tells how it stands, however old it is.
        Old::Runs => {
            ("run", "SELECT id, id <> (SELECT max(id) FROM run AS own WHERE own.mapping = run.mapping), coalesce(ended_at, started_at), mapping FROM run")
        }
    }
}

/// Drops what was over before `before`, past `after`. Where the next call goes on; `None` when the rest is younger.
pub fn forget(write: &Write, what: Old, before: Timestamp, after: i64) -> Result<Option<i64>, Fault> {
    let (table, select) = rows(what);
    let before = column::millis(before);
    let mut statement = write.conn.prepare_cached(&format!("{select} WHERE id > ?1 ORDER BY id LIMIT {ROWS}"))?;
    let found =
        statement.query_map([after], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, row.get::<_, Option<i64>>(2)?, row.get::<_, i64>(3)?)))?;
    let found: Vec<(i64, bool, Option<i64>, i64)> = found.collect::<rusqlite::Result<_>>()?;
    for (id, over, at, mapping) in &found {
        if *over && at.is_some_and(|at| at < before) {
            write.execute(&format!("DELETE FROM {table} WHERE id = ?1"), [id])?;
            if what == Old::Conflicts {
                write.execute("UPDATE mapping SET conflicts = conflicts - 1 WHERE id = ?1", [mapping])?;
            }
        }
    }
    let goes_on = |last: &&(i64, bool, Option<i64>, i64)| found.len() == ROWS && last.2.is_some_and(|at| at < before);
    Ok(found.last().filter(goes_on).map(|(id, ..)| *id))
}

/// A tombstone to be forgotten, or to go on behind.
pub struct Gone {
    pub due: Vec<EntityId>,
    pub next: Option<i64>,
}

/// Entities with tombstones older than `before` by which a record could still be found again.
pub fn gone(conn: &Connection, terms: &Terms, before: Timestamp, after: i64) -> Result<Gone, Fault> {
    let sql = format!(
        "SELECT link.id, link.state, link.more FROM link JOIN entity ON entity.id = link.id >> 16
         WHERE link.state & 3 >= 2 AND link.id > ?1 AND entity.mapping = ?2
           AND EXISTS (SELECT 1 FROM linked WHERE system = link.id & 65535 AND linked.identity = link.identity AND linked.entity = link.id >> 16)
         ORDER BY link.id LIMIT {ROWS}"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params![after, terms.mapping.0])?;
    let (mut due, mut last, mut count) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let more: Vec<u8> = row.get(2)?;
        let at = gone_at(&stored::read(row.get(1)?, &more, terms)?.state);
        if at.is_some_and(|at| at < before) && due.last() != Some(&EntityId(id >> 16)) {
            due.push(EntityId(id >> 16));
        }
        (last, count) = (Some(id), count + 1);
    }
    Ok(Gone { due, next: last.filter(|_| count == ROWS) })
}

fn gone_at(state: &LinkState) -> Option<Timestamp> {
    match state {
        LinkState::GoneByUser { at } | LinkState::GoneByUs { at, .. } => Some(*at),
        LinkState::Live | LinkState::Owed(_) => None,
    }
}

/// What stays of these tombstones is that they were: ids, no values, and a record that comes back is a new one. Of an entity of which nothing else is
/// left, the agreed values go as well, unless others refer to it.
pub fn forget_gone(write: &Write, terms: &Terms, entities: &[EntityId], before: Timestamp, values: Values) -> Result<(), Fault> {
    let mut tally = Tally::begin(write, terms)?;
    for loaded in load::load(write.conn, terms, entities)? {
        let old = loaded.entity;
        let over = |link: &Link| gone_at(&link.state).is_some_and(|at| at < before) && (old.closed || may_be_forgotten(link));
        // Something is on its way, or waits for a person.
        if !loaded.entries.is_empty() || !loaded.reviews.is_empty() {
            continue;
        }
        let mut new = old.clone();
        for link in new.links.iter_mut().flatten().filter(|link| over(link)) {
            link.shadows.iter_mut().filter(|shadow| **shadow != Shadow::NoCell).for_each(|shadow| *shadow = Shadow::Unknown);
        }
        let whole = values == Values::Drop && old.closed && old.links.iter().flatten().all(over);
        if whole {
            new.hub.fill(Agreed::Unset);
            write.execute("DELETE FROM decided WHERE entity = ?1", [old.id.0])?;
        }
        entity::write(write, terms, &mut tally, Some(&old), &new, whole.then_some(&[]))?;
        unlink(write, terms, &old, over)?;
    }
    tally.end(write, terms)
}

/// A record that we removed may be wanted again, and one whose delete was forgiven is to be made anew: both are looked at by their links.
fn may_be_forgotten(link: &Link) -> bool {
    matches!(link.state, LinkState::GoneByUser { .. }) && !link.kept
}

fn unlink(write: &Write, terms: &Terms, of: &Entity, over: impl Fn(&Link) -> bool) -> Result<(), Fault> {
    for (at, link) in of.links.iter().enumerate() {
        let Some(link) = link.as_ref().filter(|link| over(link)) else { continue };
        let system = (link_id(of.id, terms.systems[at]) & 0xffff) as u16;
        for name in link.predecessors.iter().chain([&link.identity]) {
            let sql = "DELETE FROM linked WHERE system = ?1 AND identity = ?2 AND entity = ?3";
            write.execute(sql, params![system, name.as_str(), of.id.0])?;
        }
    }
    Ok(())
}
