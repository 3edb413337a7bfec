//! Runs a statement: finds candidates by the best index, judges, sorts, and shows the first page.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::bind::{Bound, Column, Hop, Shape, Test, bind};
use super::locator::Locator;
use super::org::Org;
use super::problem::Problem;
use super::schema::{Field, Kind, Object};
use super::soql::{self, Comparison};
use super::view::{Cell, View};
use crate::sandbox::call::Call;
use crate::sandbox::store::{Record, Shelf};

/// Rows on a page when nobody asks, and at most.
const BATCH_MAX: usize = 2_000;
const BATCH_MIN: usize = 200;
const OFFSET_MAX: usize = 2_000;

/// What a row shows: fields and, nested, those of parents.
pub enum Item {
    Field(&'static Field),
    Parent { hop: Hop, items: Vec<Item> },
}

/// `GET /query?q=` and `/queryAll?q=`.
pub fn run(org: &Org, view: View<'_>, call: &Call, all: bool) -> Result<Value, Problem> {
    let statement = call.parameter("q").ok_or_else(|| Problem::new(400, "MALFORMED_QUERY", "A query string has to be specified"))?;
    let parsed = soql::parse(statement).map_err(|malformed| Problem::new(400, "MALFORMED_QUERY", malformed.0))?;
    let bound = bind(parsed)?;
    if bound.offset > OFFSET_MAX {
        return Err(Problem::new(400, "NUMBER_OUTSIDE_VALID_RANGE", format!("Maximum SOQL offset allowed is {OFFSET_MAX}")));
    }
    if org.base.listing_is_empty() {
        return Ok(json!({"totalSize": 0, "done": true, "records": []}));
    }
    let rows = found(&bound, view, all);
    match bound.shape {
        Shape::Count => Ok(json!({"totalSize": rows.len(), "done": true, "records": []})),
        Shape::CountRow(alias) => Ok(json!({"totalSize": 1, "done": true, "records": [{"attributes": {"type": "AggregateResult"}, alias: rows.len()}]})),
        Shape::Rows(columns) => {
            let keys = rows.iter().map(|record| record.key.clone()).collect();
            let locator = Locator { object: bound.object, items: tree(&columns), keys, all, at: view.at, made: org.base.now() };
            if locator.keys.len() <= batch(call) && !org.base.pages_never_end() {
                return Ok(page(view, &locator, 0, locator.keys.len(), None));
            }
            let (name, locator) = org.locators.lock().expect("no holder of this lock can panic").keep(locator);
            Ok(fetched(org, view, &name, &locator, 0, batch(call)))
        }
    }
}

/// `GET /query/{locator}-{offset}`.
pub fn more(org: &Org, view: View<'_>, call: &Call, place: &str) -> Result<Value, Problem> {
    let invalid = || Problem::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    let (name, offset) = place.split_once('-').ok_or_else(invalid)?;
    let offset: usize = offset.parse().map_err(|_| invalid())?;
    let locator = org.locators.lock().expect("no holder of this lock can panic").find(name, org.base.now()).ok_or_else(invalid)?;
    if offset > locator.keys.len() {
        return Err(invalid());
    }
    Ok(fetched(org, View { at: locator.at, ..view }, name, &locator, offset, batch(call)))
}

fn fetched(org: &Org, view: View<'_>, name: &str, locator: &Locator, from: usize, batch: usize) -> Value {
    let to = (from + batch).min(locator.keys.len());
    let next = if to < locator.keys.len() {
        Some(to)
    } else {
        // Goes round for ever: the next page is this one.
        org.base.pages_never_end().then_some(from)
    };
    page(view, locator, from, to, next.map(|next| format!("{name}-{next}")))
}

fn page(view: View<'_>, locator: &Locator, from: usize, to: usize, next: Option<String>) -> Value {
    let shelf = view.store.shelf(locator.object.name);
    let live = locator.keys[from..to].iter().filter_map(|key| shelf.get(key, view.at)).filter(|record| locator.all || record.deleted.is_none());
    let records: Vec<Value> = live.map(|record| shown(view, locator.object, &record, &locator.items)).collect();
    let mut answer = json!({"totalSize": locator.keys.len(), "done": next.is_none()});
    if let Some(next) = next {
        answer["nextRecordsUrl"] = json!(format!("/services/data/{}/query/{next}", view.api_version));
    }
    answer["records"] = Value::Array(records);
    answer
}

/// The page size asked for is a hint that the vendor keeps within bounds.
fn batch(call: &Call) -> usize {
    let asked = call.header("sforce-query-options").and_then(|options| options.split(',').find_map(|option| option.trim().strip_prefix("batchSize=")));
    asked.and_then(|size| size.trim().parse::<usize>().ok()).map_or(BATCH_MAX, |size| size.clamp(BATCH_MIN, BATCH_MAX))
}

fn tree(columns: &[Column]) -> Vec<Item> {
    let mut items = Vec::new();
    for column in columns {
        enter(&mut items, &column.hops, column.field);
    }
    items
}

fn enter(items: &mut Vec<Item>, hops: &[Hop], field: &'static Field) {
    let Some((hop, rest)) = hops.split_first() else {
        items.push(Item::Field(field));
        return;
    };
    let place = items.iter().position(|item| matches!(item, Item::Parent { hop: known, .. } if known.name == hop.name));
    let place = place.unwrap_or_else(|| {
        items.push(Item::Parent { hop: *hop, items: Vec::new() });
        items.len() - 1
    });
    if let Item::Parent { items, .. } = &mut items[place] {
        enter(items, rest, field);
    }
}

fn shown(view: View<'_>, object: &Object, record: &Record, items: &[Item]) -> Value {
    let mut row = Map::new();
    row.insert("attributes".to_owned(), view.attributes(object, &record.key));
    for item in items {
        match item {
            Item::Field(field) => row.insert(field.name.to_owned(), view.value(record, field)),
            Item::Parent { hop, items } => {
                let parent = hop.follow(view, record);
                row.insert(hop.name.to_owned(), parent.map_or(Value::Null, |parent| shown(view, hop.to, &parent, items)))
            }
        };
    }
    Value::Object(row)
}

/// The rows of a statement, in its order; `all` lets deleted ones in.
pub fn found(bound: &Bound, view: View<'_>, all: bool) -> Vec<Arc<Record>> {
    let shelf = view.store.shelf(bound.object.name);
    let fits = |record: &Arc<Record>| (all || record.deleted.is_none()) && bound.filter.as_ref().is_none_or(|test| test.holds(view, record));
    let mut rows: Vec<Arc<Record>> = match bound.filter.as_ref().and_then(|test| candidates(test, shelf, view, all)) {
        Some(few) => few.into_iter().filter(fits).collect(),
        None => shelf.oldest_first(first_position(bound.filter.as_ref(), shelf), view.at).filter(|record| fits(record)).cloned().collect(),
    };
    if !bound.order.is_empty() {
        rows.sort_by(|a, b| {
            bound.order.iter().map(|(column, order)| ordered(view, column, order, a, b)).find(|found| found.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
    }
    rows.into_iter().skip(bound.offset).take(bound.limit.unwrap_or(usize::MAX)).collect()
}

fn ordered(view: View<'_>, column: &Column, order: &soql::Order, a: &Record, b: &Record) -> std::cmp::Ordering {
    column.with(view, a, |a| {
        column.with(view, b, |b| match (a == Cell::Null, b == Cell::Null) {
            (true, true) => std::cmp::Ordering::Equal,
            // NULLS FIRST and LAST do not turn with DESC.
            (one, other) if one || other => {
                if one != order.nulls_last {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Greater
                }
            }
            _ => {
                let found = a.order(&b, column.exact()).unwrap_or(std::cmp::Ordering::Equal);
                if order.descending { found.reverse() } else { found }
            }
        })
    })
}

/// Records an index can name for this condition, in a superset of the answer; `None` when all must be looked at.
fn candidates(test: &Test, shelf: &Shelf, view: View<'_>, all: bool) -> Option<Vec<Arc<Record>>> {
    if let (Some(from), to) = bounds(test) {
        let from = Timestamp::from_millisecond(from).ok()?;
        let to = to.map_or(Some(Timestamp::MAX), |to| Timestamp::from_millisecond(to).ok())?;
        return Some(shelf.modified_between(from, to, view.at));
    }
    let parts = if let Test::All(parts) = test { parts.as_slice() } else { std::slice::from_ref(test) };
    parts.iter().find_map(|part| match part {
        Test::Compare { column, comparison: Comparison::Equal, with: Cell::Text(text) } if column.hops.is_empty() => {
            named(column, std::iter::once(text.as_ref()), shelf, view, all)
        }
        Test::OneOf { column, negated: false, texts, others } if column.hops.is_empty() && others.is_empty() => {
            named(column, texts.iter().map(String::as_str), shelf, view, all)
        }
        _ => None,
    })
}

fn named<'t>(column: &Column, texts: impl Iterator<Item = &'t str>, shelf: &Shelf, view: View<'_>, all: bool) -> Option<Vec<Arc<Record>>> {
    if column.field.kind == Kind::Id {
        let keys = texts.filter_map(|text| super::id::canonical(text.get(..15)?));
        let mut found: Vec<_> = keys.filter_map(|key| shelf.get(&key, view.at)).collect();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        return Some(found);
    }
    // The index knows the present and the living only.
    if all || view.at.is_some() {
        return None;
    }
    let mut found: Vec<Arc<Record>> = Vec::new();
    for text in texts {
        found.extend(shelf.find(column.field.name, text)?);
    }
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found.dedup_by(|a, b| a.key == b.key);
    Some(found)
}

/// The span of `SystemModstamp` outside of which the condition cannot hold: from (inclusive) and to (exclusive), in milliseconds.
fn bounds(test: &Test) -> (Option<i64>, Option<i64>) {
    match test {
        Test::All(parts) => parts.iter().map(bounds).fold((None, None), |(from, to), (low, high)| (from.max(low), [to, high].into_iter().flatten().min())),
        Test::Any(parts) => {
            let all: Vec<_> = parts.iter().map(bounds).collect();
            let from = all.iter().map(|(from, _)| *from).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().min());
            let to = all.iter().map(|(_, to)| *to).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
            (from, to)
        }
        Test::Compare { column, comparison, with: Cell::Instant(at) }
            if column.hops.is_empty() && matches!(column.field.name, "SystemModstamp" | "LastModifiedDate") =>
        {
            // Stamps are shown in whole seconds, records carry more: widen to the second on both sides.
            let (low, high) = (at.div_euclid(1_000) * 1_000, (at.div_euclid(1_000) + 1) * 1_000);
            match comparison {
                Comparison::Equal => (Some(low), Some(high)),
                Comparison::Greater | Comparison::GreaterOrEqual => (Some(low), None),
                Comparison::Less | Comparison::LessOrEqual => (None, Some(high)),
                Comparison::NotEqual | Comparison::Like => (None, None),
            }
        }
        Test::Compare { .. } | Test::OneOf { .. } | Test::Not(_) => (None, None),
    }
}

/// `Id > x` starts after x: records stand in the order of their ids.
fn first_position(test: Option<&Test>, shelf: &Shelf) -> usize {
    let parts = match test {
        Some(Test::All(parts)) => parts.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => return 0,
    };
    let after = parts.iter().find_map(|part| match part {
        Test::Compare { column, comparison: Comparison::Greater, with: Cell::Text(text) } if column.field.kind == Kind::Id && column.hops.is_empty() => {
            shelf.position(text)
        }
        _ => None,
    });
    after.map_or(0, |position| position + 1)
}
