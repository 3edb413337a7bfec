//! Lists: newest creation first, after or before an item's key, filtered by times in epoch milliseconds.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::super::call::{Call, Reply};
use super::super::look_alike::Refusal;
use super::super::store::{Record, Shelf};
use super::{PartnerStack, listed, shown};

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 250;
/// Up to this many changes are looked up by their time; more are walked through in creation order, which costs one pass over all pages together.
const CHANGES_FEW: usize = 2_000;

struct Wanted {
    limit: usize,
    created: (i64, i64),
    updated: (i64, i64),
    archived: bool,
    group: Option<String>,
}

impl Wanted {
    fn fits(&self, record: &Record) -> bool {
        let (created, updated) = (record.created.as_millisecond(), record.modified.as_millisecond());
        (self.created.0..=self.created.1).contains(&created)
            && (self.updated.0..=self.updated.1).contains(&updated)
            && (self.archived || record.deleted.is_none())
            && self.group.as_ref().is_none_or(|group| record.field("group").get("name").and_then(Value::as_str).is_some_and(|name| stripped(name) == *group))
    }
}

/// Filters take a group's name without blanks and signs, never its key.
fn stripped(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase()
}

pub(super) fn list(prm: &PartnerStack, object: &'static str, call: &Call) -> Result<Reply, Refusal> {
    let wanted = wanted(object, call)?;
    let (after, before) = (call.parameter("starting_after"), call.parameter("ending_before"));
    if after.is_some() && before.is_some() {
        return Err(Refusal::new(400, "starting_after and ending_before exclude each other."));
    }
    if prm.base.listing_is_empty() {
        return Ok(listed(Vec::new(), false));
    }
    let at = prm.base.read_at();
    let (items, has_more) = prm.base.read(|store| {
        let shelf = store.shelf(object);
        let place = |key: &str| shelf.position(key).ok_or_else(|| Refusal::new(400, format!("No item has the key {key}.")));
        if let Some(key) = before {
            let from = place(key)? + 1;
            let mut newer: Vec<_> = shelf.oldest_first(from, at).filter(|record| wanted.fits(record)).take(wanted.limit + 1).cloned().collect();
            let more = newer.len() > wanted.limit;
            newer.truncate(wanted.limit);
            newer.reverse();
            return Ok((newer, more));
        }
        let end = after.map(place).transpose()?.unwrap_or(usize::MAX);
        let mut found = page(shelf, &wanted, end, at);
        let more = found.len() > wanted.limit;
        found.truncate(wanted.limit);
        Ok((found, more))
    })?;
    let endless = prm.base.pages_never_end();
    if endless && items.is_empty() {
        // A page that claims more must hold something to go on from: the list starts again.
        let again = prm.base.read(|store| page(store.shelf(object), &wanted, usize::MAX, at));
        return Ok(listed(again.iter().take(wanted.limit).map(|record| Value::Object(shown(record))).collect(), true));
    }
    Ok(listed(items.iter().map(|record| Value::Object(shown(record))).collect(), has_more || endless))
}

fn page(shelf: &Shelf, wanted: &Wanted, end: usize, at: Option<Timestamp>) -> Vec<Arc<Record>> {
    let since = Timestamp::from_millisecond(wanted.updated.0).ok().filter(|_| at.is_none() && wanted.updated.0 > 0);
    if let Some(few) = since.and_then(|since| shelf.modified_few(since, CHANGES_FEW)) {
        let newest = few.into_iter().rev().filter(|position| *position < end).filter_map(|position| shelf.at(position));
        return newest.filter(|record| wanted.fits(record)).take(wanted.limit + 1).cloned().collect();
    }
    shelf.newest_first(end, at).filter(|record| wanted.fits(record)).take(wanted.limit + 1).cloned().collect()
}

fn wanted(object: &str, call: &Call) -> Result<Wanted, Refusal> {
    let number = |name: &str, default: i64| match call.parameter(name) {
        None => Ok(default),
        Some(text) => text.parse::<i64>().map_err(|_| Refusal::new(400, format!("{name} must be a whole number."))),
    };
    let limit = number("limit", LIMIT_DEFAULT as i64)?;
    let limit = usize::try_from(limit).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    // Transactions and rewards are filtered by creation only.
    let updated =
        if matches!(object, "transactions" | "rewards") { (i64::MIN, i64::MAX) } else { (number("min_updated", i64::MIN)?, number("max_updated", i64::MAX)?) };
    Ok(Wanted {
        limit: limit.ok_or_else(|| Refusal::new(400, format!("limit must be between 1 and {LIMIT_MAX}.")))?,
        created: (number("min_created", i64::MIN)?, number("max_created", i64::MAX)?),
        updated,
        archived: object == "partnerships" && call.parameter("include_archived") == Some("true"),
        group: call.parameter("group").map(stripped).filter(|_| object == "partnerships"),
    })
}
